"""Forgetting to draw certain objects (paper, section 6.3.1): dropping the maps of a generator's layer that draw them.

The paper drew 52 boxes around the windows of 150 generated bedrooms. A logistic regression on the activations of the
"second highest" convolutional layer told positions inside the boxes from others of the same images. The 200 maps with
a positive weight were set to zero everywhere, and windows disappeared from new images or became other things.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dcgan_tf import seeds as random_seeds
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.explore.parts.boxes import Box, covered, read_boxes
from dcgan_tf.explore.parts.figure import Figure, Panel
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.explore.parts.renderer import Seeds
from dcgan_tf.explore.parts.split import SplitGenerator
from dcgan_tf.models import Generator, pixels

FOLDS = 5
CONTROLS = 10  # random draws of as many maps
SHOWN = 12  # boxes and samples in the figure


@dataclass(frozen=True, eq=False)
class Selection:
    """A logistic regression that tells positions inside the boxes from others by their activations.

    Attributes:
        regression: a pipeline of scikit-learn: activations [n, maps], each map scaled to mean 0 and variance 1, to
            whether they are inside.
        accuracy: share of positions classified correctly in images that the regression did not see, the mean of its
            shares for positions inside and outside: 0.5 is guessing.
    """

    regression: Any
    accuracy: float

    @property
    def weights(self) -> np.ndarray:
        """float64 [maps], of the scaled activations; 0 for a map that is the same everywhere."""
        return self.regression[-1].coef_[0]

    @property
    def selected(self) -> np.ndarray:
        """bool [maps], those with a positive weight: the ones to drop."""
        return self.weights > 0.0

    def strongest(self, count: int | None) -> np.ndarray:
        """The selected maps with the largest weights, at most `count`, or all: bool [maps]."""
        ranks = np.argsort(-self.weights, kind="stable").argsort()
        return self.selected & (ranks < (len(ranks) if count is None else count))

    def inside(self, activations: np.ndarray) -> np.ndarray:
        """Which positions the regression takes to be inside: [..., maps] to bool [...]."""
        flat = activations.reshape(-1, activations.shape[-1])
        return self.regression.predict(flat).reshape(activations.shape[:-1])


class Change(NamedTuple):
    """Mean absolute change of the values (-1 to 1) of images, where the selected maps respond and at all other pixels.

    NaN if there are no such pixels.
    """

    inside: float
    elsewhere: float


@dataclass(frozen=True, eq=False)
class FeatureDropout:
    """Images made with and without some maps.

    Attributes:
        layer: whose maps are dropped.
        boxes: that the selection was learned from.
        box_images: uint8 [boxes, height, width, channels], the images of the first boxes, gray outside of them.
        selection: the regression.
        dropped: bool [maps].
        points: of the samples.
        before, after, random: float32 [n, height, width, channels] in [-1, 1], with all maps, without the dropped ones,
            and without as many at random.
        change: from `before` to `after`.
        controls: ten changes from `before` without as many maps at random.
    """

    layer: str
    boxes: tuple[Box, ...]
    box_images: np.ndarray
    selection: Selection
    dropped: np.ndarray
    points: Points
    before: np.ndarray
    after: np.ndarray
    random: np.ndarray
    change: Change
    controls: tuple[Change, ...]

    @property
    def summary(self) -> str:
        """How many maps were dropped and how much images change, in two lines."""
        random = Change(*np.mean(self.controls, axis=0))
        return (
            f"{self.layer}: {self.selection.selected.sum()} of {len(self.dropped)} maps respond inside of "
            f"{len(self.boxes)} boxes, {self.dropped.sum()} are dropped ({100 * self.selection.accuracy:.0f}% of the "
            "positions in unseen images are classified correctly; guessing gives 50%)\n"
            f"images change by {_percent(self.change.inside)} of the range where these maps respond, by "
            f"{_percent(self.change.elsewhere)} elsewhere; without as many maps at random by {_percent(random.inside)} "
            f"and {_percent(random.elsewhere)} (mean of {len(self.controls)} draws)"
        )

    def figure(self, note: str = "", title: str = "") -> Figure:
        """The first boxes, and the first samples with and without the maps.

        Args:
            note: small text below.
            title: where the boxes come from.
        """
        shown, count = len(self.box_images), len(self.points)
        rows = {"all maps": self.before, f"without {self.dropped.sum()}": self.after, "as many\nat random": self.random}
        images = [pixels.to_pixels(each[:SHOWN]).numpy() for each in rows.values()]
        columns = [name.replace(" as ", "\nas ") for name in self.points.names[:SHOWN]]
        of_boxes = f"{shown} of {len(self.boxes)} boxes" + (f" ({title})" if title else "")
        of_samples = f"{SHOWN} of {count} new samples" if count > SHOWN else "new samples"
        seeds = [f"seed {box.seed}" for box in self.boxes[:shown]]
        blocks = [
            Panel([self.box_images], of_boxes, ["inside the\nboxes"], seeds),
            Panel(images, of_samples, list(rows), columns),
        ]
        return Figure("Forgetting to draw", blocks, [self.summary, note])


def feature_dropout(
    generator: Generator,
    boxes: Sequence[Box] | str | os.PathLike,
    seeds: Seeds = range(1000, 1012),
    layer: str | None = None,
    drop: int | None = None,
    seed: int = 0,
) -> FeatureDropout:
    """Learns which maps respond inside of boxes, and draws samples without these maps.

    Images change whatever is dropped, so the same is done with as many maps at random.

    Args:
        generator: a built-in network.
        boxes: in at least two images (see `boxes_around`), or the JSON file that holds them (see `read_boxes`).
        seeds: of the samples, see `Renderer.points`.
        layer: "project", "up1", "up2", ...; None for the paper's, see `layers.maps_of`.
        drop: drop only so many maps, those with the largest weights; None drops all with a positive weight.
        seed: of the positions outside of boxes, and of the random maps.

    Raises:
        ArgumentError: no such layer, seed or class, `drop` is below 1, or a fault in the file.
        UserError: boxes that teach nothing, or not a built-in network.
    """
    if drop is not None and drop < 1:
        raise ArgumentError("drop", drop, "it must be at least 1; leave it out for all with a positive weight")
    split = SplitGenerator(generator, layer)
    points = split.renderer.points(seeds)
    if isinstance(boxes, str | os.PathLike):
        boxes = read_boxes(boxes, generator.image_shape[:2], split.renderer.classes)
    selection = select_maps(split, boxes, seed)
    dropped = selection.strongest(drop)
    pixels_of_position = generator.image_shape[0] // split.shape[0]
    places = selection.inside(split.activations(points)).repeat(pixels_of_position, 1).repeat(pixels_of_position, 2)
    before, after = split.images(points), split.images(points, ~dropped)
    draws = [random_maps(dropped, each) for each in range(seed, seed + CONTROLS)]
    return FeatureDropout(
        split.layer, tuple(boxes), _box_images(split, boxes[:SHOWN]), selection, dropped, points, before, after,
        split.images(points, ~draws[0]), changes(before, after, places),
        tuple(changes(before, split.images(points, ~maps), places) for maps in draws),
    )  # fmt: skip


def select_maps(split: SplitGenerator, boxes: Sequence[Box], seed: int = 0) -> Selection:
    """The maps of a layer that are active in boxes rather than beside them, see `feature_dropout`.

    Positives are all positions inside the boxes of an image (see `covered`), each once. Negatives are random others of
    the same image, as many as its positives, or all if there are fewer.
    """
    positions = _positions(split, boxes)
    if len(positions) < 2:
        raise UserError(f"all boxes lie in one image, that of seed {boxes[0].seed}: draw some in others as well")
    activations = split.activations(split.renderer.points(list(positions)))
    inside, outside = [], []
    for number, ((image_seed, _), drawn) in enumerate(positions.items()):
        if drawn.all():
            raise UserError(
                f"the boxes in the image of seed {image_seed} cover all {drawn.size} positions of the layer "
                f"{split.layer}: draw smaller ones, or choose a layer of larger maps"
            )
        others = np.flatnonzero(~drawn)
        chosen = random_seeds.generator(seed, "feature_dropout_negatives", number).permutation(others)[: drawn.sum()]
        rows = activations[number].reshape(-1, split.shape[2])
        inside.append(rows[drawn.ravel()])
        outside.append(rows[np.sort(chosen)])
    return fitted_selection(inside, outside)


def fitted_selection(inside: Sequence[np.ndarray], outside: Sequence[np.ndarray]) -> Selection:
    """Learns from activations float32 [n, maps] inside the boxes of each of two or more images, and outside of them."""
    from sklearn.linear_model import LogisticRegression  # takes a second to import
    from sklearn.model_selection import GroupKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    activations, lengths = np.concatenate([*inside, *outside]), [len(rows) for rows in (*inside, *outside)]
    truth = np.repeat([True, False], len(inside)).repeat(lengths)
    images = np.tile(np.arange(len(inside)), 2).repeat(lengths)
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    # Neighboring positions are much alike: the regression learns from an image or is tested on it, never both.
    folds = GroupKFold(min(FOLDS, len(inside)))
    shares = cross_val_score(regression, activations, truth, groups=images, cv=folds, scoring="balanced_accuracy")
    return Selection(regression.fit(activations, truth), float(shares.mean()))


def random_maps(selected: np.ndarray, seed: int = 0) -> np.ndarray:
    """As many maps as are selected, chosen at random from all: bool [maps]."""
    return random_seeds.generator(seed, "feature_dropout_control", 0).permutation(selected)


def changes(before: np.ndarray, after: np.ndarray, places: np.ndarray) -> Change:
    """The change from float32 to float32 images [n, height, width, channels], at places bool [n, height, width]."""
    differences = np.abs(after - before).mean(axis=3, dtype=np.float64)
    return Change(*(float(differences[where].mean()) if where.any() else np.nan for where in (places, ~places)))


def _positions(split: SplitGenerator, boxes: Sequence[Box]) -> dict[tuple[int, int | None], np.ndarray]:
    """Which positions lie in the boxes of each image, bool [height, width], by (seed, class)."""
    classes, positions = split.renderer.classes, {}
    for box in boxes:
        label = box.seed % classes if classes and box.label is None else box.label  # one image has one name
        inside = covered(box, split.renderer.generator.image_shape[:2], split.shape[:2])
        positions[box.seed, label] = positions.get((box.seed, label), False) | inside
    return positions


def _box_images(split: SplitGenerator, boxes: Sequence[Box]) -> np.ndarray:
    """uint8 [boxes, height, width, channels], mostly gray outside of the boxes."""
    images = split.renderer.pixels(split.renderer.points([(box.seed, box.label) for box in boxes]))
    dimmed = (images // 3 + 85).astype(np.uint8)
    for image, dim, box in zip(images, dimmed, boxes, strict=True):
        dim[box.top : box.bottom, box.left : box.right] = image[box.top : box.bottom, box.left : box.right]
        if image.shape[-1] == 4:
            dim[..., 3] = 255
    return dimmed


def _percent(change: float) -> str:
    """A change in percent of the range."""
    return "-" if np.isnan(change) else f"{50 * change:.1f}%"
