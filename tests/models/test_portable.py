"""Descriptions of models for other versions of Keras: nothing that they refuse, and the same model."""

import dataclasses
import json

import keras
import pytest

from dcgan_tf import presets
from dcgan_tf.models import build_discriminator, build_generator
from dcgan_tf.models.portable import portable

TINY = presets.PRESETS["tiny"].model
KINDS = {
    "plain": TINY,
    "conditional": dataclasses.replace(TINY, conditional=True, classes=3),
    "two layers a scale": dataclasses.replace(TINY, layers_per_scale=2, kernel_size=3),
    "sigmoid": dataclasses.replace(TINY, output="sigmoid"),
    "hidden units": presets.PRESETS["mnist_28"].model,
}

KNOWN = {  # arguments that Keras 3.4.1 takes, of those that occur
    "InputLayer": {"batch_shape", "sparse", "ragged"},
    "Dense": {"units", "activation", "use_bias", "kernel_initializer", "bias_initializer"},
    "BatchNormalization": {"momentum", "epsilon", "scale", "center", "beta_initializer", "gamma_initializer"}
    | {"moving_mean_initializer", "moving_variance_initializer"},
    "ReLU": set(),
    "Reshape": {"target_shape"},
    "Conv2DTranspose": {"filters", "kernel_size", "strides", "padding", "data_format", "activation", "use_bias"}
    | {"kernel_initializer", "bias_initializer"},
    "Activation": {"activation"},
    "Rescaling": {"scale", "offset"},
    "CategoryEncoding": {"num_tokens", "output_mode"},
    "Concatenate": set(),
    "RepeatVector": {"n"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_layers_of_generators_have_no_arguments_that_the_oldest_version_refuses(kind):
    model = build_generator(KINDS[kind])
    layers = portable(json.loads(model.to_json()), synchronized=False)["config"]["layers"]
    for layer in layers:
        assert layer["config"].keys() <= KNOWN[layer["class_name"]] | {"name", "dtype"}, layer


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_stays_the_same(kind):
    for model in (build_generator(KINDS[kind]), build_discriminator(KINDS[kind])):
        described = json.loads(model.to_json())
        shorter = portable(described)
        again = keras.models.model_from_json(json.dumps(shorter))
        assert json.loads(again.to_json()) == described and shorter != described


def test_arguments_of_initializers_go_and_those_of_other_modules_stay():
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3, "use_bias": True}}
    glorot = {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": 3, "input_axes": None}}
    config = {"use_bias": True, "inner": layer, "kernel": glorot, "module": "keras.layers"}
    own = {"module": "mine", "class_name": "Dense", "config": config}
    shorter = own["config"] | {
        "inner": layer | {"config": {"units": 3}},
        "kernel": glorot | {"config": {"seed": 3}} if "input_axes" in _arguments(glorot) else glorot,
    }
    assert portable(own) == own | {"config": shorter}


def _arguments(described: dict) -> dict:
    return getattr(keras.initializers, described["class_name"])().get_config()
