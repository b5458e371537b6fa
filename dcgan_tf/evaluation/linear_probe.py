"""Tables 1 and 2 of the paper: a linear L2-SVM on what a discriminator has learned, and its controls."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dcgan_tf import metrics, seeds
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation.features import DiscriminatorFeatures, Extractor, Pixels
from dcgan_tf.evaluation.features.discriminator_features import statistics_images
from dcgan_tf.evaluation.features.extractor import in_blocks
from dcgan_tf.evaluation.scratch import scratch
from dcgan_tf.evaluation.session import Session
from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.svm_protocols import COSTS, Labeled, balanced_rows, with_all_labels, with_few_labels

log = logging.getLogger(__name__)

NAME = "linear_svm"
SEED = 0
MOST_HELD_OUT, HELD_OUT = 10_000, 0.2
HALF_FROM_BYTES = 1 << 31  # from 2 GiB on, features are stored as float16; its rounding is far below their noise
BLOCK = 256


class Split(NamedTuple):
    """Labeled images of a probe data set: (store, rows) to train and to test on, in random order, and its name."""

    training: tuple[ImageStore, np.ndarray]
    test: tuple[ImageStore, np.ndarray]
    source: str


@dataclass(frozen=True)
class Protocol:
    """How the classifier is trained.

    Attributes:
        labels_per_class: labels of each class, 0 for all.
        draws: how many draws of labels are tested, unless all are used.
        costs: from which validation chooses; the large ones take most of the time.
    """

    labels_per_class: int = 0
    draws: int = 10
    costs: Sequence[float] = COSTS


def split(store: ImageStore, test: ImageStore | None) -> Split:
    """Rows in random order; a data set without test images gives a fifth of its images.

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


def check(parts: Split, protocol: Protocol) -> None:
    """Raises ArgumentError for a protocol that cannot work, or with more labels than there are."""
    if protocol.draws < 1:
        raise ArgumentError("draws", protocol.draws, "it must be at least 1")
    if not protocol.costs or not all(0 < cost < float("inf") for cost in protocol.costs):
        text = ",".join(f"{cost:g}" for cost in protocol.costs)
        raise ArgumentError("costs", text, "at least one number is needed, all above 0 (0.01,0.1,1)")
    per_class = protocol.labels_per_class
    if per_class < 0:
        raise ArgumentError("labels_per_class", per_class, "it must be at least 1, or 0 for all labels")
    if per_class:
        store, rows = parts.training
        fitted = store.labels[rows[: -_held_out(len(rows))]]
        try:
            balanced_rows(fitted, per_class, seeds.generator(SEED, "probe", 1))
        except ValueError as error:
            raise ArgumentError("labels_per_class", per_class, f"{parts.source}: {error}") from None


def measure(extractor: Extractor, parts: Split, protocol: Protocol, folder: Path, text: str) -> dict:
    """Trains and tests the classifier on one kind of features, and returns the columns of a row.

    The features are kept in `folder` for the time being; progress calls them `text`.

    Raises:
        UserError: what the protocols refuse.
    """
    began = time.perf_counter()
    training = _features(extractor, *parts.training, folder, text)
    test = _features(extractor, *parts.test, folder, text)
    between = time.perf_counter()
    log.info("%s: %s features of %s images; now the classifier, which takes minutes to an hour with many labels",
             text, f"{extractor.dimension:,}", f"{len(training):,}")  # fmt: skip
    held_out, per_class = _held_out(len(training)), protocol.labels_per_class
    try:
        if per_class:
            accuracy = with_few_labels(
                *training.split(held_out), test, per_class, seeds.generator(SEED, "probe_draws", 0), protocol.costs,
                protocol.draws,
            )  # fmt: skip
        else:
            accuracy = with_all_labels(training, test, held_out, protocol.costs)
    except ValueError as error:
        raise UserError(f"`metrics={NAME}`: {error}") from error
    each = metrics.METRICS[NAME]
    seconds = {"generation": 0.0, "features": between - began, "metric": time.perf_counter() - between}
    return {
        "metric": f"{NAME}_{per_class}_per_class" if per_class else NAME, "value": accuracy.value,
        "deviation": accuracy.deviation if per_class else None, "samples": len(training), "better": each.better,
        "ideal": each.ideal, "extractor": extractor.name, "dimension": extractor.dimension, "probe": parts.source,
        "split": "test", "test_images": len(test), "held_out": held_out, "labels_per_class": per_class,
        "cost": accuracy.cost, "validation": {f"{cost:g}": value for cost, value in accuracy.validation.items()},
        "draws": len(accuracy.draws), "resize": "none", "weights": "raw", "seconds": seconds,
    }  # fmt: skip


def prepare(
    session: Session, dataset: str | None, split_name: str, protocol: Protocol, controls: bool
) -> Callable[[Path], list[dict]]:
    """Opens the probe data set; returns a function that judges the discriminator of a checkpoint file.

    For `dataset`, `split_name` and `controls` see `evaluate`: probe_dataset, split and controls.

    Raises:
        UserError: a conditional run, or a data set or protocol that cannot work.
    """
    model = session.config.model
    if model.conditional:
        raise ArgumentError("metrics", NAME, "the features of a conditional discriminator depend on a label; judge a "
                           "run with `conditional=False`")  # fmt: skip
    settings = replace(session.data, dataset=str(dataset), split="train") if dataset else session.data
    store = session.prepared(settings)
    divided = "split" in store.manifest["identity"]
    test = session.prepared(replace(settings, split=split_name)).labeled_as(store.class_names) if divided else None
    parts = split(store, test)
    check(parts, protocol)
    images = statistics_images(*parts.training)

    def judged(path: Path) -> list[dict]:
        own = DiscriminatorFeatures.of_run(session.run, path, images)
        entries: list[tuple[str | None, Extractor, str]] = [(None, own, _knowledge(session, store))]
        if controls:
            untrained = DiscriminatorFeatures(model, None, images, "discriminator before training")
            entries.append(("untrained discriminator", untrained, "not trained"))
            entries.append(("raw pixels", Pixels(store.images.shape[1:]), "not trained"))
        return [
            {**measure(extractor, parts, protocol, session.cache, control or "discriminator"),
             "control": control, "discriminator": knowledge}
            for control, extractor, knowledge in entries
        ]  # fmt: skip

    return judged


def _knowledge(session: Session, store: ImageStore) -> str:
    """What the discriminator has seen of the probe data set."""
    trained, source = session.recorded["data"], store.manifest["source"]
    if trained["checksum"] == store.checksum:
        return f"trained on these very images of {source}, without their labels"
    if trained["source"] == source:
        return f"trained on other images of {source}"
    return f"trained elsewhere: on {trained['source']}"


def _held_out(count: int) -> int:
    return max(1, min(MOST_HELD_OUT, int(HELD_OUT * count)))


def _features(extractor: Extractor, store: ImageStore, rows: np.ndarray, folder: Path, text: str) -> Labeled:
    """In the order of `rows`."""
    kind = "float16" if 4 * len(rows) * extractor.dimension >= HALF_FROM_BYTES else "float32"
    features = scratch(folder, (len(rows), extractor.dimension), kind)
    images = (np.asarray(store.images[rows[part]]) for part in arrays.slices(len(rows), BLOCK))
    for part, found in in_blocks(extractor, images, len(rows), f"features: {text}"):
        features[part] = found.vectors
    return Labeled(features, store.labels[rows])
