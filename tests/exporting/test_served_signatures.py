"""The limits of a served generator, and what stands beside its graph.

What it answers is compared by every export (`verify.py`), and through a server in tests/serving/test_exported.py, which
also asks all that a graph refuses.
"""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.exporting import saved_model, served_signatures
from dcgan_tf.exporting.description import Description, largest_request
from dcgan_tf.exporting.served_signatures import ServedGenerator, block_size
from dcgan_tf.serving import client
from tests.serving.request_json import RequestError
from tests.serving.stand_in import SavedModel


@pytest.fixture(scope="module")
def generator(make_generator):
    return make_generator(("cats", "dogs", "owls"), conditional=True, classes=3)


@pytest.fixture(scope="module")
def folder(generator, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "1"
    saved_model.write(generator, Description.of(generator, "pets"), path)
    return path


@pytest.mark.parametrize(
    ("image_shape", "floats", "integers", "pngs"),
    [
        ((28, 28, 1), 1024, 1024, 1024),
        ((128, 128, 3), 455, 1024, 1024),
        ((256, 256, 3), 113, 341, 1024),
        ((1024, 1024, 4), 5, 16, 64),
        ((2**14, 2**14, 3), 1, 1, 64),
    ],
)
def test_the_largest_request_is_bounded_by_the_size_of_its_answer(image_shape, floats, integers, pngs):
    for signature, most in {"serving_default": floats, "generate": integers, "generate_png": pngs}.items():
        assert largest_request(signature, image_shape) == most
    assert largest_request("interpolate", image_shape) == pngs >= client._BLOCK


@pytest.mark.parametrize(("maps", "expected"), [(1, 64), (2**4, 64), (2**6, 16), (2**11, 1)])
def test_a_block_is_bounded_by_the_largest_feature_maps(maps, expected):
    inputs = keras.Input((8,))
    x = keras.layers.Reshape((128, 128, maps))(keras.layers.RepeatVector(128 * 128 * maps // 8)(inputs))
    assert block_size(keras.Model(inputs, keras.layers.GlobalMaxPooling2D()(x))) == expected


@pytest.mark.full
def test_images_do_not_depend_on_the_blocks_they_are_made_in(make_generator, monkeypatch, tmp_path):
    """Also a last block that is not full, of one row, and rows that are refused in between."""
    generator = make_generator(channels=3)
    answers = []
    for block in (3, 64):
        monkeypatch.setattr(served_signatures, "block_size", lambda model, block=block: block)
        module, path = ServedGenerator(generator), tmp_path / str(block)
        tf.saved_model.save(module, str(path), signatures=module.signatures())
        model = SavedModel(path)
        seed, z = np.array([5, 6, -1, 7, 8, 9, 2**63 - 1]), np.linspace(-2, 2, 7 * 8, dtype=np.float32).reshape(7, 8)
        pngs = model.run("generate_png", {"seed": seed})
        assert [not png for png in pngs] == [False, False, True, False, False, False, True]
        walk = model.run("interpolate", {"start": seed % 5, "end": seed % 3, "fraction": np.full(7, 0.3, np.float32)})
        pixels = model.run("generate", {"seed": seed % 100})
        png_pixels = [tf.io.decode_png(png).numpy() for png in [*pngs[:2], *walk]]
        answers.append(np.concatenate([pixels, png_pixels, np.multiply(127.5, model.run("serving_default", {"z": z}))]))
    assert np.ptp(answers, axis=0).max() <= 1 and answers[0].shape == (7 + 2 + 7 + 7, 16, 16, 3)


def test_more_than_the_largest_request_is_refused_and_the_largest_is_not(folder):
    model = SavedModel(folder)
    assert len(model.run("generate_png", {"seed": np.arange(1024), "label": np.full(1024, -1, np.int32)})) == 1024
    with pytest.raises(RequestError, match="from 1 to 1024 images, this one 1025"):
        model.run("generate_png", {"seed": np.arange(1025), "label": np.full(1025, -1, np.int32)})


def test_batching_parameters_keep_merged_requests_within_the_limit(folder):
    text = (folder / "batching_params.pbtxt").read_text()
    values = dict(re.findall(r"^(\w+) \{ value: (\d+) \}$", re.sub("^#.*\n", "", text, flags=re.M), re.M))
    assert values.pop("max_batch_size") == "1024"
    assert values.keys() == {"batch_timeout_micros", "max_enqueued_batches", "num_batch_threads"}


def test_every_warm_up_request_is_one_that_the_model_answers(folder):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    model, answered = SavedModel(folder), []
    records = tf.data.TFRecordDataset(str(folder / "assets.extra" / "tf_serving_warmup_requests"))
    for record in records.as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        signature = request.model_spec.signature_name
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        answered.append((request.model_spec.name, signature, len(model.run(signature, inputs))))
    assert answered == [("pets", signature, count) for signature in ("generate_png", "generate") for count in (1, 64)]
