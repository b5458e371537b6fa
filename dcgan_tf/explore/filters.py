"""The filters next to the image, as images: what a discriminator looks for first and a generator paints with last."""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore.parts import layers
from dcgan_tf.explore.parts.figure import Figure, Panel, signed_pictures
from dcgan_tf.models import Generator

COLUMNS, COUNT = 16, 64


@dataclass(frozen=True, eq=False)
class Filters:
    """The filters of one layer, the strongest first.

    Attributes:
        images: float32 [filters, side, side, channels], the weights.
        maps: int [filters], the feature map that each belongs to.
        norms: float32 [filters], the root of the sum of squares of each.
    """

    images: np.ndarray
    maps: np.ndarray
    norms: np.ndarray

    @property
    def smoothness(self) -> float:
        """The correlation of neighboring weights, from -1 to 1; 0 if all weights are equal.

        Pearson's, over all pairs of weights of the same filter and channel that lie side by side or one above the
        other; strong filters count for more. Near 0 for weights drawn independently, as all are before training; above
        0 after edges, bars and blobs have formed, below 0 for checkerboards.
        """
        images = self.images
        one = np.concatenate([images[:, 1:].ravel(), images[:, :, 1:].ravel()]).astype(float)
        other = np.concatenate([images[:, :-1].ravel(), images[:, :, :-1].ravel()]).astype(float)
        return float(np.corrcoef(one, other)[0, 1]) if one.std() and other.std() else 0.0

    @property
    def pictures(self) -> np.ndarray:
        """uint8 [filters, side, side, channels], all on one scale, so that strong filters look strong.

        Zero is mid-gray, the largest magnitude of all is black or white. Of four channels only the colors are shown.
        """
        return signed_pictures(self.images, np.abs(self.images[..., :3]).max())

    def figure(self, count: int = COUNT, note: str = "") -> Figure:
        """The strongest filters in rows of 16."""
        return filters_figure({"": self}, count, note)


def filters(network: Generator | keras.Model) -> Filters:
    """The filters next to the image of a generator or a discriminator.

    Of a discriminator those of the first convolution: a map responds most to a piece of the image that looks like its
    filter. Of a generator those of the transposed convolution that makes the image: what one value of a map paints,
    before tanh bends the sum of all that is painted. Weights of the label maps of a conditional network are left out.

    Raises:
        ArgumentError: something else, such as the run that has them.
        UserError: not a built-in network.
    """
    if not isinstance(network, Generator | keras.Model):
        remedy = "give what `run.generator()` or `discriminator_of_run(...)` returns"
        raise ArgumentError("network", type(network).__name__, remedy)
    model = network.model if isinstance(network, Generator) else network
    if len(model.inputs[0].shape) == 2:
        classes = layers.built_in(model, "one_hot").output.shape[1] if len(model.inputs) > 1 else 0
        kernel = layers.built_in(model, "image").kernel.numpy()  # [side, side, channels, maps (+ classes)]
        kernel = kernel[..., : kernel.shape[3] - classes]
    else:
        first = next(iter(layers.convolutions(model)))
        kernel = model.get_layer(first).kernel.numpy()  # [side, side, channels (+ classes), maps]
        kernel = kernel[:, :, : model.inputs[0].shape[3]]
    images = np.moveaxis(kernel, 3, 0)
    norms = np.sqrt(np.square(images).sum(axis=(1, 2, 3)))
    order = np.argsort(-norms, kind="stable")
    return Filters(np.ascontiguousarray(images[order]), order, norms[order])


def filters_figure(networks: Mapping[str, Filters], count: int = COUNT, note: str = "") -> Figure:
    """The filters of several networks, one below the other, by their titles; at most `count` of each."""
    blocks = []
    for title, each in networks.items():
        shown = each.pictures[:count]
        rows = [shown[start : start + COLUMNS] for start in range(0, len(shown), COLUMNS)]
        blocks.append(Panel(rows, title, cell=40))
    return Figure("Filters next to the image", blocks, [note])
