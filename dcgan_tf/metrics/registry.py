"""The table of metrics: add a metric here, in one row, with its function on arrays.

A name is a definition with its number of generated samples ("frechet_10k"); values of different counts, features or
real images are different quantities. `METRICS` lists the usual names, `metric` knows every count.
"""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.distance_to_training import DistanceToTraining, distance_to_training
from dcgan_tf.metrics.inception_score import inception_score
from dcgan_tf.metrics.kernel import kernel_distance
from dcgan_tf.metrics.moments import Moments
from dcgan_tf.metrics.precision_recall import Neighborhoods, neighborhoods


@dataclass(frozen=True)
class Inputs:
    """What metrics are computed from. Only what a metric `needs` must be there; arrays may be memory maps.

    Generated rows must be in random order, as samples of random latents are: a metric of n samples takes the first n.

    Attributes:
        draw: the name of a stream to the NumPy generator for its random choices, the same for the same name.
        real_features: of the training images, [n, d].
        real_moments: their moments, if known; they spare Fréchet distances a pass over `real_features`.
        test_features: of real images that were not trained on, [m, d].
        generated_features: [k, d].
        probabilities: class probabilities of generated images, [k, classes].
    """

    draw: Callable[[str], np.random.Generator]
    real_features: np.ndarray | None = None
    real_moments: Moments | None = None
    test_features: np.ndarray | None = None
    generated_features: np.ndarray | None = None
    probabilities: np.ndarray | None = None


@dataclass(frozen=True)
class Reading:
    """The value of a metric.

    Attributes:
        value: the value.
        deviation: the standard deviation over splits or subsets; None for definitions that have neither.
        seconds: time spent computing it; metrics that are computed together all have the time of the whole.
    """

    value: float
    deviation: float | None = None
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Metric:
    """A definition and a number of samples.

    Attributes:
        family: its name without a number of samples.
        needs: fields of `Inputs`, or what `evaluation` brings: "labeled_samples", "discriminator".
        better: "lower" or "higher"; "ideal" if values on both sides of the ideal are worse.
        ideal: the value of a perfect generator; None where it depends on the data.
        description: one line.
        function: (inputs, samples) to its `Reading`, or to an object with several values, computed once for all
            metrics that read it; None for what needs no arrays but a run (see `evaluation`).
        attribute: which value of that object.
        counts: the usual numbers of samples; none for a metric of something else.
        samples: of this metric.
        name: of this metric.
    """

    family: str
    needs: tuple[str, ...]
    better: Literal["lower", "higher", "ideal"]
    ideal: float | None
    description: str
    function: Callable[[Inputs, int], Any] | None
    attribute: str = "value"
    counts: tuple[int, ...] = (10_000,)
    samples: int = 0
    name: str = ""


def _generated(inputs: Inputs, samples: int, name: str = "generated_features") -> np.ndarray:
    array = getattr(inputs, name)
    if len(array) < samples:
        raise ValueError(f"{name}: {len(array):,} samples are too few, {samples:,} are needed")
    return array[:samples]


def _frechet(inputs: Inputs, samples: int) -> Reading:
    from dcgan_tf.metrics.frechet import frechet_distance  # SciPy takes half a second; names need none

    real = Moments.of(inputs.real_features) if inputs.real_moments is None else inputs.real_moments
    return Reading(frechet_distance(real, Moments.of(_generated(inputs, samples))))


def _kernel(inputs: Inputs, samples: int) -> Reading:
    return Reading(*kernel_distance(inputs.real_features, _generated(inputs, samples), inputs.draw("kernel")))


def _neighborhoods(inputs: Inputs, samples: int) -> Neighborhoods:
    """Of as many real images as samples, drawn at random because a data set may be sorted, or of all if fewer."""
    real = inputs.real_features
    if len(real) > samples:
        generator = inputs.draw("neighbourhoods")  # the stream's name decides which images are drawn
        real = real[np.sort(generator.choice(len(real), samples, replace=False))]
    return neighborhoods(real, _generated(inputs, samples))


def _distance_to_training(inputs: Inputs, samples: int) -> DistanceToTraining:
    return distance_to_training(inputs.real_features, inputs.test_features, _generated(inputs, samples))


def _inception_score(inputs: Inputs, samples: int) -> Reading:
    return Reading(*inception_score(_generated(inputs, samples, "probabilities")))


PAIR = ("real_features", "generated_features")
UNSEEN = ("real_features", "test_features", "generated_features")
BOTH = (10_000, 50_000)

