"""Generators to explore: small and untrained, one of them conditional."""

import keras
import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.config import ModelConfig
from dcgan_tf.explore import Renderer, renderer_of
from dcgan_tf.models import Generator

PLAIN = ModelConfig(image_size=(16, 16), channels=1, latent_dim=8, base_filters=4)
CONDITIONAL = ModelConfig(
    image_size=(16, 16), channels=3, latent_dim=8, base_filters=4, conditional=True, classes=3, hidden_units=6
)


def generator_of(config: ModelConfig, class_names: tuple[str, ...] = ()) -> Generator:
    generator = Generator(config, class_names)
    model = models.build_generator(config, seed=3)
    # Weights of N(0, 0.02) give nearly gray images; larger ones show what a mistake changes.
    scaled = {f"{layer.name}/{each.name}": 8.0 * each.numpy() if "kernel" in each.name else each.numpy()
              for layer in model.layers for each in layer.trainable_variables}  # fmt: skip
    generator.load(scaled)
    return generator


@pytest.fixture(scope="session")
def generator() -> Generator:
    return generator_of(PLAIN)


@pytest.fixture(scope="session")
def conditional_generator() -> Generator:
    return generator_of(CONDITIONAL, ("cats", "dogs", "owls"))


@pytest.fixture(scope="session")
def renderer(generator) -> Renderer:
    return renderer_of(generator)


@pytest.fixture(scope="session")
def conditional_renderer(conditional_generator) -> Renderer:
    return renderer_of(conditional_generator)


@pytest.fixture(scope="package")
def spotted() -> Generator:
    """Conditional, 3 channels: map 0 of "up1" is active here and there, and alone paints red, and nothing but red."""
    generator = generator_of(CONDITIONAL)
    kernel = generator.model.get_layer("image").kernel  # [side, side, channels, maps + classes]
    painted = kernel.numpy()
    painted[:, :, 0, 1:] = 0.0
    painted[:, :, 1:, 0] = 0.0
    kernel.assign(painted)
    beta = generator.model.get_layer("up1_norm").beta
    beta.assign(np.r_[-1.5, beta.numpy()[1:]])
    return generator


def own_network(conditional: bool = False) -> keras.Model:
    """A network of the user's own: z, or [z, label], to images 16x16."""
    z = keras.Input((8,))
    label = keras.Input((), dtype="int32")
    values = keras.layers.Dense(256, "tanh")(z)
    if conditional:
        values = values + keras.layers.Embedding(3, 256)(label)
    return keras.Model([z, label] if conditional else z, keras.layers.Reshape((16, 16, 1))(values), name="mine")
