"""Metrics of samples that are read from features."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dcgan_tf import metrics, seeds
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation.features import Extractor
from dcgan_tf.evaluation.real_features import MOST_FOR_MOMENTS, real_features
from dcgan_tf.evaluation.samples import FIRST_SEED, Samples, sample_features
from dcgan_tf.evaluation.session import split_of
from dcgan_tf.metrics.kernel import SUBSET_SIZE
from dcgan_tf.models import Generator

log = logging.getLogger(__name__)


def check(names: Sequence[str], extractor: Extractor, real_count: int, has_test: bool) -> None:
    """Checks that the metrics can be computed, before anything long begins.

    Raises:
        ArgumentError: the extractor does not give what a metric needs, too few images, or no unseen real images.
    """
    for each in map(metrics.metric, names):
        fault = ""
        if each.family == "frechet" and extractor.dimension > MOST_FOR_MOMENTS:
            kernel = f"kernel_{each.name.split('_')[-1]}"
            fault = f"{extractor.dimension:,} features are too many for covariances; use {kernel}"
        elif each.family == "kernel" and min(each.samples, real_count) < SUBSET_SIZE:
            fault = f"it needs at least {SUBSET_SIZE:,} samples and real images"
        elif each.samples < 2:
            fault = "it needs at least 2 samples"
        elif "probabilities" in each.needs and not extractor.classes:
            fault = f"{extractor.name} gives no classes; use `features=classifier`"
        elif "test_features" in each.needs and not has_test:
            fault = "it needs real images that were not trained on"
        if fault:
            raise ArgumentError("metrics", each.name, fault)


def prepare(
    names: Sequence[str],
    extractor: Extractor,
    trained: ImageStore,
    test: ImageStore | None,
    cache: Path,
    first_seed: int = FIRST_SEED,
) -> Callable[[Generator], list[dict]]:
    """Computes the features of real images; returns a function that judges a generator, with a row per metric.

    Args:
        names: of metrics, each with its number of samples.
        extractor: computes features.
        trained: the training images.
        test: real images that were not trained on, if a metric needs them.
        cache: the cache directory, also for features of samples that are too large for memory.
        first_seed: of the samples.

    Raises:
        ArgumentError: what `check` raises.
    """
    check(names, extractor, len(trained), test is not None)
    began = time.perf_counter()
    real = real_features(extractor, trained, cache)
    unseen = None if test is None else real_features(extractor, test, cache)
    if real.computed_now or (unseen and unseen.computed_now):
        log.info("features of the real images: %.0f s, kept for next time", time.perf_counter() - began)
    inputs = metrics.Inputs(
        draw=lambda stream: seeds.generator(0, f"metric/{stream}", 0),
        real_features=real.vectors,
        real_moments=real.moments,
        test_features=None if unseen is None else unseen.vectors,
    )

    def judged(generator: Generator) -> list[dict]:
        samples = Samples(generator, max(metrics.metric(name).samples for name in names), first_seed)
        seen = sample_features(samples, extractor, cache)
        given = replace(inputs, generated_features=seen.vectors, probabilities=seen.probabilities)
        try:
            readings = metrics.compute(names, given)
        except ValueError as error:
            raise UserError(f"`metrics={','.join(names)}`: {error}") from error
        seconds = {"generation": samples.seconds, "features": seen.seconds}
        return [
            _row(name, reading, seconds, first_seed, generator, extractor, trained, test)
            for name, reading in readings.items()
        ]

    return judged


def _row(
    name: str,
    reading: metrics.Reading,
    seconds: dict[str, float],
    first_seed: int,
    generator: Generator,
    extractor: Extractor,
    trained: ImageStore,
    test: ImageStore | None,
) -> dict:
    each, about, split = metrics.metric(name), extractor.describe(), split_of(trained)
    if test is not None and "test_features" in each.needs:
        split += f" and {split_of(test)} of {test.manifest['source']}"
    return {
        "metric": name, "value": reading.value, "deviation": reading.deviation, "samples": each.samples,
        "better": each.better, "ideal": each.ideal, "extractor": extractor.name, "extractor_about": about,
        "real": trained.manifest["source"], "split": split, "resize": about.get("resize", "none"), "seed": first_seed,
        "weights": generator.weights, "seconds": seconds | {"metric": reading.seconds},
    }  # fmt: skip
