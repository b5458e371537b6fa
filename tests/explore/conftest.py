"""Generators that are explored: small and untrained, one of them conditional."""

import pytest

from dcgan_tf import models
from dcgan_tf.config import ModelConfig
from dcgan_tf.explore.rendering import Renderer
from dcgan_tf.models.generator import Generator

PLAIN = ModelConfig(image_size=(16, 16), channels=1, latent_dim=8, base_filters=4)
CONDITIONAL = ModelConfig(
    image_size=(16, 16), channels=3, latent_dim=8, base_filters=4, conditional=True, classes=3, hidden_units=6
)


def renderer_of(config: ModelConfig) -> Renderer:
    generator = Generator(config)
    model = models.build_generator(config, seed=3)
    # Weights of N(0, 0.02) give nearly grey images; larger ones show what a mistake changes.
    scaled = {f"{layer.name}/{each.name}": 8.0 * each.numpy() if "kernel" in each.name else each.numpy()
              for layer in model.layers for each in layer.trainable_variables}  # fmt: skip
    generator.load(scaled)
    return Renderer(generator)


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return renderer_of(PLAIN)


@pytest.fixture(scope="session")
def conditional_renderer() -> Renderer:
    return renderer_of(CONDITIONAL)
