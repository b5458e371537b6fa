"""The filters beside the image, as images: what a discriminator looks for first and a generator paints with last."""

from dataclasses import dataclass

import keras
import numpy as np

from dcgan_tf.config import ModelConfig
from dcgan_tf.models import pixels


@dataclass(frozen=True)
class Filters:
    """The filters of one layer, the strongest first.

    Attributes:
        images: float32 [filters, side, side, channels], the weights.
        indices: int [filters], which feature map each belongs to.
        norms: float32 [filters], the root of the sum of squares of each.
    """

    images: np.ndarray
    indices: np.ndarray
    norms: np.ndarray


def of_discriminator(config: ModelConfig, model: keras.Model) -> Filters:
    """Filters of the first convolution: a feature map responds most to a piece of the image that looks like its filter.

    Weights of the label maps of a conditional network are left out: they are no part of an image.
    """
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    kernel = first.kernel.numpy()  # [side, side, channels (+ classes), filters]
    return _strongest_first(np.moveaxis(kernel[:, :, : config.channels], 3, 0))


def of_generator(config: ModelConfig, model: keras.Model) -> Filters:
    """Filters of the transposed convolution that makes the image: what one value of a feature map paints.

    Before the tanh, which bends the sum of all that is painted. What the label maps of a conditional network paint is
    left out.
    """
    kernel = model.get_layer("image").kernel.numpy()  # [side, side, channels, feature maps (+ classes)]
    maps = kernel.shape[3] - (config.classes if config.conditional else 0)
    return _strongest_first(np.moveaxis(kernel[..., :maps], 3, 0))


def _strongest_first(images: np.ndarray) -> Filters:
    norms = np.sqrt(np.square(images).sum(axis=(1, 2, 3)))
    order = np.argsort(-norms, kind="stable")
    return Filters(np.ascontiguousarray(images[order]), order, norms[order])


def smoothness(images: np.ndarray) -> float:
    """The correlation of neighbouring weights, from -1 to 1.

    Pearson's, over all pairs of weights of the same filter and channel that lie side by side or one above the other.
    Near 0 for weights drawn independently, as all are before training; above 0 where edges, bars and blobs have
    formed, below 0 for checkerboards.

    Args:
        images: float32 [filters, side, side, channels], side at least 2; strong filters count for more.

    Returns:
        The correlation; 0 where all weights are equal.
    """
    one = np.concatenate([images[:, 1:].ravel(), images[:, :, 1:].ravel()]).astype(float)
    other = np.concatenate([images[:, :-1].ravel(), images[:, :, :-1].ravel()]).astype(float)
    if not (one.std() and other.std()):
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def pictures(images: np.ndarray) -> np.ndarray:
    """Filters to uint8 [filters, side, side, channels], all on one scale, so that strong filters look strong.

    Zero is mid grey, the largest magnitude of all is black or white. With four channels only the colours count and are
    shown, opaque.
    """
    return signed_pictures(images, np.abs(images[..., :3]).max())


def signed_pictures(values: np.ndarray, largest: np.ndarray | float) -> np.ndarray:
    """Values of both signs to uint8 of the same shape: zero to mid grey, plus and minus `largest` to 255 and 0.

    Args:
        values: float32 [n, height, width, channels]; a fourth channel is not shown, it becomes opaque.
        largest: the magnitude that is fully light or dark, one for all or [n, 1, 1, 1]; where it is 0, all is grey.
    """
    found = pixels.to_pixels(values / np.where(largest > 0, largest, 1.0)).numpy()
    if values.shape[-1] == 4:
        found[..., 3] = 255
    return found
