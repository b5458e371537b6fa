"""The run's discriminator, as it was trained and with random weights, and the images that both look at."""

import keras
import numpy as np

from dcgan_tf import seeds
from dcgan_tf.cli.explore import pictures
from dcgan_tf.cli.explore.opened import Explored
from dcgan_tf.cli.flags import Flags
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.session import statistics_rows
from dcgan_tf.explore.critic import inspected_discriminator
from dcgan_tf.models.trained import discriminator_weights

MOST_LOOKED_AT = 100_000


def image_flags(flags: Flags) -> None:
    """Defines which images are looked at."""
    flags.text("images", None, "pictures to look at: files, comma-separated, or a folder; default: training images")
    flags.text("class", None, "class of --images, by name or number, in a conditional run")
    flags.whole("look_at", 2000, "training images to look at")
    flags.whole("seed", 0, "seed of which training images these are")


def trained(explored: Explored) -> keras.Model:
    """The run's discriminator, with statistics of real images."""
    return _inspected(explored, discriminator_weights(explored.run, explored.checkpoint))


def untrained(explored: Explored) -> keras.Model:
    """The same network before training, with statistics of the same images."""
    return _inspected(explored, None)


def _inspected(explored: Explored, weights: dict[str, np.ndarray] | None) -> keras.Model:
    store, rows = explored.store, statistics_rows(explored.store)
    images, labels = np.asarray(store.images[rows]), _labels(explored, store, rows)
    config = explored.config
    return inspected_discriminator(config.model, weights, images, labels, config.training.seed)


def looked_at(explored: Explored) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Images uint8 [n, height, width, channels], their classes int32 [n] in a conditional run, and what they are.

    Raises:
        ArgumentError: pictures that cannot be read, a class that is missing or not there, or a number out of range.
    """
    flags, conditional = explored.flags, explored.config.model.conditional
    given_class = getattr(flags, "class")
    if flags.images is None:
        if given_class is not None:
            raise ArgumentError("class", given_class, "training images have their own classes; it belongs to --images")
        if not 1 <= flags.look_at <= MOST_LOOKED_AT:
            raise ArgumentError("look_at", flags.look_at, f"it must be from 1 to {MOST_LOOKED_AT:,}")
        store = explored.store
        rows = np.sort(seeds.generator(flags.seed, "looked_at", 0).permutation(len(store))[: flags.look_at])
        return np.asarray(store.images[rows]), _labels(explored, store, rows), f"{len(rows):,} training images"
    images, _ = pictures.read(explored, "images", flags.images, MOST_LOOKED_AT)
    if not conditional:
        if given_class is not None:
            explored.of_class("class", given_class)
        return images, None, f"{len(images):,} given pictures"
    if given_class is None:
        raise ArgumentError("class", "", "name the class of --images: this discriminator was trained with classes")
    label = explored.of_class("class", given_class)
    return images, np.full(len(images), label, np.int32), f"{len(images):,} given pictures"


def _labels(explored: Explored, store: ImageStore, rows: np.ndarray) -> np.ndarray | None:
    return store.labels[rows] if explored.config.model.conditional else None