TABLE = [
    Metric("frechet", PAIR, "lower", 0.0, "Fréchet distance of Gaussians fitted to features (FID, Heusel et al. 2017)",
           _frechet, counts=BOTH),
    Metric("kernel", PAIR, "lower", 0.0, "squared MMD with a cubic kernel, unbiased (KID, Bińkowski et al. 2018)",
           _kernel, counts=BOTH),
    Metric("precision", PAIR, "higher", None, "share of samples that lie among real images (Kynkäänniemi et al. 2019)",
           _neighborhoods, "precision"),
    Metric("recall", PAIR, "higher", None, "share of real images that lie among samples (Kynkäänniemi et al. 2019)",
           _neighborhoods, "recall"),
    Metric("density", PAIR, "higher", 1.0, "how densely real images lie around samples (Naeem et al. 2020)",
           _neighborhoods, "density"),
    Metric("coverage", PAIR, "higher", 1.0 - 2.0**-5, "share of real images with a sample nearby (Naeem et al. 2020)",
           _neighborhoods, "coverage"),
    Metric("inception_score", ("probabilities",), "higher", None,
           "classes certain for each image, balanced over all (Salimans et al. 2016)", _inception_score, counts=BOTH),
    Metric("distance_to_training", UNSEEN, "ideal", 0.5,
           "probability that a sample is closer to the training images than an unseen real image is",
           _distance_to_training),
    Metric("copies", UNSEEN, "lower", 0.01,
           "share of samples closer to the training images than 99% of unseen real images are",
           _distance_to_training, "copies"),
    Metric("nearest_neighbor", ("labeled_samples",), "lower", None,
           "test error of a 1-nearest-neighbor classifier of generated digits (paper, Table 3)",
           None, counts=(50_000, 10_000_000)),
    Metric("linear_svm", ("discriminator",), "higher", None,
           "test accuracy of a linear L2-SVM on the discriminator's features (paper, Tables 1 and 2)",
           None, counts=()),
]  # fmt: skip

FAMILIES = {row.family: row for row in TABLE}
UNITS = {"": 1, "k": 1000, "m": 1_000_000}


def metric(name: str) -> Metric:
    """The metric of a name such as "frechet_10k", "kernel_500", "nearest_neighbor_10m" or "linear_svm".

    Raises:
        ArgumentError: there is no such metric; the message lists the known ones.
    """
    parts = re.fullmatch(r"([a-z_]+?)(?:_([1-9]\d*)([km]?))?", name)
    row = FAMILIES.get(parts[1]) if parts else None
    if row is None or bool(row.counts) != bool(parts[2]):
        known = f"use one of {', '.join(METRICS)}, or another number of samples"
        raise ArgumentError("metrics", name, f"there is no metric {name}: {known}")
    return replace(row, name=name, samples=int(parts[2]) * UNITS[parts[3]] if parts[2] else 0)


def _count_text(count: int) -> str:
    unit = next(unit for unit, size in reversed(UNITS.items()) if count % size == 0)
    return f"{count // UNITS[unit]}{unit}"


METRICS: dict[str, Metric] = {
    name: metric(name)
    for row in TABLE
    for name in ([f"{row.family}_{_count_text(count)}" for count in row.counts] or [row.family])
}
DEFAULT = ("frechet_10k", "kernel_10k", "precision_10k", "recall_10k", "density_10k", "coverage_10k")


def compute(names: Iterable[str], inputs: Inputs) -> dict[str, Reading]:
    """The readings of several metrics, in the order given; what they have in common is computed once.

    Raises:
        ValueError: an unknown name, a missing or short input, or what a definition refuses.
    """
    metrics = [metric(name) for name in dict.fromkeys(names)]
    for each in metrics:
        if each.function is None:
            raise ValueError(f"{each.name} is computed from a run; see `evaluation`")
        for name in each.needs:
            if getattr(inputs, name) is None:
                raise ValueError(f"{each.name} needs {', '.join(each.needs)}: {name} is missing")
    results, readings = {}, {}
    for each in metrics:
        key = each.function, each.samples
        if key not in results:
            began = time.perf_counter()
            result = each.function(inputs, each.samples)
            results[key] = result, time.perf_counter() - began
        result, seconds = results[key]
        readings[each.name] = Reading(getattr(result, each.attribute), getattr(result, "deviation", None), seconds)
    return readings
