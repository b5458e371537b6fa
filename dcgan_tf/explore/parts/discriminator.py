"""A discriminator to look into: its weights as they act on real images."""

from pathlib import Path

import keras
import numpy as np

from dcgan_tf import models, runs
from dcgan_tf.config import ModelConfig
from dcgan_tf.data import ImageStore
from dcgan_tf.evaluation.features.discriminator_features import prepare, statistics_rows
from dcgan_tf.models.trained import discriminator_weights


def prepared_discriminator(
    config: ModelConfig,
    weights: dict[str, np.ndarray] | None,
    real_images: np.ndarray,
    labels: np.ndarray | None = None,
    seed: int = 0,
) -> keras.Model:
    """A float32 discriminator with the batch-norm statistics of real images, to be run in inference mode.

    Args:
        config: the networks.
        weights: of the discriminator by "layer/variable"; None leaves it as it is initialized from `seed`.
        real_images: uint8 [n, height, width, channels], n at least 2, in random order; the first 2,048 are used.
        labels: int32 [n], their classes if the network is conditional, else None.
        seed: of the initialization.

    Returns:
        Images float32 [n, height, width, channels] in [-1, 1], or [images, label], to logits [n, 1].

    Raises:
        KeyError: a variable is missing.
        ValueError: the labels do not fit.
    """
    model = models.build_discriminator(config, seed)
    require_labels(model, real_images, labels)
    prepare(model, weights, real_images, labels)
    return model


def discriminator_of_run(directory: runs.RunDirectory, store: ImageStore, checkpoint: Path | None) -> keras.Model:
    """The discriminator of a run, prepared with the run's training images; see `prepared_discriminator`.

    Args:
        directory: the run directory.
        store: its training images.
        checkpoint: file of the weights; None gives the network before training, with statistics of the same images.
    """
    config, rows = directory.read_config()[0], statistics_rows(store)
    weights = None if checkpoint is None else discriminator_weights(directory, checkpoint)
    labels = store.labels[rows] if config.model.conditional else None
    return prepared_discriminator(config.model, weights, store.images[rows], labels, config.training.seed)


def require_labels(model: keras.Model, images: np.ndarray, labels: np.ndarray | None) -> None:
    """Raises ValueError unless a conditional network gets a label for every image, and any other none."""
    conditional = len(model.inputs) == 2
    if conditional != (labels is not None) or (conditional and len(labels) != len(images)):
        raise ValueError("a conditional discriminator needs one label for each image, any other takes no labels")
