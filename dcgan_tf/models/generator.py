"""Trained weights to images: the one way in which sample grids, `dcgan generate`, the API and exports make them."""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import files, images, seeds
from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.models import batch_norm, latent, networks, pixels

BLOCK = 64
"""Images are computed in whole blocks of seeds [64 k, 64 k + 64), so that an image never depends on who asked for it.

With other company in the batch the CPU's kernels sum in another order, and a pixel may change by one level.
"""

STATISTICS_BATCHES, STATISTICS_BATCH = 16, 128
CLASSES_SHOWN = 20


class Generator:
    """A float32 generator for sampling, whatever precision and devices it was trained with.

    Its batch-norm statistics are re-estimated whenever weights are loaded, and it always runs in inference mode, so
    an image depends on its own latent vector, its own label where there are labels, and the weights alone.

    Args:
        config: the networks' section of a configuration.
        class_names: of the classes of a conditional generator.
        model: the network, in float32; None builds the one that `config` describes.

    Attributes:
        model: the Keras model, z float32 [n, latent_dim] (or [z, label], label int32 [n]) to images float32
            [n, height, width, channels] in [-1, 1].
        step: generator updates that its weights were trained for; None where nobody has said.
        weights: "ema" for the moving average, "raw" for the last weights; None likewise.
    """

    def __init__(self, config: ModelConfig, class_names: Sequence[str] = (), model: keras.Model | None = None):
        self.config, self.class_names = config, tuple(class_names)
        self.model = networks.build_generator(config) if model is None else model
        self.step: int | None = None
        self.weights: str | None = None
        self._reestimate = batch_norm.Reestimator(self.model)

    def __repr__(self) -> str:
        height, width, channels = self.image_shape
        trained = "" if self.step is None else f", {self.weights} weights of step {self.step:,}"
        return f"<Generator of {height}x{width}x{channels} images{trained}>"

    @property
    def conditional(self) -> bool:
        """Whether images have a class."""
        return self.config.conditional

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.model.output_shape[1:]

    def latents(self, image_seeds: tf.Tensor) -> tf.Tensor:
        """int64 [n] to float32 [n, latent_dim]."""
        return latent.of_seeds(image_seeds, self.config.latent_dim, self.config.latent_distribution)

    def labels(self, image_seeds: tf.Tensor, label: int | str | None = None) -> tf.Tensor:
        """The classes of images: int64 [n] to int32 [n]; zeros where the generator is not conditional.

        Args:
            image_seeds: their seeds.
            label: one class for all, by number or name; None gives each seed its own, see `latent.labels_of_seeds`.

        Raises:
            ArgumentError: there is no such class.
        """
        if label is None:
            return latent.labels_of_seeds(image_seeds, max(1, self.config.classes))
        names = self.class_names or [str(number) for number in range(self.config.classes)]
        return tf.fill(tf.shape(image_seeds), tf.constant(class_number(label, names), tf.int32))

    def load(self, weights: dict[str, np.ndarray | tf.Variable]) -> None:
        """Takes trainable variables by "layer/variable" and re-estimates the batch-norm statistics.

        Raises:
            KeyError: when one is missing.
        """
        for name, variable in networks.named_variables(self.model, trainable_only=True).items():
            variable.assign(weights[name])
        self._reestimate(map(self._statistics_batch, range(STATISTICS_BATCHES)))

    def blocks(self, seeds: Iterable[int], label: int | str | None = None) -> Iterator[np.ndarray]:
        """Images of some seeds, a part at a time: uint8 [up to 64, height, width, channels].

        Args:
            seeds: in any order; whole ranges cost least, because images are computed in blocks of 64 seeds.
            label: the class of all of them, by number or name; None gives each seed its own (see `labels`).
        """
        return blocks(lambda block: self._generate(block, self.labels(block, label)).numpy(), seeds)

    def images(self, seeds: Sequence[int] = range(BLOCK), label: int | str | None = None) -> np.ndarray:
        """Images of some seeds, see `blocks`: uint8 [n, height, width, channels].

        Raises:
            ArgumentError: no seeds, a seed outside 0 to 2^62, or no such class.
        """
        return together(self, seeds, label)

    def samples(self, count: int) -> tuple[np.ndarray, int]:
        """The images of a sample grid: uint8 [about count, height, width, channels], and how many stand in a row.

        They are those of the seeds 0, 1, 2, ...; the grid is about square (0 in a row). A conditional generator's grid
        has a class in every row and a seed in every column.
        """
        if not self.config.classes:
            return self.images(range(count)), 0
        rows, columns = images.class_rows(self.config.classes, count)
        return np.concatenate([self.images(range(columns), label) for label in rows]), columns

    @functools.cached_property
    def _generate(self) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        """(seeds int64 [BLOCK], labels int32 [BLOCK]) to uint8 images; traced once for each generator."""

        @tf.function(input_signature=[tf.TensorSpec([BLOCK], tf.int64), tf.TensorSpec([BLOCK], tf.int32)])
        def generate(image_seeds: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
            inputs = self._inputs(self.latents(image_seeds), labels)
            return pixels.to_pixels(self.model(inputs, training=False))

        return generate.get_concrete_function()

    def _inputs(self, latents: tf.Tensor, labels: tf.Tensor) -> tf.Tensor | list[tf.Tensor]:
        return networks.inputs(latents, labels if self.config.classes else None)

    def _statistics_batch(self, number: int) -> tf.Tensor | list[tf.Tensor]:
        """Inputs number so-and-so of the re-estimation, all classes evenly."""
        config, size = self.config, STATISTICS_BATCH
        z = latent.draw(0, "statistics", number, size, config.latent_dim, config.latent_distribution)
        return self._inputs(z, self.labels(tf.range(number * size, (number + 1) * size, dtype=tf.int64)))


def class_number(label: int | str, names: Sequence[str]) -> int:
    """The number of a class, given its number or its name; a name goes before a number that is written like it.

    Raises:
        ArgumentError: there is no such class; the message lists those that there are.
    """
    if not isinstance(label, str) and (not hasattr(label, "__index__") or getattr(label, "shape", ())):
        raise ArgumentError("label", repr(label)[:60], "give one class, by its number or name")
    if isinstance(label, str) and label not in names:
        label = files.printable(label)  # as the names are
    if label in names:
        return list(names).index(label)
    numbers_are_names = isinstance(label, str) and all(map(str.isdecimal, names))  # then 3 is never another one
    if str(label).isdecimal() and int(label) < len(names) and not numbers_are_names:
        return int(label)
    if not names:
        raise ArgumentError("label", label, "this generator was trained without classes (`conditional=True`)")
    shown = [
        name if numbers_are_names or name == str(index) else f"{index} {name}"
        for index, name in enumerate(names[:CLASSES_SHOWN])
    ]
    more = f", ... up to {names[-1] if numbers_are_names else len(names) - 1}" if len(names) > CLASSES_SHOWN else ""
    raise ArgumentError("label", label, f"there is no such class; choose one of {', '.join(shown)}{more}")


def together(generator: "Generator", image_seeds: Sequence[int], label: int | str | None = None) -> np.ndarray:
    """All blocks of some seeds in one array, for anything that has `blocks`; see `Generator.images`."""
    return np.concatenate(list(generator.blocks(seeds.listed(image_seeds), label)))


def blocks(images_of_block: Callable[[tf.Tensor], np.ndarray], image_seeds: Iterable[int]) -> Iterator[np.ndarray]:
    """Images of seeds, computed in whole blocks and cut to what was asked for.

    Args:
        images_of_block: int64 [BLOCK] to uint8 [BLOCK, height, width, channels].
        image_seeds: in any order; successive ones of the same block are computed together.
    """
    for number, group in itertools.groupby(image_seeds, key=lambda seed: int(seed) // BLOCK):
        rows = [int(seed) % BLOCK for seed in group]
        yield images_of_block(tf.range(number * BLOCK, (number + 1) * BLOCK, dtype=tf.int64))[rows]
