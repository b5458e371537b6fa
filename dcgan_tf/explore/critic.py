"""A discriminator that is looked into: its weights, as they act on real images."""

import keras
import numpy as np

from dcgan_tf import models
from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features import discriminator


def inspected_discriminator(
    config: ModelConfig,
    weights: dict[str, np.ndarray] | None,
    real_images: np.ndarray,
    labels: np.ndarray | None,
    seed: int = 0,
) -> keras.Model:
    """A float32 discriminator to be run in inference mode.

    Its batch-norm statistics are re-estimated on real images, as those of `features.DiscriminatorFeatures` are: the
    running ones are a mixture of real and generated images, and an untrained network has none.

    Args:
        config: the networks.
        weights: of the discriminator by "layer/variable"; None leaves it as it is initialised from `seed`.
        real_images: uint8 [n, height, width, channels], n at least 2, in random order; the first 2,048 are used.
        labels: int32 [n], their classes where the network is conditional, else None.
        seed: of the initialisation.

    Returns:
        images float32 [n, height, width, channels] in [-1, 1] to logits [n, 1]; a conditional one is called with
        [images, label].

    Raises:
        KeyError: when a variable is missing.
        ValueError: labels for a network without classes, or none for one with them.
    """
    model = models.build_discriminator(config, seed)
    require_labels(model, real_images, labels)
    discriminator.prepare(model, weights, real_images, labels)
    return model


def require_labels(model: keras.Model, images: np.ndarray, labels: np.ndarray | None) -> None:
    """Raises ValueError unless there is a label for every image of a conditional network, and none for another's."""
    conditional = len(model.inputs) == 2
    if conditional != (labels is not None) or (conditional and len(labels) != len(images)):
        raise ValueError("a conditional discriminator needs one label for each image, any other takes no labels")


def activation_of(model: keras.Model, layer: str) -> str:
    """The LeakyReLU behind a convolution.

    Raises:
        ArgumentError: there is no such convolution; the message lists those that there are.
    """
    found = convolutions(model)
    if layer not in found:
        raise ArgumentError("layer", layer, f"there is no such layer; choose one of {', '.join(found)}")
    return found[layer]


def convolutions(model: keras.Model) -> dict[str, str]:
    """The convolutional layers from the image on, each with the LeakyReLU behind it: {"down1": "down1_leaky", ...}."""
    return {layer.name: f"{layer.name}_leaky" for layer in model.layers if isinstance(layer, keras.layers.Conv2D)}
