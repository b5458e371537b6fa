"""What the maps of a discriminator respond to, by guided backpropagation (paper, section 6.2, Figure 5).

For each map the real images to which it responds most strongly, and the gradient of exactly that response with respect
to the image. The gradient is guided (Springenberg, Dosovitskiy, Brox, Riedmiller, arXiv:1412.6806): on its way back
through each LeakyReLU it passes only where it is positive and the activation is positive, so it shows what the map
looks for and not what would suppress it. The forward pass is the network's own.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore.parts import layers
from dcgan_tf.explore.parts.discriminator import require_labels
from dcgan_tf.explore.parts.figure import Figure, Panel, signed_pictures
from dcgan_tf.metrics import arrays
from dcgan_tf.models import pixels
from dcgan_tf.progress import Progress

BLOCK = 64
"""Images are computed in whole blocks, so that a response depends little on the other images."""

FIRST_MAPS = 6  # as in Figure 5


@dataclass(frozen=True, eq=False)
class GuidedBackprop:
    """The strongest responses of some maps of one layer, each with its image, the strongest first.

    Attributes:
        layer: name of the convolution.
        maps: int [maps], their numbers.
        images: uint8 [maps, k, height, width, channels].
        gradients: float32 of that shape: of the response, with respect to the image in [-1, 1]. All zeros if the
            response is not positive.
        responses: float32 [maps, k], after the LeakyReLU.
        positions: int [maps, k, 2], row and column of the response in the map.
        rows: int [maps, k], numbers of the images among all that were searched.
    """

    layer: str
    maps: np.ndarray
    images: np.ndarray
    gradients: np.ndarray
    responses: np.ndarray
    positions: np.ndarray
    rows: np.ndarray

    @property
    def concentration(self) -> float:
        """The share of a gradient in the strongest tenth of the pixels that it reaches, the mean over all images.

        A pixel's strength is the sum of its channels' magnitudes. Pixels without any gradient do not count, so that the
        size of the receptive field plays no part and layers can be compared. 0.1 if all are equally strong, 1 for a
        single one, 0.2 to 0.3 for the noise of an untrained network; 0 if no image has a gradient.
        """
        strengths = np.abs(self.gradients).sum(axis=-1)
        shares = []
        for reached in (each[each > 0] for each in strengths.reshape(-1, strengths.shape[-2] * strengths.shape[-1])):
            if len(reached):
                strongest = np.sort(reached)[-math.ceil(len(reached) / 10) :]
                shares.append(strongest.sum() / reached.sum())
        return float(np.mean(shares)) if shares else 0.0

    @property
    def pictures(self) -> np.ndarray:
        """The gradients as uint8 images of the same shape, each on a scale of its own; zero is mid-gray."""
        flat = self.gradients.reshape(-1, *self.gradients.shape[-3:])
        largest = np.abs(flat[..., :3]).max(axis=(1, 2, 3), keepdims=True)
        return signed_pictures(flat, largest).reshape(self.gradients.shape)

    def summary(self, untrained: "GuidedBackprop | None" = None) -> str:
        """`concentration` in words, with that of the network before training."""
        words = f"{100 * self.concentration:.0f}% of the gradient lies in the strongest tenth of its pixels"
        return words if untrained is None else f"{words} ({100 * untrained.concentration:.0f}% before training)"

    def figure(self, untrained: "GuidedBackprop | None" = None, note: str = "") -> Figure:
        """A row for each map: its images, then their gradients; beside the same before training."""
        blocks = [] if untrained is None else [untrained._panel("before training")]
        blocks.append(self._panel("trained" if blocks else ""))
        title = f"Guided backpropagation: strongest responses of {self.layer}"
        return Figure(title, blocks, [self.summary(untrained), note], across=True)

    def _panel(self, title: str) -> Panel:
        rows = [np.concatenate(both) for both in zip(self.images, self.pictures, strict=True)]
        strongest = self.images.shape[1]
        columns = ["image"] * strongest + ["gradient"] * strongest
        return Panel(rows, title, [f"map {number}" for number in self.maps], columns)


def guided_backprop(
    discriminator: keras.Model,
    images: np.ndarray,
    labels: np.ndarray | None = None,
    layer: str | None = None,
    maps: Sequence[int] | None = None,
    strongest: int = 4,
) -> GuidedBackprop:
    """The images to which maps respond most strongly, and the guided gradients of these responses.

    Args:
        discriminator: see `prepared_discriminator`.
        images: uint8 [n, height, width, channels] to search; a memory map is read block by block.
        labels: int32 [n], their classes if the network is conditional, else None.
        layer: a convolution by name; None for the last.
        maps: their numbers, from 0; None for the first six.
        strongest: images for each map (k), with one position in each.

    Raises:
        ArgumentError: there is no such layer or map, or `strongest` is not between 1 and n.
        UserError: not a built-in network.
        ValueError: the labels do not fit.
    """
    layer = list(layers.convolutions(discriminator))[-1] if layer is None else layer
    activation = layers.activation(discriminator, layer)
    require_labels(discriminator, images, labels)
    if not 1 <= strongest <= len(images):
        raise ArgumentError("strongest", strongest, f"it must be from 1 to {len(images)}, the number of images")
    chosen = _chosen_maps(layer, activation.output.shape[3], maps)
    network = guided(discriminator, activation.name)
    responses, places = _responses(network, chosen, images, labels)
    order = np.argsort(-responses, axis=0, kind="stable")[:strongest]  # [k, maps], equal ones by their row
    responses, places = (np.take_along_axis(each, order, axis=0).T for each in (responses, places))
    rows, positions = order.T, np.stack(np.divmod(places, activation.output.shape[2]), axis=-1)
    which = np.broadcast_to(chosen[:, None, None], (*rows.shape, 1))
    targets = np.concatenate([positions, which], axis=-1).reshape(-1, 3)
    gradients = _gradients(network, targets, images, labels, rows.ravel()).reshape(*rows.shape, *images.shape[1:])
    found = np.stack([np.asarray(images[each]) for each in rows])
    return GuidedBackprop(layer, chosen, found, gradients, responses, positions, rows)


def guided(model: keras.Model, activation: str) -> keras.Model:
    """A network up to one of its layers, with its own weights and outputs, but with guided gradients."""

    def twin(layer: keras.layers.Layer) -> keras.layers.Layer:
        return _Guided.from_config(layer.get_config()) if isinstance(layer, keras.layers.LeakyReLU) else layer

    whole = keras.models.clone_model(model, clone_function=twin)
    return keras.Model(whole.inputs, whole.get_layer(activation).output)


class _Guided(keras.layers.LeakyReLU):
    """Only positive gradients of positive activations go back, without a leak."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        forward = super().call

        @tf.custom_gradient
        def apply(values: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            return forward(values), lambda slopes: tf.where((values > 0) & (slopes > 0), slopes, tf.zeros_like(slopes))

        return apply(inputs)


def _chosen_maps(layer: str, count: int, maps: Sequence[int] | None) -> np.ndarray:
    chosen = np.array(range(min(FIRST_MAPS, count)) if maps is None else maps, int)
    if not len(chosen) or not ((chosen >= 0) & (chosen < count)).all():
        value = ",".join(map(str, chosen))
        raise ArgumentError("maps", value, f"{layer} has {count} maps: choose some from 0 to {count - 1}")
    return chosen


def _responses(
    network: keras.Model, maps: np.ndarray, images: np.ndarray, labels: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The strongest response of each map within each image, and its row * width + column: [n, maps] each."""
    results = []
    with Progress(len(images), "images", "strongest responses") as progress:
        for inputs, part in _blocks(images, labels, np.arange(len(images))):
            count = part.stop - part.start
            values = network(models.inputs(*inputs), training=False)
            flat = tf.reshape(tf.gather(values[:count], maps, axis=3), [count, -1, len(maps)])
            results.append((tf.reduce_max(flat, axis=1).numpy(), tf.argmax(flat, axis=1).numpy()))
            progress.advance(count)
    responses, places = (np.concatenate(parts) for parts in zip(*results, strict=True))
    return responses, places


def _gradients(
    network: keras.Model, targets: np.ndarray, images: np.ndarray, labels: np.ndarray | None, rows: np.ndarray
) -> np.ndarray:
    """Guided gradients of one response in each of some images: targets [n, (row, column, map)] to float32 images."""
    results = []
    for (values, classes), part in _blocks(images, labels, rows):
        with tf.GradientTape() as tape:
            tape.watch(values)
            activations = network(models.inputs(values, classes), training=False)
        # In inference mode no image takes part in another's response: one pass for all.
        count = part.stop - part.start
        chosen = np.zeros(activations.shape, np.float32)
        chosen[(np.arange(count), *targets[part].T)] = 1.0
        results.append(tape.gradient(activations, values, output_gradients=tf.constant(chosen)).numpy()[:count])
    return np.concatenate(results)


def _blocks(
    images: np.ndarray, labels: np.ndarray | None, rows: np.ndarray
) -> Iterator[tuple[tuple[tf.Tensor, tf.Tensor | None], slice]]:
    """Some images with their labels, always 64 (the last one is repeated), and which of the rows they are."""
    for part in arrays.slices(len(rows), BLOCK):
        padded = np.pad(rows[part], (0, BLOCK - (part.stop - part.start)), mode="edge")
        classes = None if labels is None else tf.constant(labels[padded], tf.int32)
        yield (pixels.to_model_range(tf.constant(images[padded])), classes), part
