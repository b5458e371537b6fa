"""An exported generator on a server: what it gives to any client, and what its graph refuses.

By default the server is a stand-in. Against TF Serving, which serves the export of a conditional run:

  export DCGAN_TF_SERVED_URL=http://localhost:8501 DCGAN_TF_SERVED_MODEL=mnist
  DCGAN_TF_SERVED_RUN=runs/00000-mnist_28_by_class python -m pytest -n 0 tests/serving/test_exported.py
"""

import base64
import dataclasses
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
import tensorflow as tf

from dcgan_tf import presets, runs
from dcgan_tf.exporting.served_signatures import ServedGenerator
from dcgan_tf.models import Generator
from dcgan_tf.models.trained import load_generator
from dcgan_tf.serving import Client, RefusedError
from dcgan_tf.serving.client import decoded
from tests.conftest import ROOT
from tests.serving.batching import Batching
from tests.serving.stand_in import SavedModel, StandIn

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def generator():
    if run := os.environ.get("DCGAN_TF_SERVED_RUN"):
        return load_generator(runs.RunDirectory(run))
    settings = {"conditional": True, "classes": 10, "latent_dim": 100}  # as the table of docs/serving.md
    generator = Generator(dataclasses.replace(presets.PRESETS["tiny"].model, **settings))
    generator.model.set_weights([5 * value for value in generator.model.get_weights()])  # images with contrast
    return generator


