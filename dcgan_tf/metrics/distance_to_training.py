"""Does the generator repeat its training images? Distances to them, compared with those of real unseen images."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.distances import nearest_distances

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
COPY_QUANTILE = 0.01


@dataclass(frozen=True)
class DistanceToTraining:
    """Two answers, because a few copies among many samples hardly move the first.

    Attributes:
        value: the chance that a generated sample is closer to its nearest training image than a real test image is to
            its own, ties counted half: P(g < t) + P(g = t) / 2, 0 to 1. It is 0.5 for a generator of the data's law,
            1 for one that repeats its training images, and falls below 0.5 when samples lie outside of the data. It is
            the Mann-Whitney statistic of Meehan et al. 2020 ("A non-parametric test to detect data-copying",
            arXiv:2004.05675) as a share: it depends on the order of the distances only, and swapping samples and test
            images gives 1 - value.
        copies: share of samples that are closer than the closest 1 % of the test images are, 0 to 1; 0.01 for a
            generator of the data's law, whatever the features.
        quantiles: the levels of the two rows below.
        generated: quantiles of the samples' distances, in units of the features.
        test: quantiles of the test images' distances.
    """

    value: float
    copies: float
    quantiles: tuple[float, ...]
    generated: tuple[float, ...]
    test: tuple[float, ...]


def distance_to_training(training: np.ndarray, test: np.ndarray, generated: np.ndarray) -> DistanceToTraining:
    """Euclidean distances of feature or pixel vectors to the nearest training vector.

    Test images must not be among the training images, or every one of them is at distance 0 and copies look normal.

    Args:
        training: what the generator was trained on, [n, d].
        test: real and unseen, of the same law, [m, d]; some thousands, because a quantile of 1 % needs them.
        generated: samples, [k, d].

    Raises:
        ValueError: fewer than 100 test vectors, different widths, values that are not finite.
    """
    arrays.check_features("training vectors", training)
    arrays.check_features("test vectors", test, round(1 / COPY_QUANTILE))
    arrays.check_features("generated vectors", generated)
    arrays.check_same_width("training", training, "test vectors", test)
    arrays.check_same_width("training", training, "generated vectors", generated)
    of_test = nearest_distances(test, training)
    of_generated = nearest_distances(generated, training)
    return DistanceToTraining(
        value=share_smaller(of_generated, of_test),
        copies=float((of_generated < np.quantile(of_test, COPY_QUANTILE)).mean()),
        quantiles=QUANTILES,
        generated=tuple(np.quantile(of_generated, QUANTILES).tolist()),
        test=tuple(np.quantile(of_test, QUANTILES).tolist()),
    )


def share_smaller(first: np.ndarray, second: np.ndarray) -> float:
    """The chance that an element of [n] is smaller than one of [m], ties counted half."""
    n, m = len(first), len(second)
    ranks = rankdata(np.concatenate((first, second)))[n:]  # mean ranks for ties
    return float((ranks.sum() - m * (m + 1) / 2) / (n * m))
