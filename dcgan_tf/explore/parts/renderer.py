"""Images at any point of a generator's latent space, also between seeds and between classes."""

import functools
from collections.abc import Callable, Iterable

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import seeds as image_seeds
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore.parts import layers
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.models import Generator, pixels
from dcgan_tf.models.generator import BLOCK, class_number

Label = int | str
Seeds = Points | Iterable[int | tuple[int, Label | None]]
"""Points, seeds, or (seed, label) pairs; a label is the number or the name of a class."""


class Renderer:
    """Runs a generator at any points.

    Args:
        generator: whose layers and weights are used; weights that it loads later count as well.

    Attributes:
        network: a Keras model of [z] or [z, classes] (float32 [n, latent_dim], [n, classes]) to images float32
            [n, height, width, channels] in [-1, 1]. Its classes are one-hot vectors, so that they can be mixed.
        classes: their number, 0 if the generator is not conditional.
        class_names: of as many classes.

    Raises:
        ArgumentError: something else than a generator, such as the run that has it.
        UserError: a conditional network that is not built in.
    """

    def __init__(self, generator: Generator):
        if not isinstance(generator, Generator):
            raise ArgumentError("generator", type(generator).__name__, "give what `run.generator()` returns")
        self.generator, self.classes, model = generator, generator.config.classes, generator.model
        self.class_names = generator.class_names if self.classes else ()
        self.class_names = self.class_names or tuple(map(str, range(self.classes)))
        mixture = [layers.built_in(model, "one_hot").output] if self.classes else []
        self.network = keras.Model([model.inputs[0], *mixture], model.outputs[0])
        self._images = tf.function(lambda values: self.network(values, training=False))

    def points(self, seeds: Seeds, label: Label | None = None) -> Points:
        """The points of image seeds: those of the images that `Generator.images` makes.

        Args:
            seeds: see `Seeds`. Points are returned as they are.
            label: class of the seeds that name none; None gives each its own, the seed modulo the number of classes.

        Raises:
            ArgumentError: no seeds, a seed outside 0 to 2^62, no such class, or points of another latent space.
        """
        if isinstance(seeds, Points):
            expected = self.generator.config.latent_dim, self.classes
            if not len(seeds) or (seeds.latents.shape[1], seeds.classes.shape[1]) != expected:
                words = f"this generator takes points with {expected[0]} latents and {expected[1]} classes"
                raise ArgumentError("seeds", seeds, words)
            return seeds
        pairs = [each if isinstance(each, tuple) else (each, label) for each in seeds]
        numbers = [int(seed) for seed, _ in pairs]
        if not numbers:
            raise ArgumentError("seeds", "", "name at least one")
        image_seeds.check(numbers)
        weights, names = np.zeros([len(pairs), self.classes], np.float32), [f"seed {seed}" for seed in numbers]
        for row, (seed, own) in enumerate(pairs):
            if self.classes or own is not None:
                number = seed % self.classes if own is None else class_number(own, self.class_names)
                weights[row, number] = 1.0
                names[row] += f" as {self.class_names[number]}"
        return Points(self.generator.latents(tf.constant(numbers, tf.int64)).numpy(), weights, tuple(names))

    def images(self, points: Points) -> np.ndarray:
        """float32 [n, height, width, channels] in [-1, 1]; an image does not depend on the others."""
        return self.in_blocks(points, self._images)

    def pixels(self, points: Points) -> np.ndarray:
        """uint8 [n, height, width, channels]; for a seed within one level of `Generator.images`."""
        return pixels.to_pixels(self.images(points)).numpy()

    def in_blocks(self, points: Points, compute: Callable[[list[tf.Tensor]], tf.Tensor]) -> np.ndarray:
        """Applies a function of the network's inputs to all points, always 64 at a time: [n, ...]."""
        results = []
        for start in range(0, len(points), BLOCK):
            part = points[start : start + BLOCK]
            values = [part.latents, part.classes] if self.classes else [part.latents]
            padded = [tf.constant(np.pad(each, ((0, BLOCK - len(part)), (0, 0)))) for each in values]
            results.append(compute(padded).numpy()[: len(part)])
        return np.concatenate(results)


@functools.lru_cache(maxsize=2)
def renderer_of(generator: Generator) -> Renderer:
    """The renderer of a generator; the last two are kept, so that a notebook traces the network once for all views."""
    return Renderer(generator)
