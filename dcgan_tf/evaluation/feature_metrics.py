"""Metrics of samples that are read from features."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dcgan_tf import metrics, seeds
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation.features import Extractor
from dcgan_tf.evaluation.real_features import MOST_FOR_MOMENTS, real_features
from dcgan_tf.evaluation.samples import Samples, sample_features
from dcgan_tf.evaluation.session import split_of
from dcgan_tf.metrics.kernel import SUBSET_SIZE
from dcgan_tf.models import Generator


def check(names: Sequence[str], extractor: Extractor, real_count: int) -> None:
    """Raises ArgumentError unless the extractor and the images give what the metrics need."""
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
        if fault:
            raise ArgumentError("metrics", each.name, fault)


def prepare(
    names: Sequence[str],
    extractor: Extractor,
    trained: ImageStore,
    test: ImageStore | None,
    cache: Path,
    first_seed: int,
) -> Callable[[Generator], list[dict]]:
    """Computes the features of real images; returns a function that judges a generator, with a row per metric.

    Args:
        names: of metrics, without repetition.
        extractor: computes features.
        trained: the training images.
        test: real images that were not trained on, if a metric needs them.
        cache: the cache directory, also for features of samples that are too large for memory.
        first_seed: of the samples.

    Raises:
        ArgumentError: the extractor or the images do not give what a metric needs.
    """
    check(names, extractor, len(trained))
    real, moments = real_features(extractor, trained, cache)
    inputs = metrics.Inputs(
        draw=lambda stream: seeds.generator(0, f"metric/{stream}", 0),
        real_features=real,
        real_moments=moments,
        test_features=None if test is None else real_features(extractor, test, cache)[0],
    )
    about = extractor.describe()
    shared = {
        "extractor": extractor.name, "extractor_about": about, "real": trained.manifest["source"],
        "split": split_of(trained), "resize": about.get("resize", "none"), "seed": first_seed,
    }  # fmt: skip
    named = [metrics.metric(name) for name in names]

    def judged(generator: Generator) -> list[dict]:
        samples, began = Samples(generator, max(each.samples for each in named), first_seed), time.perf_counter()
        seen = sample_features(samples, extractor, cache)
        features_seconds = time.perf_counter() - began - samples.seconds
        try:
            readings = metrics.compute(
                names, replace(inputs, generated_features=seen.vectors, probabilities=seen.probabilities)
            )
        except ValueError as error:
            raise UserError(f"`metrics={','.join(names)}`: {error}") from error
        rows = []
        for each in named:
            reading = readings[each.name]
            seconds = {"generation": samples.seconds, "features": features_seconds, "metric": reading.seconds}
            row = {"metric": each.name, "value": reading.value, "deviation": reading.deviation,
                   "samples": each.samples, "better": each.better, "ideal": each.ideal}  # fmt: skip
            rows.append({**row, **shared, "weights": generator.weights, "seconds": seconds})
            if test is not None and "test_features" in each.needs:
                rows[-1]["split"] += f" and {split_of(test)} of {test.manifest['source']}"
        return rows

    return judged
