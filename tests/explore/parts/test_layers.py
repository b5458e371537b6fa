"""Layers by their names, in networks of every kind."""

import pytest

from dcgan_tf import models
from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore.parts import layers
from tests.explore.conftest import CONDITIONAL, PLAIN

LAW = {"latent_dim": 8, "base_filters": 4}


NETWORKS = {
    "plain": (PLAIN, {"project": (4, 4, 8), "up1": (8, 8, 4)}),
    "hidden layer, classes": (CONDITIONAL, {"project": (4, 4, 8), "up1": (8, 8, 4)}),
    "norm of units": (
        ModelConfig(image_size=(16, 24), projection="unit_norm", **LAW), {"project": (4, 6, 8), "up1": (8, 12, 4)}
    ),
    "linear projection": (
        ModelConfig(image_size=(32, 32), projection="linear", **LAW),
        {"project": (4, 4, 16), "up1": (8, 8, 8), "up2": (16, 16, 4)},
    ),
    "two layers a scale": (
        ModelConfig(image_size=(16, 16), layers_per_scale=2, **LAW),
        {"project": (4, 4, 8), "up1": (8, 8, 8), "refine1": (8, 8, 4), "up2": (16, 16, 4)},
    ),
    "the smallest": (ModelConfig(image_size=(8, 8), **LAW), {"project": (4, 4, 4)}),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_of_every_kind_of_generator(name):
    config, expected = NETWORKS[name]
    model = models.build_generator(config)
    maps = layers.generator_maps(model)
    assert {name: layer.output.shape[1:] for name, layer in maps.items()} == expected
    assert layers.maps_of(model, None)[0] == list(expected)[1 if len(expected) > 2 else 0]


def test_convolutions_of_a_discriminator_in_their_order():
    config = ModelConfig(image_size=(16, 16), channels=1, base_filters=4, layers_per_scale=2, output="sigmoid")
    model = models.build_discriminator(config)
    assert list(layers.convolutions(model)) == ["refine1", "down1", "refine2", "down2"]
    assert layers.activation(model, "down1").name == "down1_leaky"
    for name in ("up1", ""):
        with pytest.raises(ArgumentError, match=rf"layer={name}: there is no such layer; choose one of refine1, down1"):
            layers.activation(model, name)
