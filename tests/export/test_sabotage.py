"""Broken exports: every format broken in every way is refused in words, and nothing of it is left behind."""

import dataclasses
import re
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import presets
from dcgan_tf.export import exporter
from dcgan_tf.export.description import Description
from dcgan_tf.export.formats import FORMATS, Format
from dcgan_tf.export.signatures import ServedGenerator
from dcgan_tf.models.generator import Generator

CONFIG = dataclasses.replace(presets.PRESETS["tiny"].model, channels=3)
DESCRIPTION = Description.of(CONFIG, "broken", 1, "raw")
BROKEN = ("saved_model", "tflite float32", "tflite int8_dynamic", "tflite int8", "keras", "onnx")


@pytest.fixture(scope="module")
def generator():
    """Weights of a size that makes images with contrast."""
    generator, random = Generator(CONFIG), np.random.default_rng(0)
    names = {f"{layer.name}/{v.name}": v for layer in generator.model.layers for v in layer.trainable_variables}
    generator.load({name: random.normal(0.2, 0.4, v.shape).astype(np.float32) for name, v in names.items()})
    return generator


class _Changed:
    """A generator with one more layer at its end."""

    def __init__(self, generator, layer):
        inputs = keras.Input((generator.config.latent_dim,), name="z")
        self.model = keras.Sequential([inputs, *generator.model.layers, layer])
        self.config, self.latents, self.labels = generator.config, generator.latents, generator.labels


def no_papers(*_):
    """These exports need no report."""


def nan_weights(write, generator, path):
    other = Generator(generator.config)
    other.model.set_weights([np.full_like(value, np.nan) for value in generator.model.get_weights()])
    write(other, DESCRIPTION, path)


def wrong_range(write, generator, path):
    write(_Changed(generator, keras.layers.Rescaling(0.5, 0.5)), DESCRIPTION, path)


def swapped_channels(write, generator, path):
    layer = keras.layers.Conv2D(3, 1, use_bias=False)
    layer.build((None, *CONFIG.image_size, 3))
    layer.kernel.assign(np.eye(3)[:, ::-1][np.newaxis, np.newaxis])
    write(_Changed(generator, layer), DESCRIPTION, path)


def variables_left_out(write, generator, path):
    """As each format loses them: copies restored instead, a converter that is handed the wrong owner, a lost member."""
    if path.suffix == "":
        module = ServedGenerator(generator)
        module.bare_variables = generator.model  # Keras exports copies of its variables
        tf.saved_model.save(module, str(path), signatures=module.signatures())
    elif path.suffix == ".tflite":
        spec = tf.TensorSpec([1, CONFIG.latent_dim], tf.float32, name="z")
        function = tf.function(lambda z: {"images": generator.model(z, training=False)}).get_concrete_function(spec)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], generator.model)
        path.write_bytes(converter.convert())
    elif path.suffix == ".keras":
        whole = path.with_suffix(".whole.keras")
        write(generator, DESCRIPTION, whole)
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
            for name in source.namelist():
                if not name.endswith(".h5"):
                    target.writestr(name, source.read(name))
        whole.unlink()
    else:
        other = Generator(generator.config)
        other.model.set_weights([np.zeros_like(value) for value in generator.model.get_weights()])
        write(other, DESCRIPTION, path)


SABOTAGES = {
    variables_left_out: "variable|not finite|weights|difference",
    nan_weights: "not finite",
    wrong_range: "difference",
    swapped_channels: "difference",
}
IN_THE_DEFAULT_SUITE = {
    ("saved_model", variables_left_out),
    ("tflite float32", variables_left_out),
    ("keras", nan_weights),
    ("onnx", wrong_range),
    ("tflite int8", swapped_channels),
    ("tflite int8_dynamic", wrong_range),
}
CASES = [
    pytest.param(name, sabotage, marks=[] if (name, sabotage) in IN_THE_DEFAULT_SUITE else [pytest.mark.slow])
    for name in BROKEN
    for sabotage in SABOTAGES
]


@pytest.mark.parametrize(("name", "sabotage"), CASES)
def test_a_broken_export_is_refused_and_not_left_behind(generator, monkeypatch, tmp_path, name, sabotage):
    entry = FORMATS[name.split()[0]]
    if not entry.available():
        pytest.skip(f"the packages for {name} are not installed")
    artefact = next(item for item in entry.artefacts if item.name == name)
    changed = dataclasses.replace(artefact, write=broken(artefact.write, sabotage), readers=artefact.readers[:1])
    monkeypatch.setitem(FORMATS, name.split()[0], Format((changed,)))
    export = exporter.export(generator, DESCRIPTION, [name.split()[0]], tmp_path, no_papers)
    assert len(export.refused) == 1 and re.search(SABOTAGES[sabotage], export.refused[0].problem)
    assert not export.paths and not [path for path in tmp_path.rglob("*") if path.is_file()]


def broken(write, sabotage):
    return lambda generator, description, path: sabotage(write, generator, path)


def test_the_same_generator_unbroken_passes(generator, monkeypatch, tmp_path):
    entry = FORMATS["tflite"]
    monkeypatch.setitem(FORMATS, "tflite", Format(entry.artefacts[2:]))
    export = exporter.export(generator, DESCRIPTION, ["tflite"], tmp_path, no_papers)
    assert not export.refused and len(export.paths) == 2
