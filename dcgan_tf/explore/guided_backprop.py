"""What the features of a discriminator respond to, by guided backpropagation (paper, section 6.2, Figure 5).

For each feature the real images to which it responds most strongly, and the gradient of exactly that response with
respect to the image. The gradient is guided (Springenberg, Dosovitskiy, Brox, Riedmiller, arXiv:1412.6806): on its
way back through each LeakyReLU only what is positive and meets a positive activation goes on, so that it shows what
the feature looks for and not what would suppress it. The way forward is the network's own.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import critic, filters
from dcgan_tf.models import pixels
from dcgan_tf.progress import Progress

BLOCK = 64
"""Images are computed in whole blocks, so that a response depends little on which others are looked at."""

FEATURES = 6
"""Figure 5 shows the first six features."""


@dataclass(frozen=True)
class GuidedGradients:
    """The strongest responses of some features of one layer, each with its image, the strongest first.

    Attributes:
        layer: name of the convolution.
        features: int [features], the numbers of its features.
        images: uint8 [features, k, height, width, channels].
        gradients: float32 of that shape: of the response, with respect to the image in [-1, 1]. All zeros where the
            response is not positive.
        responses: float32 [features, k], behind the LeakyReLU.
        positions: int [features, k, 2], row and column of the response in the feature map.
        rows: int [features, k], which of the images that were looked at.
    """

    layer: str
    features: np.ndarray
    images: np.ndarray
    gradients: np.ndarray
    responses: np.ndarray
    positions: np.ndarray
    rows: np.ndarray


def guided_gradients(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray | None = None,
    layer: str | None = None,
    features: Sequence[int] | None = None,
    strongest: int = 4,
) -> GuidedGradients:
    """The images to which features respond most strongly, and the guided gradients of these responses.

    Args:
        model: a discriminator, see `critic.inspected_discriminator`.
        images: uint8 [n, height, width, channels], those that are looked at; a memory map is read block by block.
        labels: int32 [n], their classes where the network is conditional, else None.
        layer: a convolution by name; None for the last.
        features: their numbers, from 0 on; None for the first six.
        strongest: images for each feature (k), with one position in each.

    Raises:
        ArgumentError: there is no such layer or feature.
        ValueError: `strongest` is not between 1 and n, or the labels do not fit.
    """
    critic.require_labels(model, images, labels)
    if not 1 <= strongest <= len(images):
        raise ValueError(f"{strongest} strongest of {len(images)} images")
    layer, activation = _convolution(model, layer)
    chosen = _features(model, layer, features)
    responses, places = _responses(model, activation, chosen, images, labels)
    order = np.argsort(-responses, axis=0, kind="stable")[:strongest]  # [k, features], equal ones by their row
    responses, places = (np.take_along_axis(each, order, axis=0).T for each in (responses, places))
    rows, positions = order.T, np.stack(np.divmod(places, _width(model, activation)), axis=-1)
    return GuidedGradients(
        layer=layer,
        features=chosen,
        images=np.stack([np.asarray(images[each]) for each in rows]),
        gradients=_gradients(model, activation, chosen, images, labels, rows, positions),
        responses=responses,
        positions=positions,
        rows=rows,
    )


def _convolution(model: keras.Model, layer: str | None) -> tuple[str, str]:
    """The convolution that is meant, and the LeakyReLU behind it."""
    layer = list(critic.convolutions(model))[-1] if layer is None else layer
    return layer, critic.activation_of(model, layer)


def _features(model: keras.Model, layer: str, features: Sequence[int] | None) -> np.ndarray:
    count = model.get_layer(layer).filters
    chosen = np.array(range(min(FEATURES, count)) if features is None else features, int)
    if not len(chosen) or not ((chosen >= 0) & (chosen < count)).all():
        given = ",".join(map(str, chosen))
        raise ArgumentError("features", given, f"{layer} has {count} features: choose some from 0 to {count - 1}")
    return chosen


def _width(model: keras.Model, activation: str) -> int:
    return model.get_layer(activation).output.shape[2]


def _responses(
    model: keras.Model, activation: str, features: np.ndarray, images: np.ndarray, labels: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The strongest response of each feature within each image, and where: float32 and int64 [n, features].

    Where: row * width + column.
    """
    found = []
    with Progress(len(images), "images", f"strongest responses of {activation}") as progress:
        for rows, count in _blocks(np.arange(len(images))):
            maps = guided_activations(model, activation, models.inputs(*_block(images, labels, rows)))
            flat = tf.reshape(tf.gather(maps[:count], features, axis=3), [count, -1, len(features)])
            found.append((tf.reduce_max(flat, axis=1).numpy(), tf.argmax(flat, axis=1).numpy()))
            progress.advance(count)
    responses, places = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return responses, places


