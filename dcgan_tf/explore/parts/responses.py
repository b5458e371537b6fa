"""Where something responds in generated images, and boxes around these places: objects that nobody had to draw.

Responses [n, grid height, grid width] are those of a map of a discriminator, of a class of this package's classifier,
or of a map of the generator itself. `boxes_around` turns them into what `feature_dropout` learns from.
"""

from collections.abc import Callable, Iterable, Sequence

import keras
import numpy as np
import scipy.ndimage
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation.features import Classifier
from dcgan_tf.explore.parts import layers
from dcgan_tf.explore.parts.boxes import Box
from dcgan_tf.explore.parts.discriminator import require_labels
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.explore.parts.split import SplitGenerator
from dcgan_tf.geometry import Size
from dcgan_tf.metrics import arrays
from dcgan_tf.models import Generator
from dcgan_tf.progress import Progress

PART = 64  # images computed at once
LARGEST_BOX = 0.5  # of the area of an image


def discriminator_responses(
    discriminator: keras.Model, layer: str, number: int, images: np.ndarray, labels: np.ndarray | None = None
) -> np.ndarray:
    """Activations of one map of a discriminator, after the LeakyReLU: float32 [n, grid height, grid width].

    Args:
        discriminator: a built-in one, see `prepared_discriminator`.
        layer: a convolution by name, "down1", "down2", ... (and "refine1", ...).
        number: of the map, from 0.
        images: float32 [n, height, width, channels] in [-1, 1].
        labels: int32 [n] for a conditional discriminator, else None.

    Raises:
        ArgumentError: no such layer or map; the message lists all.
        ValueError: the labels do not fit.
    """
    activations = layers.activation(discriminator, layer).output
    require_labels(discriminator, images, labels)
    _check_number("map", number, activations.shape[3], f"maps of {layer}")
    inner = keras.Model(discriminator.inputs, activations)
    values = [images] if labels is None else [images, np.asarray(labels, np.int32)]
    return _in_parts(lambda *part: inner(models.inputs(*part), training=False)[..., number], values)


def class_responses(classifier: Classifier, label: int, images: np.ndarray) -> np.ndarray:
    """Evidence for a class at the positions of the classifier's last convolution: float32 [n, height, width], >= 0.

    The activations times the derivative of the class's logit, summed over the maps; evidence against the class is left
    out. Grad-CAM (Selvaraju et al., 2017) first takes the mean of the derivatives over all positions, which suits
    networks that average over them. This classifier has dense layers, which treat each position by itself, and so does
    this sum (HiResCAM; Draelos and Carin, 2020).

    Args:
        classifier: of the data set that the generator was trained on.
        label: number of the class.
        images: float32 [n, height, width, channels] in [-1, 1].

    Raises:
        ArgumentError: there is no such class.
    """
    _check_number("label", label, classifier.classes, "classes")
    chain = classifier.network.layers
    end = 1 + max(place for place, layer in enumerate(chain) if isinstance(layer, keras.layers.Conv2D))
    first, rest = keras.Sequential(chain[:end]), keras.Sequential(chain[end:])

    def evidence(values: tf.Tensor) -> tf.Tensor:
        activations = first(values, training=False)
        with tf.GradientTape() as tape:
            tape.watch(activations)
            logit = rest(activations, training=False)[:, label]
        return tf.nn.relu(tf.reduce_sum(activations * tape.gradient(logit, activations), axis=3))

    return _in_parts(evidence, [images])


def generator_responses(generator: Generator, layer: str | None, number: int, points: Points) -> np.ndarray:
    """Activations of one map of the generator itself: float32 [n, grid height, grid width].

    Raises:
        ArgumentError: no such layer ("project", "up1", "up2", ...; None for the paper's) or map, counted from 0.
    """
    split = SplitGenerator(generator, layer)
    _check_number("map", number, split.shape[2], f"maps of {split.layer}")
    return split.activations(points)[..., number]


def boxes_around(
    responses: np.ndarray,
    seeds: Iterable[int | tuple[int, int | None]],
    image_size: Size,
    count: int = 52,
    share: float = 0.5,
) -> tuple[Box, ...]:
    """One box in each of the images that respond most.

    It surrounds the positions that are connected (side by side) to the image's largest response and have at least a
    share of it, and is as large in pixels as the part of the image that they stand for. Images of which it would be
    more than half are passed over: they leave too little beside the object to tell it from.

    Args:
        responses: float [n, grid height, grid width].
        seeds: n seeds or (seed, label) pairs, those of the images.
        image_size: height and width.
        count: of boxes, at least 1 (the paper: 52); fewer if fewer images have a positive response.
        share: above 0, at most 1.

    Returns:
        From the largest response to the smallest.

    Raises:
        ArgumentError: `share` or `count` is out of range.
        UserError: nothing responds, or everything does.
    """
    if count < 1:
        raise ArgumentError("count", count, "it must be at least 1")
    if not 0.0 < share <= 1.0:
        raise ArgumentError("share", share, "it must be above 0 and at most 1")
    pairs = [each if isinstance(each, tuple) else (each, None) for each in seeds]
    peaks = responses.reshape(len(responses), -1).max(axis=1)
    strongest_first = [row for row in np.argsort(-peaks, kind="stable") if peaks[row] > 0.0]
    if not strongest_first:
        raise UserError(f"nothing responds in any of {len(responses)} images: choose something else")
    boxes = (_box(responses[row], *pairs[row], image_size, share) for row in strongest_first)
    most = LARGEST_BOX * image_size[0] * image_size[1]
    small = [box for box in boxes if (box.right - box.left) * (box.bottom - box.top) <= most]
    if not small:
        raise UserError("more than half of each image responds: choose something else, or a larger share of the peak")
    return tuple(small[:count])


def _box(response: np.ndarray, seed: int, label: int | None, image_size: Size, share: float) -> Box:
    parts, _ = scipy.ndimage.label(response >= share * response.max())
    peak = parts[np.unravel_index(response.argmax(), response.shape)]
    rows, columns = scipy.ndimage.find_objects(parts)[peak - 1]
    (height, width), (tall, wide) = image_size, response.shape
    left, right = columns.start * width // wide, -(-columns.stop * width // wide)
    top, bottom = rows.start * height // tall, -(-rows.stop * height // tall)
    return Box(int(seed), left, top, right, bottom, None if label is None else int(label))


def _in_parts(compute: Callable[..., tf.Tensor], values: Sequence[np.ndarray]) -> np.ndarray:
    """Applies a function to arrays [n, ...], a part at a time."""
    results, traced = [], tf.function(compute, reduce_retracing=True)
    with Progress(len(values[0]), "images", "responses") as progress:
        for part in arrays.slices(len(values[0]), PART):
            results.append(traced(*(tf.constant(each[part]) for each in values)).numpy())
            progress.advance(part.stop - part.start)
    return np.concatenate(results)


def _check_number(name: str, number: int, count: int, things: str) -> None:
    if not 0 <= number < count:
        raise ArgumentError(name, number, f"the {things} are counted from 0 to {count - 1}")
