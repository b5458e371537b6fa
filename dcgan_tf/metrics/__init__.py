"""Metrics, by name. Definitions on arrays: no networks, no files, no TensorFlow.

A name is a definition with its number of generated samples ("frechet_10k"); values of different counts, features or
real sets are different quantities. `METRICS` lists the usual names, `metric` knows every count.

The linear classifier on a discriminator's features judges no samples and has settings of its own: `svm_protocols`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.distance_to_training import DistanceToTraining, distance_to_training
from dcgan_tf.metrics.frechet import frechet_distance
from dcgan_tf.metrics.inception_score import inception_score
from dcgan_tf.metrics.kernel import kernel_distance
from dcgan_tf.metrics.moments import Moments
from dcgan_tf.metrics.nearest_neighbor import NearestNeighbor, nearest_neighbor_errors
from dcgan_tf.metrics.precision_recall import Neighbourhoods, neighbourhoods


@dataclass(frozen=True)
class Inputs:
    """What metrics are computed from. Only what a metric `needs` has to be there; arrays may be memory maps.

    Generated rows must be in random order, as samples of random latents are: a metric of n samples takes the first n.

    Attributes:
        draw: the name of a stream to the NumPy generator that decides random choices, the same for the same name.
        real_features: of the training images, [n, d].
        real_moments: of the same; spares a pass over `real_features`, and stands for them in Fréchet distances.
        test_features: of real images that were not trained on, [m, d].
        generated_features: [k, d].
        probabilities: of the classes of generated images, [k, classes].
        labelled_stream: starts a new stream of generated blocks (images [b, ...] as in `NearestNeighbor`, labels [b]).
        test_images: real images that were not trained on, uint8 [m, ...] or floats in [0, 1].
        test_labels: their labels, integers [m].
    """

    draw: Callable[[str], np.random.Generator]
    real_features: np.ndarray | None = None
    real_moments: Moments | None = None
    test_features: np.ndarray | None = None
    generated_features: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    labelled_stream: Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]] | None = None
    test_images: np.ndarray | None = None
    test_labels: np.ndarray | None = None


class Reading(NamedTuple):
    """A value, and where its definition has one the standard deviation over its splits or subsets."""

    value: float
    deviation: float | None = None


class _Shared:
    """What several metrics of one number of samples have in common, computed when first asked for."""

    def __init__(self, inputs: Inputs, samples: int):
        self._inputs, self._samples = inputs, samples

    @property
    def generated(self) -> np.ndarray:
        return self._first("generated_features")

    def _first(self, field: str) -> np.ndarray:
        array = getattr(self._inputs, field)
        if len(array) < self._samples:
            raise ValueError(f"{field}: {len(array):,} samples are too few, {self._samples:,} are needed")
        return array[: self._samples]

    @cached_property
    def frechet(self) -> Reading:
        real = self._inputs.real_moments
        if real is None:
            real = Moments.of(self._inputs.real_features)
        return Reading(frechet_distance(real, Moments.of(self.generated)))

    @cached_property
    def kernel(self) -> Reading:
        found = kernel_distance(self._inputs.real_features, self.generated, self._inputs.draw("kernel"))
        return Reading(found.value, found.deviation)

    @cached_property
    def neighbourhoods(self) -> Neighbourhoods:
        """Of as many real as generated samples, where there are so many; drawn, for a data set may be sorted."""
        real = self._inputs.real_features
        if len(real) > self._samples:
            generator = self._inputs.draw("neighbourhoods")
            real = real[np.sort(generator.choice(len(real), self._samples, replace=False))]
        return neighbourhoods(real, self.generated)

    @cached_property
    def distance_to_training(self) -> DistanceToTraining:
        return distance_to_training(self._inputs.real_features, self._inputs.test_features, self.generated)

    @cached_property
    def inception_score(self) -> Reading:
        found = inception_score(self._first("probabilities"))
        return Reading(found.value, found.deviation)


Better = Literal["lower", "higher", "ideal"]
FEATURES = ("real_features", "generated_features")
TRAINING = ("real_features", "test_features", "generated_features")
DIGITS = ("labelled_stream", "test_images", "test_labels")


@dataclass(frozen=True)
class Family:
    """Metrics that differ in their number of samples only.

    Attributes:
        needs: fields of `Inputs`.
        better: "lower" or "higher"; "ideal" where both sides of the ideal value are worse.
        ideal: the value of a perfect generator; None where it depends on the data, as real images' own score tells.
        description: one line.
        counts: the usual numbers of samples.
        reading: its value; None for those that read a stream, which are computed together.
    """

    needs: tuple[str, ...]
    better: Better
    ideal: float | None
    description: str
    counts: tuple[int, ...] = (10_000,)
    reading: Callable[[_Shared], Reading] | None = None


FAMILIES: dict[str, Family] = {
    "frechet": Family(
        FEATURES, "lower", 0.0, "Fréchet distance of Gaussians fitted to features (FID, Heusel et al. 2017)",
        (10_000, 50_000), lambda shared: shared.frechet,
    ),
    "kernel": Family(
        FEATURES, "lower", 0.0, "squared MMD with a cubic kernel, unbiased (KID, Bińkowski et al. 2018)",
        (10_000, 50_000), lambda shared: shared.kernel,
    ),
    "precision": Family(
        FEATURES, "higher", None, "share of samples that lie among real images (Kynkäänniemi et al. 2019)",
        reading=lambda shared: Reading(shared.neighbourhoods.precision),
    ),
    "recall": Family(
        FEATURES, "higher", None, "share of real images that lie among samples (Kynkäänniemi et al. 2019)",
        reading=lambda shared: Reading(shared.neighbourhoods.recall),
    ),
    "density": Family(
        FEATURES, "higher", 1.0, "how densely real images lie around samples (Naeem et al. 2020)",
        reading=lambda shared: Reading(shared.neighbourhoods.density),
    ),
    "coverage": Family(
        FEATURES, "higher", 1.0 - 2.0**-5, "share of real images with a sample near by (Naeem et al. 2020)",
        reading=lambda shared: Reading(shared.neighbourhoods.coverage),
    ),
    "inception_score": Family(
        ("probabilities",), "higher", None, "classes certain per image and even over images (Salimans et al. 2016)",
        (10_000, 50_000), lambda shared: shared.inception_score,
    ),
    "distance_to_training": Family(
        TRAINING, "ideal", 0.5, "chance that a sample is closer to the training images than an unseen real image is",
        reading=lambda shared: Reading(shared.distance_to_training.value),
    ),
    "copies": Family(
        TRAINING, "lower", 0.01, "share of samples closer to the training images than 99 % of unseen real images are",
        reading=lambda shared: Reading(shared.distance_to_training.copies),
    ),
    "nearest_neighbor": Family(
        DIGITS, "lower", None, "test error of a 1-nearest-neighbour classifier of generated digits (paper, Table 3)",
        (50_000, 10_000_000),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Metric:
    """A family with its number of samples; the fields of `Family` are explained there."""

    name: str
    family: str
    samples: int
    needs: tuple[str, ...]
    better: Better
    ideal: float | None
    description: str


def metric(name: str) -> Metric:
    """The metric of a name such as "frechet_10k", "kernel_500" or "nearest_neighbor_10m".

    Raises:
        ValueError: there is no such metric; the message lists those there are.
    """
    parts = re.fullmatch(r"([a-z_]+)_([1-9]\d*)([km]?)", name)
    if not parts or parts[1] not in FAMILIES:
        raise ValueError(f"there is no metric {name}: use one of {', '.join(METRICS)}, or another number of samples")
    family = FAMILIES[parts[1]]
    samples = int(parts[2]) * {"": 1, "k": 1000, "m": 1_000_000}[parts[3]]
    return Metric(name, parts[1], samples, family.needs, family.better, family.ideal, family.description)


def _count_text(count: int) -> str:
    for unit, text in ((1_000_000, "m"), (1000, "k")):
        if count % unit == 0:
            return f"{count // unit}{text}"
    return str(count)


METRICS: dict[str, Metric] = {
    f"{name}_{_count_text(count)}": metric(f"{name}_{_count_text(count)}")
    for name, family in FAMILIES.items()
    for count in family.counts
}


def compute(names: Iterable[str], inputs: Inputs) -> dict[str, Reading]:
    """The readings of several metrics, in the order given; what they have in common is computed once.

    Raises:
        ValueError: an unknown name, an input that is missing or too short, or that a definition refuses.
    """
    metrics = [metric(name) for name in dict.fromkeys(names)]
    for each in metrics:
        _check_present(each, inputs)
    errors = _stream_errors([each.samples for each in metrics if each.family == "nearest_neighbor"], inputs)
    shared = {each.samples: _Shared(inputs, each.samples) for each in metrics}
    readings = {}
    for each in metrics:
        reading = FAMILIES[each.family].reading
        readings[each.name] = reading(shared[each.samples]) if reading else Reading(errors[each.samples])
    return readings


def _check_present(each: Metric, inputs: Inputs) -> None:
    for field in each.needs:
        replaced = field == "real_features" and each.family == "frechet" and inputs.real_moments is not None
        if getattr(inputs, field) is None and not replaced:
            raise ValueError(f"{each.name} needs {', '.join(each.needs)}: {field} is missing")
    if each.family == "nearest_neighbor":
        arrays.check_labels("test_labels", inputs.test_labels, len(inputs.test_images))


def _stream_errors(counts: list[int], inputs: Inputs) -> dict[int, float]:
    if not counts:
        return {}
    search = NearestNeighbor(inputs.test_images)
    return nearest_neighbor_errors(search, inputs.labelled_stream(), inputs.test_labels, tuple(counts))