def _gradients(
    model: keras.Model,
    activation: str,
    features: np.ndarray,
    images: np.ndarray,
    labels: np.ndarray | None,
    rows: np.ndarray,
    positions: np.ndarray,
) -> np.ndarray:
    """Guided gradients of one response each: rows [features, k], positions [features, k, 2] to float32 images."""
    which = np.broadcast_to(features[:, None, None], (*rows.shape, 1))
    places = np.concatenate([positions, which], axis=-1).reshape(-1, 3)
    found = []
    for numbers, count in _blocks(np.arange(rows.size)):
        values, classes = _block(images, labels, rows.ravel()[numbers])
        with tf.GradientTape() as tape:
            tape.watch(values)
            maps = guided_activations(model, activation, models.inputs(values, classes))
        # In inference mode no image has a part in another's response: one pass for all.
        chosen = np.zeros(maps.shape, np.float32)
        chosen[(np.arange(len(numbers)), *places[numbers].T)] = 1.0
        found.append(tape.gradient(maps, values, output_gradients=tf.constant(chosen)).numpy()[:count])
    return np.concatenate(found).reshape(*rows.shape, *images.shape[1:])


def _blocks(numbers: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Always 64 of them, the last one repeated at the end, and how many count."""
    for start in range(0, len(numbers), BLOCK):
        part = numbers[start : start + BLOCK]
        yield np.pad(part, (0, BLOCK - len(part)), mode="edge"), len(part)


def _block(images: np.ndarray, labels: np.ndarray | None, rows: np.ndarray) -> tuple[tf.Tensor, tf.Tensor | None]:
    values = pixels.to_model_range(tf.constant(images[rows]))
    return values, None if labels is None else tf.constant(labels[rows], tf.int32)


def guided_activations(model: keras.Model, activation: str, inputs: tf.Tensor | list[tf.Tensor]) -> tf.Tensor:
    """What leaves a layer, float32 [n, h, w, filters]: the network's own, but with guided gradients.

    Args:
        model: a Sequential or functional discriminator in float32, each of whose layers is used once.
        activation: name of the layer; in inference mode, as all before it.
        inputs: what the network is called with.
    """
    values = {id(symbol): value for symbol, value in zip(model.inputs, tf.nest.flatten(inputs), strict=True)}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        arguments = tf.nest.map_structure(lambda symbol: values[id(symbol)], layer.input)
        if isinstance(layer, keras.layers.LeakyReLU):
            outputs = _guided(layer)(arguments)
        else:
            outputs = layer(arguments, training=False)
        if layer.name == activation:
            return outputs
        values[id(layer.output)] = outputs
    raise ValueError(f"no layer {activation}")


def _guided(layer: keras.layers.LeakyReLU) -> Callable[[tf.Tensor], tf.Tensor]:
    """The layer, through which only positive gradients of positive activations go back, without a leak."""

    @tf.custom_gradient
    def apply(inputs: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        def back(gradients: tf.Tensor) -> tf.Tensor:
            return tf.where((inputs > 0) & (gradients > 0), gradients, tf.zeros_like(gradients))

        return layer(inputs), back

    return apply


def concentration(gradients: np.ndarray) -> float:
    """How much of a gradient stands in few pixels: the share of the strongest tenth of those that it reaches.

    A pixel's strength is the sum of its channels' magnitudes. Pixels without any gradient do not count, so that the
    size of the feature's receptive field has no part in it, and layers can be compared. 0.1 where all are equally
    strong; 1 where a single one is; 0.2 to 0.3 for the noise of an untrained network.

    Args:
        gradients: float32 [..., height, width, channels].

    Returns:
        The mean over all images that have a gradient; 0 where none has.
    """
    strengths = np.abs(gradients).sum(axis=-1).reshape(-1, gradients.shape[-3] * gradients.shape[-2])
    shares = []
    for reached in (each[each > 0] for each in strengths):
        if len(reached):
            strongest = np.sort(reached)[-math.ceil(len(reached) / 10) :]
            shares.append(strongest.sum() / reached.sum())
    return float(np.mean(shares)) if shares else 0.0


def pictures(gradients: np.ndarray) -> np.ndarray:
    """Gradients to uint8 of the same shape, [..., height, width, channels], each on a scale of its own.

    Zero is mid grey, the largest magnitude of the image is black or white. With four channels only the colours count
    and are shown, opaque.
    """
    flat = gradients.reshape(-1, *gradients.shape[-3:])
    largest = np.abs(flat[..., :3]).max(axis=(1, 2, 3), keepdims=True)
    return filters.signed_pictures(flat, largest).reshape(gradients.shape)
