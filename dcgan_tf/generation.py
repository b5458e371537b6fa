"""Trained weights to images: the one way in which sample grids, `generate.py` and everything later makes them."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from dcgan_tf import batch_norm, models, pixels, seeds
from dcgan_tf.config import ModelConfig

BLOCK = 64
"""Images are computed in whole blocks of seeds [64 k, 64 k + 64), so that an image never depends on who asked for it.

With other company in the batch the CPU's kernels sum in another order, and a pixel may change by one level.
"""

STATISTICS_BATCHES, STATISTICS_BATCH = 16, 128


class InferenceGenerator:
    """A float32 generator for sampling, whatever precision and devices it was trained with.

    Its batch-norm statistics are re-estimated whenever weights are loaded, and it always runs in inference mode, so
    an image depends on its own latent vector and the weights alone.

    Attributes:
        model: the Keras model, z float32 [n, latent_dim] to images float32 [n, height, width, channels] in [-1, 1].
    """

    def __init__(self, config: ModelConfig):
        self.config = config
        self.model = models.build_generator(config)
        self._reestimate = batch_norm.Reestimator(self.model)
        self._generate = tf.function(
            lambda image_seeds: pixels.to_pixels(self.model(self.latents(image_seeds), training=False)),
            input_signature=[tf.TensorSpec([BLOCK], tf.int64)],
        )

    def latents(self, image_seeds: tf.Tensor) -> tf.Tensor:
        """int64 [n] to float32 [n, latent_dim]."""
        return seeds.latents_of_images(image_seeds, self.config.latent_dim, self.config.latent_law)

    def load(self, weights: dict[str, np.ndarray | tf.Variable]) -> None:
        """Takes trainable variables by "layer/variable" and re-estimates the batch-norm statistics.

        Raises:
            KeyError: when one is missing.
        """
        for layer in self.model.layers:
            for variable in layer.trainable_variables:
                variable.assign(weights[f"{layer.name}/{variable.name}"])
        self._reestimate(
            seeds.latents(0, "statistics", number, STATISTICS_BATCH, self.config.latent_dim, self.config.latent_law)
            for number in range(STATISTICS_BATCHES)
        )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.model.output_shape[1:]

    def blocks(self, first: int, count: int) -> Iterator[np.ndarray]:
        """Images of the seeds [first, first + count), a part at a time: uint8 [up to 64, height, width, channels]."""
        return blocks(lambda image_seeds: self._generate(image_seeds).numpy(), first, count)

    def images(self, first: int, count: int) -> np.ndarray:
        """Images of the seeds [first, first + count): uint8 [count, height, width, channels]."""
        return np.concatenate(list(self.blocks(first, count)))


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
