"""Broken exports: every format, broken in every way, is refused in words, and nothing of it is left behind."""

import dataclasses
import importlib.util
import itertools
import re
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import exporting
from dcgan_tf.exporting.formats import BACKENDS, FORMATS, Format
from dcgan_tf.exporting.served_signatures import ServedGenerator
from dcgan_tf.models import Generator, named_variables

BROKEN = ("saved_model", "tflite float32", "tflite int8_dynamic", "tflite int8", "keras", "onnx")


@pytest.fixture(scope="module")
def generator(make_generator):
    """Weights of a size that makes images with contrast."""
    generator, random = make_generator(channels=3), np.random.default_rng(0)
    weights = named_variables(generator.model, trainable_only=True)
    generator.load({name: random.normal(0.2, 0.4, v.shape).astype(np.float32) for name, v in weights.items()})
    return generator


def with_layer(generator, layer):
    """The generator with one more layer at its end."""
    inputs = keras.Input((generator.config.latent_dim,), name="z")
    return Generator(generator.config, model=keras.Sequential([inputs, *generator.model.layers, layer]))


def with_weights(generator, change):
    other = Generator(generator.config)
    other.model.set_weights([change(value) for value in generator.model.get_weights()])
    return other


def nan_weights(write, generator, description, path):
    write(with_weights(generator, lambda value: np.full_like(value, np.nan)), description, path)


def wrong_range(write, generator, description, path):
    write(with_layer(generator, keras.layers.Rescaling(0.5, 0.5)), description, path)


def swapped_channels(write, generator, description, path):
    layer = keras.layers.Conv2D(3, 1, use_bias=False)
    layer.build((None, *generator.image_shape))
    layer.kernel.assign(np.eye(3)[:, ::-1][np.newaxis, np.newaxis])
    write(with_layer(generator, layer), description, path)


def variables_left_out(write, generator, description, path):
    """As each format loses them: copies restored instead, a converter that is handed the wrong owner, a lost member."""
    if path.suffix == "":
        module = ServedGenerator(generator)
        module.bare_variables = generator.model  # Keras exports copies of its variables
        tf.saved_model.save(module, str(path), signatures=module.signatures())
    elif path.suffix == ".tflite":
        spec = tf.TensorSpec([1, generator.config.latent_dim], tf.float32, name="z")
        function = tf.function(lambda z: {"images": generator.model(z, training=False)}).get_concrete_function(spec)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], generator.model)
        path.write_bytes(converter.convert())
    elif path.suffix == ".keras":
        whole = path.with_suffix(".whole.keras")
        write(generator, description, whole)
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
            for name in source.namelist():
                if not name.endswith(".h5"):
                    target.writestr(name, source.read(name))
        whole.unlink()
    else:
        write(with_weights(generator, np.zeros_like), description, path)


SABOTAGES = {
    variables_left_out: "variable|not finite|weights|difference",
    nan_weights: "not finite",
    wrong_range: "difference",
    swapped_channels: "difference",
}
IN_THE_DEFAULT_SUITE = {
    ("tflite float32", variables_left_out),
    ("keras", nan_weights),
    ("onnx", wrong_range),
    ("tflite int8", swapped_channels),
}
CASES = [
    pytest.param(*case, marks=pytest.mark.full if case in IN_THE_DEFAULT_SUITE else pytest.mark.slow)
    for case in itertools.product(BROKEN, SABOTAGES)
]


@pytest.mark.parametrize(("name", "sabotage"), CASES)
def test_a_broken_export_is_refused_and_not_left_behind(generator, monkeypatch, tmp_path, name, sabotage):
    entry = FORMATS[name.split()[0]]
    if not entry.available():
        pytest.skip(f"the packages for {name} are not installed")
    artefact = next(item for item in entry.artefacts if item.name == name)
    changed = dataclasses.replace(artefact, write=broken(artefact.write, sabotage), readers=artefact.readers[:1])
    monkeypatch.setitem(FORMATS, name.split()[0], Format((changed,)))
    result = exporting.export_generator(generator, "broken", tmp_path, [name.split()[0]])
    assert len(result.refused) == 1 and re.search(SABOTAGES[sabotage], result.refused[0].problem)
    assert not result.paths and result.card is None
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def broken(write, sabotage):
    return lambda generator, description, path: sabotage(write, generator, description, path)


