"""A generator, real images and names of metrics to readings, and where the time went."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcgan_tf import metrics, seeds
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features import Extractor
from dcgan_tf.evaluation.real import MOST_FOR_MOMENTS, RealFeatures
from dcgan_tf.evaluation.samples import FIRST_SEED, SampleFeatures, Samples
from dcgan_tf.metrics.kernel import SUBSET_SIZE
from dcgan_tf.models.generator import Generator


@dataclass(frozen=True)
class Judgement:
    """What was found.

    Attributes:
        readings: by the names of the metrics, in the order asked for.
        seconds: "generation", "features" and "metric": of each name, and the first two shared by all.
    """

    readings: dict[str, metrics.Reading]
    seconds: dict[str, float]
    metric_seconds: dict[str, float]


def feature_metrics(names: Sequence[str]) -> list[metrics.Metric]:
    """Those of the names that are read from features; the others, `nearest_neighbor_*`, from pixels.

    Raises:
        ArgumentError: there is no such metric.
    """
    found = []
    for name in names:
        try:
            found.append(metrics.metric(name))
        except ValueError as error:
            raise ArgumentError("metrics", name, str(error)) from None
    return [each for each in found if each.family != "nearest_neighbor"]


def check(names: Sequence[str], extractor: Extractor, real_count: int, has_test: bool) -> None:
    """Looks, before anything long begins, whether the metrics can be computed.

    Raises:
        ArgumentError: the extractor does not give what one needs, too few images, or no unseen real images.
    """
    for each in feature_metrics(names):
        if each.family == "frechet" and extractor.dimension > MOST_FOR_MOMENTS:
            raise ArgumentError("metrics", each.name, f"{extractor.dimension:,} features are too many for covariances; "
                               f"use kernel_{each.name.split('_')[-1]}")  # fmt: skip
        if each.family == "kernel" and min(each.samples, real_count) < SUBSET_SIZE:
            raise ArgumentError("metrics", each.name, f"it needs at least {SUBSET_SIZE:,} samples and real images")
        if each.samples < 2:
            raise ArgumentError("metrics", each.name, "it needs at least 2 samples")
        if "probabilities" in each.needs and not extractor.classes:
            raise ArgumentError("metrics", each.name, f"{extractor.name} gives no classes; use --features=classifier")
        if "test_features" in each.needs and not has_test:
            raise ArgumentError("metrics", each.name, "it needs real images that were not trained on")


def judge(
    generator: Generator,
    names: Sequence[str],
    extractor: Extractor,
    real: RealFeatures,
    folder: Path,
    test: RealFeatures | None = None,
    first_seed: int = FIRST_SEED,
) -> Judgement:
    """The readings of the metrics that are computed from features.

    Args:
        generator: with its weights.
        names: of metrics, each with its number of samples.
        extractor: what sees the samples; it has seen `real` and `test`.
        real: the training images.
        folder: for what is too large for memory.
        test: real images that were not trained on, where a metric needs them.
        first_seed: of the samples.

    Raises:
        ArgumentError: what `check` raises.
        ValueError: what a definition refuses.
    """
    check(names, extractor, len(real.store), test is not None)
    count = max(metrics.metric(name).samples for name in names)
    samples = Samples(generator, count, first_seed)
    seen = SampleFeatures(samples, extractor, folder)
    inputs = metrics.Inputs(
        draw=lambda stream: seeds.generator(0, f"metric/{stream}", 0),
        real_features=real.vectors,
        real_moments=real.moments,
        test_features=None if test is None else test.vectors,
        generated_features=seen.vectors,
        probabilities=seen.probabilities,
    )
    readings, metric_seconds, began = {}, {}, time.perf_counter()
    for group in _shared(names):
        started = time.perf_counter()
        readings |= metrics.compute(group, inputs)
        metric_seconds |= dict.fromkeys(group, time.perf_counter() - started)
    spent = {"generation": samples.seconds, "features": seen.seconds, "metric": time.perf_counter() - began}
    return Judgement({name: readings[name] for name in names}, spent, metric_seconds)


TOGETHER = ({"precision", "recall", "density", "coverage"}, {"distance_to_training", "copies"})


def _shared(names: Sequence[str]) -> list[list[str]]:
    """Metrics that have most of their work in common stand together, so that it is done once."""
    groups: dict[tuple, list[str]] = {}
    for name in dict.fromkeys(names):
        each = metrics.metric(name)
        family = next((index for index, group in enumerate(TOGETHER) if each.family in group), each.family)
        groups.setdefault((family, each.samples), []).append(name)
    return list(groups.values())


def unseen_images(store: ImageStore, trained: ImageStore) -> ImageStore:
    """The store again, unless it holds the very images that were trained on.

    Raises:
        ArgumentError: it does.
    """
    if store.checksum == trained.checksum:
        raise ArgumentError("split", store.manifest["identity"].get("split", ""), "these are the images that the run "
                           "was trained on; name real images that it has not seen")  # fmt: skip
    return store
