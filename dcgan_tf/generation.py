"""Trained weights to images: the one way in which sample grids, `generate.py` and everything later makes them."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from dcgan_tf import batch_norm, classes, models, pixels, seeds
from dcgan_tf.config import ModelConfig

BLOCK = 64
"""Images are computed in whole blocks of seeds [64 k, 64 k + 64), so that an image never depends on who asked for it.

With other company in the batch the CPU's kernels sum in another order, and a pixel may change by one level.
"""

STATISTICS_BATCHES, STATISTICS_BATCH = 16, 128


class InferenceGenerator:
    """A float32 generator for sampling, whatever precision and devices it was trained with.

    Its batch-norm statistics are re-estimated whenever weights are loaded, and it always runs in inference mode, so
    an image depends on its own latent vector, its own label where there are labels, and the weights alone.

    Attributes:
        model: the Keras model, z float32 [n, latent_dim] (or [z, label], label int32 [n]) to images float32
            [n, height, width, channels] in [-1, 1].
    """

    def __init__(self, config: ModelConfig):
        self.config = config
        self.model = models.build_generator(config)
        self._reestimate = batch_norm.Reestimator(self.model)
        self._generate = tf.function(
            lambda z_seeds, labels: pixels.to_pixels(
                self.model(self._inputs(self.latents(z_seeds), labels), training=False)
            ),
            input_signature=[tf.TensorSpec([BLOCK], tf.int64), tf.TensorSpec([BLOCK], tf.int32)],
        )

    def latents(self, image_seeds: tf.Tensor) -> tf.Tensor:
        """int64 [n] to float32 [n, latent_dim]."""
        return seeds.latents_of_images(image_seeds, self.config.latent_dim, self.config.latent_law)

    def labels(self, image_seeds: tf.Tensor, label: int | None = None) -> tf.Tensor:
        """The classes of images: int64 [n] to int32 [n]; zeros where the generator is not conditional.

        Args:
            image_seeds: their seeds.
            label: one class for all; None gives each seed its own, see `seeds.labels_of_images`.

        Raises:
            ValueError: there is no such class.
        """
        if label is None:
            return seeds.labels_of_images(image_seeds, max(1, self.config.classes))
        if not 0 <= label < self.config.classes:
            raise ValueError(f"class {label}: this generator has {self.config.classes}")
        return tf.fill(tf.shape(image_seeds), tf.constant(label, tf.int32))

    def _inputs(self, latents: tf.Tensor, labels: tf.Tensor) -> tf.Tensor | list[tf.Tensor]:
        return models.inputs(latents, labels if self.config.classes else None)

    def load(self, weights: dict[str, np.ndarray | tf.Variable]) -> None:
        """Takes trainable variables by "layer/variable" and re-estimates the batch-norm statistics.

        Raises:
            KeyError: when one is missing.
        """
        for layer in self.model.layers:
            for variable in layer.trainable_variables:
                variable.assign(weights[f"{layer.name}/{variable.name}"])
        self._reestimate(map(self._statistics_batch, range(STATISTICS_BATCHES)))

    def _statistics_batch(self, number: int) -> tf.Tensor | list[tf.Tensor]:
        """Inputs number so-and-so of the re-estimation, all classes evenly."""
        config, size = self.config, STATISTICS_BATCH
        latents = seeds.latents(0, "statistics", number, size, config.latent_dim, config.latent_law)
        return self._inputs(latents, self.labels(tf.range(number * size, (number + 1) * size, dtype=tf.int64)))

    @property
    def conditional(self) -> bool:
        """Whether images have a class."""
        return self.config.conditional

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.model.output_shape[1:]

    def blocks(self, first: int, count: int, label: int | None = None) -> Iterator[np.ndarray]:
        """Images of the seeds [first, first + count), a part at a time: uint8 [up to 64, height, width, channels].

        Args:
            first: the first seed.
            count: how many.
            label: the class of all of them; None gives each seed its own (see `labels`).
        """
        return blocks(
            lambda image_seeds: self._generate(image_seeds, self.labels(image_seeds, label)).numpy(), first, count
        )

    def images(self, first: int, count: int, label: int | None = None) -> np.ndarray:
        """Images of the seeds [first, first + count), see `blocks`: uint8 [count, height, width, channels]."""
        return np.concatenate(list(self.blocks(first, count, label)))

    def samples(self, count: int) -> tuple[np.ndarray, int]:
        """The images of a grid: uint8 [about count, height, width, channels], and how many stand in a row.

        They are those of the seeds 0, 1, 2, ...; the grid is about square (0 in a row). A conditional generator's grid
        has a class in every row and a seed in every column.
        """
        if not self.config.classes:
            return self.images(0, count), 0
        rows, columns = classes.grid_rows(self.config.classes, count)
        return np.concatenate([self.images(0, columns, label) for label in rows]), columns


def blocks(images_of_seeds: Callable[[tf.Tensor], np.ndarray], first: int, count: int) -> Iterator[np.ndarray]:
    """Images of the seeds [first, first + count) in whole blocks, cut to what was asked for.

    Args:
        images_of_seeds: int64 [BLOCK] to uint8 [BLOCK, height, width, channels].
        first: first seed.
        count: number of seeds.
    """
    last = first + count
    for start in range(first - first % BLOCK, last, BLOCK):
        block = images_of_seeds(tf.range(start, start + BLOCK, dtype=tf.int64))
        yield block[max(first - start, 0) : last - start]