@pytest.fixture(scope="module")
def model(generator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    module = ServedGenerator(generator)
    tf.saved_model.save(module, str(folder), signatures=module.signatures())
    return SavedModel(folder)


@pytest.fixture(scope="module")
def served(request):
    """URL and name of the served model."""
    if url := os.environ.get("DCGAN_TF_SERVED_URL"):
        yield url, os.environ["DCGAN_TF_SERVED_MODEL"]
        return
    with StandIn(request.getfixturevalue("model"), "pets") as server:
        yield server.url, server.name


@pytest.fixture
def predict(served):
    """`predict(body)` gives the HTTP code and the JSON object."""
    url, model = served
    with requests.Session() as session:
        session.trust_env = False  # no proxy of the environment for this machine

        def post(**body):
            answer = session.post(f"{url}/v1/models/{model}:predict", data=json.dumps(body), timeout=60)
            return answer.status_code, answer.json()

        yield post


def assert_close(images: np.ndarray, expected: np.ndarray) -> None:
    """Within one gray level: kernels sum in another order at another batch size."""
    assert images.shape == expected.shape and np.abs(images.astype(int) - expected.astype(int)).max() <= 1


def images_in(values: list[dict]) -> np.ndarray:
    return decoded([base64.b64decode(value["b64"]) for value in values])


def test_the_client_gets_the_images_of_the_run(served, generator):
    with Client(*served) as client:
        assert client.conditional
        assert_close(client.images(range(5)), generator.images(range(5)))
        assert_close(client.images(range(5), label=2), generator.images(range(5), label=2))
        assert_close(client.walk(3, 4, 5, label=1)[[0, -1]], generator.images(range(3, 5), label=1))
        assert_close(client.walk(4, 3, 3)[:1], generator.images(range(4, 5)))


def test_rows_and_columns(predict, generator):
    rows = [{"seed": 3, "label": -1}, {"seed": 1, "label": 2}, {"seed": 2**62, "label": 0}]
    columns = {name: [row[name] for row in rows] for name in ("seed", "label")}
    _, by_rows = predict(signature_name="generate_png", instances=rows)
    _, by_columns = predict(signature_name="generate_png", inputs=columns)
    assert by_rows["predictions"] == by_columns["outputs"]
    assert_close(images_in(by_rows["predictions"])[:1], generator.images([3]))
    _, pixels = predict(signature_name="generate", instances=rows)
    assert np.array_equal(pixels["predictions"], images_in(by_rows["predictions"]))


def test_the_default_signature_takes_latents(predict, generator):
    z = np.random.default_rng(0).normal(size=(2, generator.config.latent_dim))
    code, answer = predict(instances=[{"z": row.tolist(), "label": 1} for row in z])
    images = np.array(answer["predictions"])
    assert code == 200 and images.shape == (2, *generator.image_shape) and np.abs(images).max() <= 1


def test_each_row_of_a_walk_has_its_own_ends(predict, generator):
    rows = [
        {"start": 3, "end": 14, "fraction": 0, "label": 1},
        {"start": 3, "end": 4, "fraction": 1.0, "label": 1},
        {"start": 5, "end": 6, "fraction": 0.5, "label": -1},
    ]
    _, answer = predict(signature_name="interpolate", instances=rows)
    images = images_in(answer["predictions"])
    assert_close(images[:2], generator.images([3, 4], label=1))
    with_class = predict(signature_name="interpolate", instances=[{**rows[2], "label": 5}])[1]
    assert_close(images[2:], images_in(with_class["predictions"]))


def wrong_requests():
    """The rows of the tables of docs/serving.md: signature, request, answer."""
    text = (ROOT / "docs/serving.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \| (.*) \|$", text, re.M)
    return [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in rows if row[1].startswith('"in')]


def written_out(request: str) -> str:
    """`[[0.1, ...]]` to a latent, and `[0, ...]` to more rows than any model takes."""
    request = re.sub(r"\[\[(\S+), \.\.\.\]\]", lambda found: f"[[{', '.join([found[1]] * 100)}]]", request)
    return re.sub(r"\[(\S+), \.\.\.\]", lambda found: f"[{', '.join([found[1]] * 1025)}]", request)


@pytest.mark.parametrize(("signature", "request_text", "answer_text"), wrong_requests())
def test_the_documented_answers_to_wrong_requests(predict, signature, request_text, answer_text):
    body = json.loads("{" + written_out(request_text) + "}")
    code, answer = predict(signature_name=signature, **body)
    assert code == 400 and answer_text in answer["error"]
    assert predict(signature_name="generate_png", inputs={"seed": [1], "label": [0]})[0] == 200


def test_every_sentence_of_the_graph_is_documented():
    assert len(wrong_requests()) >= 20


def test_a_bad_row_answers_for_itself(predict, generator):
    inputs = {"seed": [3, -1, 4, 5], "label": [0, 0, 10, 1]}
    code, answer = predict(signature_name="generate_png", inputs=inputs)
    assert code == 200 and [bool(value["b64"]) for value in answer["outputs"]] == [True, False, False, True]
    assert_close(images_in(answer["outputs"][:1]), generator.images([3], label=0))
    walk = {"start": [3, 3, 3], "end": [4, 4, -4], "fraction": [0, 1.5, 1], "label": [1, 1, 1]}
    code, answer = predict(signature_name="interpolate", inputs=walk)
    assert code == 200 and [bool(value["b64"]) for value in answer["outputs"]] == [True, False, False]


# A server that merges requests.


@pytest.fixture
def together(model):
    """`together(asks, largest)` lets clients ask at once; what each got, and the sizes of the batches."""

    def run(asks, largest=1000):
        with StandIn(Batching(model, len(asks), largest), "pets") as server, ThreadPoolExecutor(len(asks)) as threads:
            answers = list(threads.map(lambda ask: ask(server), asks))
        return answers, sorted(server.model.batches)

    return run


def client_asks(seeds, label=None):
    """Asks as users do; an error is what it gives."""

    def ask(server):
        with Client(server.url, server.name) as client:
            try:
                return client.images(seeds, label)
            except RefusedError as error:
                return str(error)

    return ask


@pytest.mark.parametrize(("largest", "batches"), [(1000, [320]), (1024, [320]), (128, [64, 128, 128])])
def test_five_clients_at_once_get_their_images(together, generator, largest, batches):
    """With the server's own parameters, with those beside the model, and with smaller ones."""
    answers, merged = together([client_asks(range(64 * each, 64 * each + 64)) for each in range(5)], largest)
    assert merged == batches
    for each, images in enumerate(answers):
        assert_close(images, generator.images(range(64 * each, 64 * each + 64)))


def test_a_bad_request_among_them_harms_nobody_else(together, generator):
    asks = [client_asks(range(64 * each, 64 * each + 64)) for each in range(4)]
    (*answers, refused), merged = together([*asks, client_asks([7, 8], label=10)])
    assert merged == [4 * 64 + 2] and "refused 2 images, first seed 7, label 10" in refused
    for each, images in enumerate(answers):
        assert_close(images, generator.images(range(64 * each, 64 * each + 64)))


def test_walks_are_merged(together, generator):
    def walk(start):
        return lambda server: Client(server.url, server.name).walk(start, start + 1, 5 + start, label=2)

    answers, merged = together([walk(0), walk(1), walk(2)])
    assert merged == [5 + 6 + 7]
    for start, images in enumerate(answers):
        assert_close(images[[0, -1]], generator.images([start, start + 1], label=2))
