"""Where something responds in generated images, and boxes around these places: objects that nobody had to draw.

Response maps [n, grid height, grid width] come from a feature of a discriminator, from a class of this package's
classifier or from a map of the generator itself; `boxes_around` turns them into what `feature_dropout` learns from.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import scipy.ndimage
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation.features.classifier import Classifier
from dcgan_tf.explore.boxes import Box
from dcgan_tf.explore.critic import activation_of, require_labels
from dcgan_tf.explore.feature_dropout import FeatureDropout
from dcgan_tf.explore.points import Points
from dcgan_tf.explore.rendering import Renderer
from dcgan_tf.geometry import Size
from dcgan_tf.progress import Progress

PART = 64  # images computed at once
SHARE = 0.5
MOST = 0.5  # of the area of an image


def of_discriminator(
    discriminator: keras.Model, layer: str, feature: int, images: np.ndarray, labels: np.ndarray | None = None
) -> np.ndarray:
    """Activations of one feature of a discriminator's layer after its LeakyReLU: float32 [n, grid height, grid width].

    Args:
        discriminator: as `critic.inspected_discriminator` makes it.
        layer: its short name, "down1", "down2", ... (and "refine1", ...).
        feature: number of the feature, from 0.
        images: float32 [n, height, width, channels] in [-1, 1].
        labels: int32 [n] for a conditional discriminator, else None.

    Raises:
        ArgumentError: no such layer or feature; the message says which there are.
        ValueError: labels for a discriminator without classes, or none for one with them.
    """
    require_labels(discriminator, images, labels)
    activations = discriminator.get_layer(activation_of(discriminator, layer)).output
    _check_number("feature", feature, activations.shape[3], f"features of {layer}")
    inner = keras.Model(discriminator.inputs, activations)
    values = [images] if labels is None else [images, np.asarray(labels, np.int32)]
    return _in_parts(lambda *part: inner(models.inputs(*part), training=False)[..., feature], values)


def of_class(classifier: Classifier, number: int, images: np.ndarray) -> np.ndarray:
    """Evidence for a class, at the positions of the classifier's last convolution: float32 [n, height, width], >= 0.

    The activations times the derivative of the class's logit, summed over the filters; what speaks against the class is
    left out. Grad-CAM (Selvaraju et al., 2017) first takes the mean of the derivatives over all positions, which suits
    networks that average over them; this one has dense layers, which treat each position by itself, and so does
    this sum (HiResCAM; Draelos and Carin, 2020).

    Args:
        classifier: of the data set that the generator was trained on.
        number: of the class.
        images: float32 [n, height, width, channels] in [-1, 1].

    Raises:
        ArgumentError: there is no such class.
    """
    _check_number("class", number, classifier.classes, "classes")
    chain = classifier.network.layers
    convolutions_end = 1 + max(place for place, each in enumerate(chain) if isinstance(each, keras.layers.Conv2D))
    first, rest = keras.Sequential(chain[:convolutions_end]), keras.Sequential(chain[convolutions_end:])

    def evidence(values: tf.Tensor) -> tf.Tensor:
        activations = first(values, training=False)
        with tf.GradientTape() as tape:
            tape.watch(activations)
            logit = rest(activations, training=False)[:, number]
        return tf.nn.relu(tf.reduce_sum(activations * tape.gradient(logit, activations), axis=3))

    return _in_parts(evidence, [images])


def of_generator(renderer: Renderer, layer: str | None, number: int, points: Points) -> np.ndarray:
    """Activations of one map of the generator itself: float32 [n, grid height, grid width].

    Args:
        renderer: the generator.
        layer: one of `feature_dropout.layers`; None for the paper's.
        number: of the map, from 0.
        points: of the images.

    Raises:
        ArgumentError: no such layer or map; the message says which there are.
    """
    dropout = FeatureDropout(renderer, layer)
    _check_number("map", number, dropout.shape[2], f"maps of {dropout.layer}")
    return dropout.activations(points)[..., number]


def boxes_around(
    responses: np.ndarray,
    images: Sequence[tuple[int, int | None]],
    image_size: Size,
    count: int,
    share: float = SHARE,
) -> tuple[Box, ...]:
    """A box each in the images that respond most.

    It surrounds the positions that are connected (side by side) to the image's largest response and have at least a
    share of it, and is as large in pixels as the part of the image for which they stand. Images of which it would be
    more than half are passed over: with so little beside the object there is nothing to tell it from.

    Args:
        responses: float [n, grid height, grid width].
        images: (seed, class) of each; the class None for the seed's own, and where there are none.
        image_size: height and width.
        count: of boxes, at least 1; fewer where fewer images have a positive response.
        share: above 0, at most 1.

    Returns:
        From the largest response to the smallest.

    Raises:
        ArgumentError: the share is not one.
        UserError: nothing responds, or everything does.
        ValueError: no boxes are asked for.
    """
    if count < 1:
        raise ValueError(f"count={count}: at least one box")
    if not 0.0 < share <= 1.0:
        raise ArgumentError("share", share, "it must be above 0 and at most 1")
    peaks = responses.reshape(len(responses), -1).max(axis=1)
    strongest_first = [row for row in np.argsort(-peaks, kind="stable") if peaks[row] > 0.0]
    if not strongest_first:
        raise UserError(f"nothing responds in any of {len(responses)} images: choose something else")
    found = []
    for row in strongest_first:
        box = _box(responses[row], *images[row], image_size, share)
        if (box.right - box.left) * (box.bottom - box.top) <= MOST * image_size[0] * image_size[1]:
            found.append(box)
        if len(found) == count:
            break
    if not found:
        raise UserError("more than half of each image responds: choose something else, or a larger share of the peak")
    return tuple(found)


def _box(response: np.ndarray, seed: int, label: int | None, image_size: Size, share: float) -> Box:
    parts, _ = scipy.ndimage.label(response >= share * response.max())
    peak = parts[np.unravel_index(response.argmax(), response.shape)]
    rows, columns = scipy.ndimage.find_objects(parts)[peak - 1]
    (height, width), (tall, wide) = image_size, response.shape
    left, right = columns.start * width // wide, -(-columns.stop * width // wide)
    top, bottom = rows.start * height // tall, -(-rows.stop * height // tall)
    return Box(int(seed), left, top, right, bottom, None if label is None else int(label))


def _in_parts(compute: Callable[..., tf.Tensor], values: Sequence[np.ndarray]) -> np.ndarray:
    """What a function makes of arrays [n, ...], a part at a time."""
    found, computed = [], tf.function(compute, reduce_retracing=True)
    with Progress(len(values[0]), "images", "responses") as progress:
        for start in range(0, len(values[0]), PART):
            part = [tf.constant(each[start : start + PART]) for each in values]
            found.append(computed(*part).numpy())
            progress.advance(len(part[0]))
    return np.concatenate(found)


def _check_number(name: str, number: int, count: int, things: str) -> None:
    if not 0 <= number < count:
        raise ArgumentError(name, number, f"the {things} are counted from 0 to {count - 1}")
