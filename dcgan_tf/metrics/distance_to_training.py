"""Does the generator repeat its training images? Distances to them, compared with those of real unseen images."""

from typing import NamedTuple

import numpy as np

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.distances import nearest_distances

COPY_QUANTILE = 0.01


class DistanceToTraining(NamedTuple):
    """Two answers, because a few copies among many samples hardly change the first.

    Attributes:
        value: the probability that a generated sample is closer to its nearest training image than a real test image
            is to its own, counting ties half: P(g < t) + P(g = t) / 2, from 0 to 1. It is 0.5 for a generator of the
            data distribution, 1 for one that repeats its training images, and below 0.5 for samples outside of the
            data. It is the Mann-Whitney statistic of Meehan et al. 2020 ("A non-parametric test to detect
            data-copying", arXiv:2004.05675) as a share, so it depends on the order of the distances only.
        copies: share of samples that are closer than the closest 1% of the test images, from 0 to 1; 0.01 for a
            generator of the data distribution, whatever the features.
    """

    value: float
    copies: float


def distance_to_training(training: np.ndarray, test: np.ndarray, generated: np.ndarray) -> DistanceToTraining:
    """Compares Euclidean distances of feature or pixel vectors to the nearest training vector.

    No test image may be a training image too: at distance 0, it would make copies look normal.

    Args:
        training: what the generator was trained on, [n, d].
        test: real, unseen, from the same distribution, [m, d]; several thousand, because they define a 1% quantile.
        generated: samples, [k, d].

    Raises:
        ValueError: fewer than 100 test vectors, different widths, values that are not finite.
    """
    arrays.check_features("training vectors", training)
    arrays.check_features("test vectors", test, round(1 / COPY_QUANTILE), training.shape[1])
    arrays.check_features("generated vectors", generated, width=training.shape[1])
    of_test, of_generated = nearest_distances(test, training), nearest_distances(generated, training)
    copies = of_generated < np.quantile(of_test, COPY_QUANTILE)
    return DistanceToTraining(share_smaller(of_generated, of_test), float(copies.mean()))


def share_smaller(first: np.ndarray, second: np.ndarray) -> float:
    """The probability that an element of [n] is smaller than one of [m], counting ties half."""
    ordered = np.sort(first)
    smaller, not_larger = (np.searchsorted(ordered, second, side).sum() for side in ("left", "right"))
    return float(0.5 * (smaller + not_larger) / (len(first) * len(second)))
