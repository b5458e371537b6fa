"""What a served generator refuses, asked through the loader that restores variables as TF Serving does.

What it answers is compared by every export (`verify.py`), and through a server in tests/serving/test_exported.py.
"""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.exporting import reader, saved_model
from dcgan_tf.exporting.description import Description

DTYPES = {"z": np.float32, "seed": np.int64, "start": np.int64, "end": np.int64, "steps": np.int32, "label": np.int32}


@pytest.fixture(scope="module")
def generator(make_generator):
    return make_generator(("cats", "dogs", "owls"), conditional=True, classes=3)


@pytest.fixture(scope="module")
def folder(generator, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "1"
    saved_model.write(generator, Description.of(generator, "pets"), path)
    return path


@pytest.fixture(scope="module")
def ask(folder):
    """`ask(signature, output, **inputs)`, with lists in place of arrays."""
    ask, _ = reader.open_saved_model_v1(str(folder))
    return lambda signature, output, **inputs: ask(
        signature, output, **{name: np.array(value, DTYPES[name]) for name, value in inputs.items()}
    )


def test_scalars_and_rows_of_one_both_ask_for_a_walk(ask, generator):
    rows = ask("interpolate", "png_bytes", start=[3], end=[4], steps=[5], label=[1])
    scalars = ask("interpolate", "png_bytes", start=3, end=4, steps=5, label=1)
    assert rows.tolist() == scalars.tolist() and len(rows) == 5
    ends = np.stack([tf.io.decode_png(rows[place]).numpy() for place in (0, -1)])
    assert np.abs(ends.astype(int) - generator.images([3, 4], "dogs").astype(int)).max() <= 1


BAD_LISTS = [
    ([], [], "seed: a request holds from 1 to 256"),
    ([0] * 257, [0] * 257, "seed: a request holds from 1 to 256"),
    ([-1], [0], "a seed is from 0 to 2.62"),
    ([2**62 + 1], [0], "a seed is from 0 to 2.62"),
    ([1, 2], [3, 0], "a class is from -1 to 2"),
    ([1, 2], [-2, 0], "a class is from -1 to 2"),
    ([1, 2], [0], "label: give one for each"),
]


@pytest.mark.parametrize(("signature", "output"), [("generate", "images"), ("generate_png", "png_bytes")])
@pytest.mark.parametrize(("seed", "label", "text"), BAD_LISTS)
def test_bad_seeds_and_labels_are_refused_in_words(ask, signature, output, seed, label, text):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        ask(signature, output, seed=seed, label=label)


BAD_LATENTS = [
    (0, 0.0, 0, "z: a request holds from 1 to 256"),
    (257, 0.0, 0, "z: a request holds from 1 to 256"),
    (2, np.nan, 0, "finite"),
    (2, np.inf, 0, "finite"),
    (1, 0.0, -1, "a class is from 0 to 2"),
]


@pytest.mark.parametrize(("count", "value", "label", "text"), BAD_LATENTS)
def test_bad_latents_are_refused_in_words(ask, generator, count, value, label, text):
    z = np.full((count, generator.config.latent_dim), value)
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        ask("serving_default", "images", z=z, label=[label] * count)


BAD_WALKS = [
    ([0], [1], [10**9], [0], "from 2 to 256"),
    ([0], [1], [1], [0], "from 2 to 256"),
    ([0, 1], [1], [3], [0], "start: give one number"),
    ([-5], [1], [3], [0], "start: a seed is from 0"),
    ([0], [1], [3], [3], "a class is from -1 to 2"),
]


@pytest.mark.parametrize(("start", "end", "steps", "label", "text"), BAD_WALKS)
def test_bad_walks_are_refused_in_words(ask, start, end, steps, label, text):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        ask("interpolate", "png_bytes", start=start, end=end, steps=steps, label=label)


def test_every_warm_up_request_is_one_that_the_model_answers(ask, folder):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    answered = []
    records = tf.data.TFRecordDataset(str(folder / "assets.extra" / "tf_serving_warmup_requests"))
    for record in records.as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        signature = request.model_spec.signature_name
        output = "images" if signature == "generate" else "png_bytes"
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        answered.append((request.model_spec.name, signature, len(ask(signature, output, **inputs))))
    assert answered == [("pets", signature, count) for signature in ("generate_png", "generate") for count in (1, 64)]
