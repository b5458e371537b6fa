"""Points to images, also where a point lies between seeds and between classes."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.explore.points import Points
from dcgan_tf.models import pixels
from dcgan_tf.models.generator import BLOCK, Generator


class Renderer:
    """Runs a generator at any points of its latent space.

    Attributes:
        generator: what it was made from.
        network: a functional Keras model of [z] or [z, classes] (float32 [n, latent_dim], [n, classes]) to images
            float32 [n, height, width, channels] in [-1, 1]. Its layers and weights are those of the generator; the
            one-hot label is an input, so that classes can be mixed.
    """

    def __init__(self, generator: Generator):
        self.generator, model = generator, generator.model
        inputs = model.inputs[:1] + ([model.get_layer("one_hot").output] if generator.conditional else [])
        self.network = keras.Model(inputs, model.outputs[0], name="rendered")
        self._images = tf.function(lambda values: self.network(values, training=False))

    @property
    def classes(self) -> int:
        """Number of classes; 0 where the generator is not conditional."""
        return self.generator.config.classes if self.generator.conditional else 0

    def of_seeds(self, seeds: Sequence[int], labels: Sequence[int | None] | None = None) -> Points:
        """The points of image seeds, those that `generate.py` shows.

        Args:
            seeds: n whole numbers from 0 on.
            labels: a class for each; None gives a seed its own, the seed modulo the number of classes.

        Raises:
            ValueError: there is no such class.
        """
        latents = self.generator.latents(tf.constant(list(seeds), tf.int64)).numpy()
        weights = np.zeros([len(latents), self.classes], np.float32)
        for row, (seed, label) in enumerate(zip(seeds, labels or [None] * len(latents), strict=True)):
            if label is not None and not 0 <= label < self.classes:
                raise ValueError(f"class {label}: this generator has {self.classes}")
            if self.classes:
                weights[row, seed % self.classes if label is None else label] = 1.0
        return Points(latents, weights)

    def images(self, points: Points) -> np.ndarray:
        """float32 [n, height, width, channels] in [-1, 1]; an image does not depend on how many are asked for."""
        return self.in_blocks(points, self._images)

    def in_blocks(self, points: Points, compute: Callable[[list[tf.Tensor]], tf.Tensor]) -> np.ndarray:
        """What a function makes of all points, [n, ...]; it is always given what the network takes, for 64 points."""
        found = []
        for start in range(0, len(points), BLOCK):
            part = points[start : start + BLOCK]
            given = [part.latents, part.classes] if self.classes else [part.latents]
            padded = [tf.constant(np.pad(each, ((0, BLOCK - len(part)), (0, 0)))) for each in given]
            found.append(compute(padded).numpy()[: len(part)])
        return np.concatenate(found)

    def pixels(self, points: Points) -> np.ndarray:
        """uint8 [n, height, width, channels]; those of a seed differ from `generate.py`'s by one level at most."""
        return pixels.to_pixels(self.images(points)).numpy()
