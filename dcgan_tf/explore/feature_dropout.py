"""Forgetting to draw certain objects (paper, section 6.3.1): dropping the maps of a generator's layer that draw them.

The paper drew 52 boxes around the windows of 150 generated bedrooms. A logistic regression on the activations of the
"second highest" convolutional layer told positions inside the boxes from others of the same images; the 200 maps with
a positive weight were set to zero everywhere, and windows disappeared from new images or became other things.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dcgan_tf import seeds
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.explore.boxes import Box, covered
from dcgan_tf.explore.points import Points
from dcgan_tf.explore.rendering import Renderer

FOLDS = 5


def layers(renderer: Renderer) -> tuple[str, ...]:
    """Short names of the layers whose maps can be dropped, from z on: "project", "up1", "up2", ..."""
    return tuple(_activations(renderer))


def default_layer(renderer: Renderer) -> str:
    """The paper's "second highest" layer: "up1", or "project" where nothing but the image comes after that.

    Highest is what lies closest to z. This is our reading: the paper drops "200 in total", which fits the 512 maps of
    8x8 after the first transposed convolution of its Figure 1, and not the 128 of the last hidden layer. In networks of
    28 pixels "up1" is the last hidden layer, whose maps are pieces of strokes that all digits share.
    """
    found = layers(renderer)
    return found[1] if len(found) > 2 else found[0]


class FeatureDropout:
    """A generator in two parts, between which maps are dropped.

    Args:
        renderer: the generator.
        layer: one of `layers`; None for `default_layer`.

    Attributes:
        layer: its short name.
        shape: (height, width, maps) of the activations.
        image_shape: (height, width, channels).

    Raises:
        ArgumentError: there is no such layer; the message lists those that there are.
    """

    def __init__(self, renderer: Renderer, layer: str | None = None):
        found = _activations(renderer)
        self.renderer, self.layer = renderer, default_layer(renderer) if layer is None else layer
        if self.layer not in found:
            raise ArgumentError("layer", layer, f"there is no such layer; choose one of {', '.join(found)}")
        model, activations = renderer.generator.model, found[self.layer].output
        classes = [model.get_layer("one_hot").output] if renderer.classes else []
        first = keras.Model([model.inputs[0], *classes], activations)
        second = keras.Model([activations, *classes], model.outputs[0])
        self.shape: tuple[int, int, int] = tuple(activations.shape[1:])
        self.image_shape: tuple[int, int, int] = renderer.generator.image_shape
        self._activations = tf.function(lambda values: first(values, training=False))
        self._images = tf.function(
            lambda values, keep: second([first(values, training=False) * keep, *values[1:]], training=False)
        )

    def activations(self, points: Points) -> np.ndarray:
        """Activations of the layer, nothing dropped: float32 [n, height, width, maps]."""
        return self.renderer.in_blocks(points, self._activations)

    def images(self, points: Points, keep: np.ndarray | None = None) -> np.ndarray:
        """Images made with a part of the maps: float32 [n, image height, image width, channels] in [-1, 1].

        Computed in blocks of 64, as by the renderer, whose images they are where every map is kept.

        Args:
            points: of the images.
            keep: bool or float [maps], by which each map is multiplied at all positions; None keeps all.

        Raises:
            ValueError: it is not one number for each map.
        """
        factors = np.ones(self.shape[2], np.float32) if keep is None else np.asarray(keep, np.float32)
        if factors.shape != self.shape[2:]:
            raise ValueError(f"keep has shape {factors.shape}; {self.layer} has {self.shape[2]} maps")
        return self.renderer.in_blocks(points, lambda values: self._images(values, tf.constant(factors)))


@dataclass(frozen=True)
class Selection:
    """A logistic regression that tells positions inside the boxes from others by their activations.

    Attributes:
        weights: float64 [maps], of the activations after each map's are brought to mean 0 and variance 1.
        intercept: the regression's constant.
        means, deviations: float64 [maps], of the activations it was fitted to.
        selected: bool [maps], those with a positive weight: the ones to drop.
        accuracy: share of positions named rightly in images that the regression did not see, the mean of its shares for
            positions inside and outside: 0.5 is guessing.
        positives, negatives: number of positions inside and outside.
    """

    weights: np.ndarray
    intercept: float
    means: np.ndarray
    deviations: np.ndarray
    selected: np.ndarray
    accuracy: float
    positives: int
    negatives: int

    def strongest(self, count: int) -> np.ndarray:
        """At most so many of the selected maps, those with the largest weights: bool [maps]."""
        found = np.zeros_like(self.selected)
        found[np.argsort(-self.weights, kind="stable")[:count]] = True
        return found & self.selected

    def inside(self, activations: np.ndarray) -> np.ndarray:
        """Which positions the regression holds to be inside: [..., maps] to bool [...]."""
        scaled = self.weights / self.deviations
        return activations @ scaled + (self.intercept - self.means @ scaled) > 0.0


def selection(dropout: FeatureDropout, boxes: Sequence[Box], seed: int = 0) -> Selection:
    """The maps of a layer that are active in boxes rather than beside them.

    Positives are all positions inside the boxes of an image (see `boxes.covered`), each once. Negatives are random
    others of the same image, as many as its positives, or all of them where there are fewer.

    Args:
        dropout: the generator and its layer.
        boxes: in at least two images; a box without a label lies in the image of the seed's own class.
        seed: of the choice of negatives.

    Raises:
        UserError: boxes on a single image, or that leave no position outside.
    """
    positions = _positions(dropout, boxes)
    if len(positions) < 2:
        raise UserError(f"all boxes lie in one image, that of seed {boxes[0].seed}: draw some in others as well")
    images = list(positions)
    activations = dropout.activations(dropout.renderer.of_seeds(*zip(*images, strict=True)))
    inside, outside = [], []
    for number, (image, drawn) in enumerate(positions.items()):
        if drawn.all():
            raise UserError(
                f"the boxes in the image of seed {image[0]} cover all {drawn.size} positions of the layer "
                f"{dropout.layer}: draw smaller ones, or choose a layer of larger maps"
            )
        others = np.flatnonzero(~drawn)
        chosen = seeds.generator(seed, "feature_dropout_negatives", number).permutation(others)[: drawn.sum()]
        rows = activations[number].reshape(-1, dropout.shape[2])
        inside.append(rows[drawn.ravel()])
        outside.append(rows[np.sort(chosen)])
    return fitted(inside, outside)


def fitted(inside: Sequence[np.ndarray], outside: Sequence[np.ndarray]) -> Selection:
    """The selection for given activations; see `selection`.

    Args:
        inside: for each of two or more images the activations at positions inside its boxes, float32 [n, maps], n >= 1.
        outside: the same for positions outside.
    """
    activations = np.concatenate([*inside, *outside])
    truth = np.repeat([True, False], [sum(map(len, inside)), sum(map(len, outside))])
    images = np.concatenate(
        [np.full(len(rows), number) for part in (inside, outside) for number, rows in enumerate(part)]
    )
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    # Neighbouring positions are much alike: an image is either learned from or judged, never both.
    folds = GroupKFold(min(FOLDS, len(inside)))
    shares = cross_val_score(regression, activations, truth, groups=images, cv=folds, scoring="balanced_accuracy")
    scaler, linear = (step for _, step in regression.fit(activations, truth).steps)
    weights = linear.coef_[0]
    return Selection(
        weights=weights,
        intercept=float(linear.intercept_[0]),
        means=scaler.mean_,
        deviations=scaler.scale_,  # 1 for a map that is the same everywhere, whose weight is then 0
        selected=weights > 0.0,
        accuracy=float(shares.mean()),
        positives=int(truth.sum()),
        negatives=int((~truth).sum()),
    )


def as_many_at_random(selected: np.ndarray, seed: int = 0) -> np.ndarray:
    """A control: as many maps as are selected, chosen at random from all, bool [maps]."""
    return seeds.generator(seed, "feature_dropout_control", 0).permutation(selected)


@dataclass(frozen=True)
class Comparison:
    """Images made with and without some maps.

    Attributes:
        before, after: float32 [n, height, width, channels] in [-1, 1], with all maps and without the dropped ones.
        places: bool [n, height, width], the pixels that were looked at.
        inside, elsewhere: mean absolute change of a value of the images (0 to 2) in these places, and in all others;
            NaN where there are none.
    """

    before: np.ndarray
    after: np.ndarray
    places: np.ndarray
    inside: float
    elsewhere: float


def compare(dropout: FeatureDropout, dropped: np.ndarray, points: Points, places: np.ndarray) -> Comparison:
    """How images change when maps are dropped, and where.

    Args:
        dropout: the generator and its layer.
        dropped: bool [maps], the maps to set to zero.
        points: of the images, new ones as a rule.
        places: bool [n, rows, columns], where the object is expected in each image, on any grid; as a rule
            `selection.inside(dropout.activations(points))`.
    """
    before, after = dropout.images(points), dropout.images(points, ~dropped)
    pixels = _spread(places, dropout.image_shape[:2])
    changes = np.abs(after - before).mean(axis=3, dtype=np.float64)  # [n, height, width]
    inside, elsewhere = (float(changes[where].mean()) if where.any() else np.nan for where in (pixels, ~pixels))
    return Comparison(before, after, pixels, inside, elsewhere)


def _spread(places: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """[n, rows, columns] to the pixels for which each position stands, [n, height, width]."""
    rows, columns = (np.arange(size) * cells // size for size, cells in zip(image_size, places.shape[1:], strict=True))
    return places[:, rows[:, np.newaxis], columns]


def _activations(renderer: Renderer) -> dict[str, keras.layers.Layer]:
    """The layers [n, height, width, maps] by their short names, each where it is activated."""
    found = {}
    for layer in renderer.generator.model.layers:
        name = "project" if layer.name == "grid" else layer.name.removesuffix("_relu")
        # After "grid" the projection may be normalised and activated; else it was before, or never is.
        if layer.name == "grid" or (name != layer.name and len(layer.output.shape) == 4):
            found[name] = layer
    return found


def _positions(dropout: FeatureDropout, boxes: Sequence[Box]) -> dict[tuple[int, int | None], np.ndarray]:
    """Which positions lie in the boxes of each image, bool [height, width], by (seed, class)."""
    classes, found = dropout.renderer.classes, {}
    for box in boxes:
        label = box.seed % classes if classes and box.label is None else box.label  # one image has one name
        inside = covered(box, dropout.image_shape[:2], dropout.shape[:2])
        found[box.seed, label] = found.get((box.seed, label), False) | inside
    return found
