"""Differentiable augmentations of all images that the discriminator sees, by name.

Source: Zhao et al., 2020 (arXiv:2006.10738), with their ranges. Real and generated images pass the same kinds of
changes, and gradients go through them, so the generator does not learn the changes, and a small set of real images
cannot be learned by heart as easily.

What is random comes from outside: an image's changes are a function of numbers in [0, 1). TensorFlow is imported when
one is computed, so that a configuration can be checked without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcgan_tf.errors import ArgumentError

if TYPE_CHECKING:
    import tensorflow as tf

SHIFT, HOLE = 1 / 8, 1 / 2  # of a side; half a pixel is rounded up, as in the authors' code
NONE = "none"
"""The setting that augments nothing."""


@dataclass(frozen=True)
class Augmentation:
    """One kind of change.

    Attributes:
        numbers: how many random numbers it takes for each image.
        apply: (images float32 [n, height, width, channels] in [-1, 1], uniform float32 [n, numbers] in [0, 1)) to the
            changed images; colors may leave the range.
    """

    numbers: int
    apply: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def _color(images: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Brightness by up to a quarter of the range, saturation from 0 to 2, contrast from 0.5 to 1.5; alpha stays."""
    import tensorflow as tf

    brightness, saturation, contrast = (uniform[:, index, None, None, None] for index in range(3))
    colors = images[..., :3] + (brightness - 0.5)
    gray = tf.reduce_mean(colors, axis=3, keepdims=True)
    colors = gray + 2.0 * saturation * (colors - gray)
    mean = tf.reduce_mean(colors, axis=[1, 2, 3], keepdims=True)
    colors = mean + (0.5 + contrast) * (colors - mean)
    return tf.concat([colors, images[..., 3:]], axis=3) if images.shape[3] == 4 else colors


def _translation(images: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Shifts by up to 1/8 of each side; what comes in is 0, the middle of the range.

    A shift is a product with a matrix of zeros and ones. Its gradient is one as well, while that of gathering pixels
    would be a scatter, which adds in no fixed order.
    """
    import tensorflow as tf

    def shifts(axis: int) -> tf.Tensor:
        """[n, side, side]: row i has its one in column i - shift."""
        side = images.shape[1 + axis]
        furthest = int(side * SHIFT + 0.5)
        by = tf.cast(tf.floor(uniform[:, axis] * (2 * furthest + 1)), tf.int32) - furthest
        return tf.one_hot(tf.range(side)[None, :] - by[:, None], side)  # beyond the edge: a row of zeros

    images = tf.einsum("nij,njwc->niwc", shifts(0), images)
    return tf.einsum("nij,nhjc->nhic", shifts(1), images)


def _cutout(images: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """A hole of half of each side anywhere, also across the edge; it is 0, the middle of the range."""
    import tensorflow as tf

    def inside(axis: int) -> tf.Tensor:
        """[n, side]: whether a row or column crosses the hole."""
        side = images.shape[1 + axis]
        hole = int(side * HOLE + 0.5)
        first = tf.cast(tf.floor(uniform[:, axis] * (side + 1 - hole % 2)), tf.int32) - hole // 2
        places = tf.range(side)[None, :] - first[:, None]
        return tf.logical_and(places >= 0, places < hole)

    hole = tf.logical_and(inside(0)[:, :, None, None], inside(1)[:, None, :, None])
    return tf.where(hole, 0.0, images)


AUGMENTATIONS: dict[str, Augmentation] = {
    "color": Augmentation(3, _color),
    "translation": Augmentation(2, _translation),
    "cutout": Augmentation(2, _cutout),
}
"""In the order in which they are applied."""


def chosen(text: str) -> list[str]:
    """Keys of `AUGMENTATIONS`, from "color,cutout", each once and in their order; of "none" or "" there are none.

    Raises:
        ArgumentError: there is no such augmentation.
    """
    names = [name.strip() for name in text.split(",")] if text not in ("", NONE) else []
    if set(names) - set(AUGMENTATIONS):
        remedy = f"choose some of {', '.join(AUGMENTATIONS)}, separated by commas, or {NONE}"
        raise ArgumentError("augment", text, remedy)
    return [name for name in AUGMENTATIONS if name in names]


def numbers_needed(names: Sequence[str]) -> int:
    """How many random numbers one image takes."""
    return sum(AUGMENTATIONS[name].numbers for name in names)


def augmented(images: tf.Tensor, names: Sequence[str], uniform: tf.Tensor) -> tf.Tensor:
    """All changes of the named kinds; `uniform` is float32 [n, numbers_needed(names)] in [0, 1)."""
    start = 0
    for name in names:
        kind = AUGMENTATIONS[name]
        images = kind.apply(images, uniform[:, start : start + kind.numbers])
        start += kind.numbers
    return images
