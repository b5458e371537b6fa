"""An exported generator on a server: what it gives to any client, and what its graph refuses.

By default the server is a stand-in. Against TF Serving, which serves the export of a conditional run:

  export DCGAN_TF_SERVED_URL=http://localhost:8501 DCGAN_TF_SERVED_MODEL=mnist
  DCGAN_TF_SERVED_RUN=runs/00000-mnist_28_by_class python -m pytest -n 0 tests/serving/test_exported.py
"""

import base64
import dataclasses
import json
import os

import numpy as np
import pytest
import requests
import tensorflow as tf

from dcgan_tf import presets, runs
from dcgan_tf.exporting.served_signatures import ServedGenerator
from dcgan_tf.models import Generator
from dcgan_tf.models.trained import load_generator
from dcgan_tf.serving import Client
from dcgan_tf.serving.client import decoded
from tests.serving.stand_in import SavedModel, StandIn

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def generator():
    if run := os.environ.get("DCGAN_TF_SERVED_RUN"):
        return load_generator(runs.RunDirectory(run))
    generator = Generator(dataclasses.replace(presets.PRESETS["tiny"].model, conditional=True, classes=3))
    generator.model.set_weights([5 * value for value in generator.model.get_weights()])  # images with contrast
    return generator


@pytest.fixture(scope="module")
def served(generator, tmp_path_factory):
    """URL and name of the served model."""
    if url := os.environ.get("DCGAN_TF_SERVED_URL"):
        yield url, os.environ["DCGAN_TF_SERVED_MODEL"]
        return
    folder = tmp_path_factory.mktemp("export")
    module = ServedGenerator(generator)
    tf.saved_model.save(module, str(folder), signatures=module.signatures())
    with StandIn(SavedModel(folder), "pets") as server:
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


def test_a_walk_takes_numbers_and_lists_of_one(predict):
    numbers = {"start": 3, "end": 14, "steps": 4, "label": 1}
    _, first = predict(signature_name="interpolate", inputs=numbers)
    _, second = predict(signature_name="interpolate", inputs={name: [value] for name, value in numbers.items()})
    assert first == second and len(first["outputs"]) == 4


@pytest.mark.parametrize(
    ("signature", "inputs", "part"),
    [
        ("generate_png", {"seed": [], "label": []}, "1 to 256"),
        ("generate_png", {"seed": [0] * 257, "label": [0] * 257}, "1 to 256"),
        ("generate", {"seed": [0] * 257, "label": [0] * 257}, "1 to 256"),
        ("generate_png", {"seed": [-1], "label": [0]}, "0 to 2^62"),
        ("generate_png", {"seed": [2**62 + 1], "label": [0]}, "0 to 2^62"),
        ("generate_png", {"seed": [1], "label": [1000]}, "a class is from -1 to"),
        ("interpolate", {"start": 1, "end": 2, "steps": 10**9, "label": 0}, "2 to 256"),
        ("interpolate", {"start": 1, "end": 2, "steps": 0, "label": 0}, "2 to 256"),
        ("interpolate", {"start": [1, 2], "end": 2, "steps": 4, "label": 0}, ""),
        ("serving_default", {"z": [[1.0]], "label": [0]}, ""),
    ],
)
def test_the_graph_refuses_what_it_cannot_do(predict, signature, inputs, part):
    code, answer = predict(signature_name=signature, inputs=inputs)
    assert code == 400 and part in answer["error"]
    assert predict(signature_name="generate_png", inputs={"seed": [1], "label": [0]})[0] == 200


def test_latents_must_be_finite(predict, generator):
    z = [[float("inf")] + [0.5] * (generator.config.latent_dim - 1)]
    code, answer = predict(signature_name="serving_default", inputs={"z": z, "label": [0]})
    assert code == 400 and "finite" in answer["error"]
