"""What a discriminator has learned: the features of the paper's Tables 1 and 2 (section 5)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import models, runs, seeds
from dcgan_tf.config import ModelConfig
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import UserError
from dcgan_tf.evaluation.features.extractor import DIGITS, Features, digest_of_arrays
from dcgan_tf.models import batch_norm, pixels
from dcgan_tf.models.spectral_norm import spectral_layers
from dcgan_tf.models.trained import discriminator_weights

GRID = 4
STATISTICS_BATCHES, STATISTICS_BATCH = 16, 128


class DiscriminatorFeatures:
    """All convolutional layers after their LeakyReLU, each max-pooled to 4x4, flattened and joined.

    28,672 values for `imagenet_32`, 7,168 for three layers of 64, 128 and 256 filters. Batch-norm statistics are
    re-estimated on real images, as in the authors' code for SVHN: the running ones mix real and generated images.

    Args:
        config: the networks.
        weights: of the discriminator by "layer/variable"; None for an untrained network.
        real_images: uint8 [n, height, width, channels], for the batch-norm statistics; n at least 2.
        origin: its description in rows: "discriminator of runs/00003-cifar10_32 at step 5000".

    Raises:
        UserError: a conditional discriminator, whose features depend on a label too.
    """

    classes = 0
    caution = "the discriminator's own features: they favor or punish the generator it was trained against"

    def __init__(
        self, config: ModelConfig, weights: dict[str, np.ndarray] | None, real_images: np.ndarray, origin: str
    ):
        if config.conditional:
            raise UserError(
                "the features of a conditional discriminator depend on a label that images do not have: use "
                "`features=classifier`, or the discriminator of a run with `conditional=False`"
            )
        self._origin = origin
        model = models.build_discriminator(config)
        prepare(model, weights, real_images)
        leaky = [layer.output for layer in model.layers if layer.name.endswith("_leaky")]
        maps = [output for output in leaky if len(output.shape) == 4]
        inner = keras.Model(model.inputs, maps)
        self.dimension = sum(min(GRID, each.shape[1]) * min(GRID, each.shape[2]) * each.shape[3] for each in maps)
        arrays = {f"{layer.name}/{each.name}": each.numpy() for layer in model.layers for each in layer.variables}
        self.name = f"discriminator-{digest_of_arrays(arrays)[:DIGITS]}"
        self._apply = tf.function(
            lambda images: _joined(inner(pixels.to_model_range(images), training=False)),
            input_signature=[tf.TensorSpec([None, *config.image_size, config.channels], tf.uint8)],
        )

    @classmethod
    def of_run(cls, run: runs.RunDirectory, path: Path, real_images: np.ndarray) -> "DiscriminatorFeatures":
        """Those of one checkpoint file of a run."""
        origin = f"discriminator of {run.path} at step {runs.step_of(path)}"
        return cls(run.read_config()[0].model, discriminator_weights(run, path), real_images, origin)

    def describe(self) -> dict[str, Any]:
        return {"kind": "discriminator", "name": self.name, "origin": self._origin, "dimension": self.dimension}

    def __call__(self, images: np.ndarray) -> Features:
        return Features(self._apply(images).numpy())


def prepare(
    model: keras.Model,
    weights: dict[str, np.ndarray] | None,
    real_images: np.ndarray,
    labels: np.ndarray | None = None,
) -> None:
    """Gives a discriminator its weights, and the norms that belong to them.

    Batch-norm statistics are re-estimated on real images, spectral norms computed anew.

    Args:
        model: the discriminator, in float32.
        weights: its trainable variables by "layer/variable"; None keeps its own.
        real_images: uint8 [n, height, width, channels]; the first 2,048 are used.
        labels: int32 [n] if it is conditional.
    """
    if weights is not None:
        for layer in model.layers:
            for variable in layer.trainable_variables:
                variable.assign(weights[f"{layer.name}/{variable.name}"])
    for layer in spectral_layers(model):
        layer.settle()
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers):
        batch_norm.Reestimator(model)(_statistics_batches(real_images, labels))


def statistics_images(store: ImageStore, chosen: np.ndarray | None = None) -> np.ndarray:
    """Images for the batch-norm statistics, see `statistics_rows`."""
    return np.asarray(store.images[statistics_rows(store, chosen)])


def statistics_rows(store: ImageStore, chosen: np.ndarray | None = None) -> np.ndarray:
    """Rows of images for the batch-norm statistics, drawn from all rows or from the chosen ones.

    In random order: a store may be sorted by class, and a batch of one class has a variance of its own.
    """
    rows = np.arange(len(store)) if chosen is None else chosen
    order = seeds.generator(0, "statistics_images", 0).permutation(len(rows))
    return rows[order[: STATISTICS_BATCHES * STATISTICS_BATCH]]


def _statistics_batches(real_images: np.ndarray, labels: np.ndarray | None) -> Iterator[tf.Tensor | list[tf.Tensor]]:
    size = STATISTICS_BATCH
    for number in range(max(1, min(STATISTICS_BATCHES, len(real_images) // size))):
        part = slice(number * size, (number + 1) * size)
        images = pixels.to_model_range(np.asarray(real_images[part]))
        yield models.inputs(images, None if labels is None else tf.constant(labels[part], tf.int32))


def _joined(maps: list[tf.Tensor]) -> tf.Tensor:
    """Feature maps [n, h, w, f] to float32 [n, d]."""
    return tf.concat([tf.reshape(pooled(each), [tf.shape(each)[0], -1]) for each in tf.nest.flatten(maps)], axis=1)


def pooled(maps: tf.Tensor) -> tf.Tensor:
    """The largest value in each cell of a grid: [n, h, w, f] to [n, min(4, h), min(4, w), f].

    Cells are equal if the sizes are multiples of 4, as in the paper. Otherwise they overlap by a row or column
    (28-pixel networks have maps of 14x14 and 7x7).
    """
    rows = [tf.reduce_max(maps[:, start:end], axis=1) for start, end in _cells(maps.shape[1])]
    tall = tf.stack(rows, axis=1)
    columns = [tf.reduce_max(tall[:, :, start:end], axis=2) for start, end in _cells(maps.shape[2])]
    return tf.stack(columns, axis=2)


def _cells(size: int) -> list[tuple[int, int]]:
    grid = min(GRID, size)
    return [(cell * size // grid, -(-(cell + 1) * size // grid)) for cell in range(grid)]
