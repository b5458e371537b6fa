"""Tables 1 and 2 of the paper: a linear L2-SVM on what a discriminator has learned.

The solver is `metrics.linear_svm`: a truncated Newton method in passes over features that lie on the disk, because
50,000 x 28,672 features are 2.9 GB even as float16 and liblinear wants them as float64 in memory.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dcgan_tf import seeds
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features import Extractor
from dcgan_tf.evaluation.scratch import scratch
from dcgan_tf.metrics.svm_protocols import COSTS, Accuracy, Labelled, balanced_rows, with_all_labels, with_few_labels
from dcgan_tf.progress import Progress

log = logging.getLogger(__name__)

SEED = 0
MOST_HELD_OUT, HELD_OUT = 10_000, 0.2
HALF_FROM_BYTES = 1 << 31  # from 2 GiB on, features are kept as float16, whose rounding is far below their noise
BLOCK = 256


class Split(NamedTuple):
    """Labelled images of a probe data set, in random order.

    Attributes:
        training, test: (store, rows).
        source: what it is called.
    """

    training: tuple[ImageStore, np.ndarray]
    test: tuple[ImageStore, np.ndarray]
    source: str


@dataclass(frozen=True)
class Result:
    """Of one kind of features.

    Attributes:
        accuracy: on the test images, with the cost that validation chose.
        training, test, held_out: numbers of images; `held_out` of the training images chose the cost.
        dimension: of the features.
        features_seconds, classifier_seconds: where the time went.
    """

    accuracy: Accuracy
    training: int
    test: int
    held_out: int
    dimension: int
    features_seconds: float
    classifier_seconds: float


def split(store: ImageStore, test: ImageStore | None) -> Split:
    """Rows in random order; without test images of its own, a data set gives a fifth of its images.

    Raises:
        ArgumentError: no labels, or too few images.
    """
    source = store.manifest["source"]
    for each in (store, test or store):
        if each.labels is None or len(np.unique(each.labels)) < 2:
            raise ArgumentError("probe_dataset", source, "it needs labels of at least two classes")
    order = seeds.generator(SEED, "probe", 0).permutation(len(store))
    if test is not None:
        return Split((store, order), (test, np.arange(len(test))), source)
    if len(store) < 10:
        raise ArgumentError("probe_dataset", source, f"{len(store)} images are too few to train and to test with")
    held_out = max(1, int(HELD_OUT * len(store)))
    return Split((store, order[held_out:]), (store, np.sort(order[:held_out])), source)


def check(parts: Split, per_class: int, draws: int) -> None:
    """Raises ArgumentError when there are too few labels for the protocol."""
    if draws < 1:
        raise ArgumentError("draws", draws, "it must be at least 1")
    if per_class < 0:
        raise ArgumentError("labels_per_class", per_class, "it must be at least 1, or 0 for all labels")
    store, rows = parts.training
    fitted = store.labels[rows[: -_held_out(len(rows))]]
    if per_class:
        try:
            balanced_rows(fitted, per_class, seeds.generator(SEED, "probe", 1))
        except ValueError as error:
            raise ArgumentError("labels_per_class", per_class, f"{parts.source}: {error}") from None


def measure(
    extractor: Extractor | None,
    parts: Split,
    per_class: int,
    draws: int,
    folder: Path,
    text: str,
    costs: Sequence[float] = COSTS,
) -> Result:
    """The accuracy on one kind of features.

    Args:
        extractor: what sees the images; None takes the pixels.
        parts: the probe data set.
        per_class: labels of each class, 0 for all.
        draws: how many draws of labels are tested, where not all are used.
        folder: for the features, which go afterwards.
        text: what it is called while one waits.
        costs: from which validation chooses; the large ones take most of the time.

    Raises:
        ValueError: what the protocols refuse.
    """
    began = time.perf_counter()
    training = _features(extractor, *parts.training, folder, text)
    test = _features(extractor, *parts.test, folder, text)
    between = time.perf_counter()
    width = training.features.shape[1]
    log.info("%s: %s features of %s images; now the classifier, which takes minutes to an hour where labels are many",
             text, f"{width:,}", f"{len(training):,}")  # fmt: skip
    held_out = _held_out(len(training))
    if not per_class:
        found = with_all_labels(training, test, held_out, costs)
    else:
        first, last = training.part(slice(0, -held_out)), training.part(slice(len(training) - held_out, None))
        found = with_few_labels(
            first, last, test, per_class, seeds.generator(SEED, "probe_draws", 0), costs, draws=draws,
            choosing_draws=min(10, draws),
        )  # fmt: skip
    ended = time.perf_counter()
    return Result(found, len(training), len(test), held_out, width, between - began, ended - between)


def _held_out(count: int) -> int:
    return max(1, min(MOST_HELD_OUT, int(HELD_OUT * count)))


def _features(extractor: Extractor | None, store: ImageStore, rows: np.ndarray, folder: Path, text: str) -> Labelled:
    """In the order of `rows`."""
    see: Callable[[np.ndarray], np.ndarray] = _pixels if extractor is None else lambda images: extractor(images).vectors
    width = int(np.prod(store.images.shape[1:])) if extractor is None else extractor.dimension
    kind = "uint8" if extractor is None else "float16" if 4 * len(rows) * width >= HALF_FROM_BYTES else "float32"
    found = scratch(folder, (len(rows), width), kind)
    with Progress(len(rows), "images", f"features: {text}") as progress:
        for start in range(0, len(rows), BLOCK):
            part = rows[start : start + BLOCK]
            found[start : start + len(part)] = see(np.asarray(store.images[part]))
            progress.advance(len(part))
    return Labelled(found, store.labels[rows])


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)