@pytest.mark.full
def test_a_saved_model_whose_variables_are_left_out_is_refused_where_python_loads_it(generator, monkeypatch, tmp_path):
    """The reason for the reader that restores variables as TF Serving does: TensorFlow 2 sees no fault."""
    entry = FORMATS["saved_model"].artefacts[0]
    changed = dataclasses.replace(entry, write=broken(entry.write, variables_left_out))
    monkeypatch.setitem(FORMATS, "saved_model", Format((changed,)))
    result = exporting.export_generator(generator, "broken", tmp_path, ["saved_model"])
    assert {finding.reader: bool(finding.problem) for finding in result.findings} == {
        "saved_model_v1": True,
        "saved_model": False,
    }


@pytest.mark.full
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_backend_reads_the_keras_file_or_says_why_not(make_generator, monkeypatch, tmp_path, backend, caplog):
    """One that does not work here, as one that is not installed, costs no file."""
    artefact = dataclasses.replace(FORMATS["keras"].artefacts[0], readers=(f"keras_{backend}",))
    monkeypatch.setitem(FORMATS, "keras", Format((artefact,)))
    monkeypatch.setenv("KERAS_BACKEND", "no such backend")  # the reader's own choice holds
    generator = make_generator(("cats", "dogs"), conditional=True, classes=2)
    result = exporting.export_generator(generator, "digits", tmp_path, ["keras"])
    installed = bool(importlib.util.find_spec(backend))
    assert result.paths and not result.refused and len(result.findings) == installed
    assert (f"No module named '{backend}'" in caplog.text) != installed


@pytest.mark.full
def test_a_network_of_the_users_own_is_verified(make_generator, monkeypatch, tmp_path):
    """Names and kinds of layers are free: dense layers with activations and on maps, a skip, names of its own."""
    for name, kept in (("saved_model", 0), ("tflite", 2)):  # one file of each, and one reader
        artefact = FORMATS[name].artefacts[kept]
        monkeypatch.setitem(FORMATS, name, Format((dataclasses.replace(artefact, readers=artefact.readers[:1]),)))
    config = make_generator(channels=3).config
    z = keras.Input((config.latent_dim,), name="noise")
    x = keras.layers.Dense(64, activation="relu")(z)
    x = keras.layers.Reshape((4, 4, 16))(keras.layers.Dense(256, activation="tanh")(x))
    x = keras.layers.BatchNormalization()(keras.layers.Dense(16, activation="relu")(x))
    x = keras.layers.Add()([x, keras.layers.Conv2D(16, 3, padding="same", activation="relu")(x)])
    x = keras.layers.Conv2D(16, 3, padding="same")(keras.layers.UpSampling2D(4)(x))
    x = keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(x)
    own = Generator(config, model=keras.Model(z, x))
    result = exporting.export_generator(own, "own", tmp_path, ["saved_model", "tflite"])
    assert result.paths.keys() == {"saved_model", "tflite int8_dynamic"}, result.refused
    text = result.card.read_text()
    assert "## Use" in text and "## Training" not in text


def test_layers_of_the_users_own_cannot_be_read_elsewhere(make_generator, tmp_path):
    @keras.saving.register_keras_serializable("tests")
    class Doubled(keras.layers.Layer):
        def call(self, inputs):
            return 2.0 * inputs

    config = make_generator(channels=3).config
    z = keras.Input((config.latent_dim,))
    x = keras.layers.Dense(16 * 16 * 3, activation="tanh")(Doubled()(z))
    own = Generator(config, model=keras.Model(z, keras.layers.Reshape((16, 16, 3))(x)))
    (refused,) = exporting.export_generator(own, "own", tmp_path, ["keras"]).refused
    assert "Doubled: only a program that defines these layers" in refused.problem
    assert not list(tmp_path.rglob("*.keras"))
