"""What a served generator answers and refuses, asked through the C++ loader of TF Serving."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.exporting import saved_model
from dcgan_tf.exporting.description import Description
from tests.cpp_session import INVALID_ARGUMENT, CppSession, SessionError


@pytest.fixture(scope="module")
def generator(make_generator):
    return make_generator()


@pytest.fixture(scope="module")
def folder(generator, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "1"
    saved_model.write(generator, Description.of(generator, "digits"), path)
    return path


@pytest.fixture(scope="module")
def session(folder):
    with CppSession(folder) as session:
        yield session


def seeds(*values):
    return np.array(values, np.int64)


def close(found, expected):
    return np.abs(found.astype(int) - expected.astype(int)).max() <= 1


def test_the_served_image_of_a_seed_is_the_generators(session, generator):
    images = session.run("generate", {"seed": seeds(17, 3, 63)})["images"]
    assert images.dtype == np.uint8 and close(images, generator.images([17, 3, 63]))
    pictures = session.run("generate_png", {"seed": seeds(17, 3, 63)})["png_bytes"]
    assert np.array_equal([tf.io.decode_png(each).numpy() for each in pictures], images)


def test_latents_give_floats(session, generator):
    z = generator.latents(tf.range(5, dtype=tf.int64)).numpy()
    images = session.run("serving_default", {"z": z})["images"]
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, generator.model(z, training=False).numpy(), atol=1e-5)


def test_scalars_and_rows_of_one_both_ask_for_a_walk(session, generator):
    rows = session.run("interpolate", {"start": seeds(3), "end": seeds(4), "steps": np.array([5], np.int32)})
    scalars = session.run("interpolate", {"start": np.int64(3), "end": np.int64(4), "steps": np.int32(5)})
    assert rows["png_bytes"].tolist() == scalars["png_bytes"].tolist() and len(rows["png_bytes"]) == 5
    ends = np.stack([tf.io.decode_png(rows["png_bytes"][place]).numpy() for place in (0, -1)])
    assert close(ends, generator.images([3, 4]))


BAD_SEEDS = [([], "from 1 to 256"), ([0] * 257, "from 1 to 256"), ([-1], "a seed is from 0 to 2.62")]


@pytest.mark.parametrize("signature", ["generate", "generate_png"])
@pytest.mark.parametrize(("values", "text"), BAD_SEEDS)
def test_bad_seeds_are_refused_by_the_graph_in_words(session, signature, values, text):
    refused(session, signature, text, seed=seeds(*values))


BAD_LATENTS = [(0, 0.0, "from 1 to 256"), (257, 0.0, "from 1 to 256"), (2, np.nan, "finite"), (2, np.inf, "finite")]


@pytest.mark.parametrize(("count", "value", "text"), BAD_LATENTS)
def test_bad_latents_are_refused_by_the_graph_in_words(session, generator, count, value, text):
    refused(session, "serving_default", text, z=np.full((count, generator.config.latent_dim), value, np.float32))


def test_latents_of_the_wrong_length_are_refused(session):
    refused(session, "serving_default", None, z=np.zeros((1, 3), np.float32))


BAD_WALKS = [
    ([0], [1], [10**9], "from 2 to 256"),
    ([0], [1], [1], "from 2 to 256"),
    ([0, 1], [1], [3], "give one number"),
    ([-5], [1], [3], "start: a seed is from 0"),
]


@pytest.mark.parametrize(("start", "end", "steps", "text"), BAD_WALKS)
def test_bad_walks_are_refused_by_the_graph_in_words(session, start, end, steps, text):
    refused(session, "interpolate", text, start=seeds(*start), end=seeds(*end), steps=np.array(steps, np.int32))


def refused(session, signature, text, **inputs):
    with pytest.raises(SessionError, match=text) as caught:
        session.run(signature, inputs)
    assert caught.value.code == INVALID_ARGUMENT
    assert session.run("generate", {"seed": seeds(1)})["images"].shape[0] == 1  # it lives


def test_every_warm_up_request_is_one_that_the_model_answers(session, folder):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    asked = []
    records = tf.data.TFRecordDataset(str(folder / "assets.extra" / "tf_serving_warmup_requests"))
    for record in records.as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        (output,) = session.run(request.model_spec.signature_name, inputs).values()
        asked.append((request.model_spec.name, request.model_spec.signature_name, len(output)))
    assert asked == [("digits", signature, count) for signature in ("generate_png", "generate") for count in (1, 64)]


def test_labels_of_a_conditional_generator(make_generator, tmp_path):
    generator = make_generator(("cats", "dogs", "owls"), conditional=True, classes=3)
    saved_model.write(generator, Description.of(generator, "pets"), tmp_path / "1")
    seed = seeds(3, 4)
    with CppSession(tmp_path / "1") as session:
        for label, asked in ((-1, None), (1, "dogs")):
            images = session.run("generate", {"seed": seed, "label": np.array([label] * 2, np.int32)})["images"]
            assert close(images, generator.images([3, 4], asked))
        for label, text in (([3, 0], "a class is from -1 to 2"), ([-2, 0], "a class is from -1"), ([0], "for each")):
            with pytest.raises(SessionError, match=text):
                session.run("generate", {"seed": seed, "label": np.array(label, np.int32)})
        with pytest.raises(SessionError, match="from 0 to 2"):
            z = np.zeros((1, generator.config.latent_dim), np.float32)
            session.run("serving_default", {"z": z, "label": np.array([-1], np.int32)})
