"""Inception score (Salimans et al. 2016): classes that are certain for each image and even over all images."""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr

SPLITS = 10


@dataclass(frozen=True)
class InceptionScore:
    """Attributes:
    value: the mean over the splits, from 1 to the number of classes.
    deviation: the standard deviation over the splits (of the population, as in the authors' code).
    """

    value: float
    deviation: float


def inception_score(probabilities: np.ndarray, splits: int = SPLITS) -> InceptionScore:
    """exp(mean KL(p(y|x) || p(y))), Salimans et al. 2016 (arXiv:1606.03498), section 4, over consecutive splits.

    The score rises with the number of images per split: compare only equal counts and splits. It sees no real image;
    one perfect image per class has the best score there is.

    Args:
        probabilities: of the classes, [n, classes]; every row sums to 1.
        splits: parts of (nearly) equal length that are scored apart.

    Raises:
        ValueError: fewer images than splits, or rows that are not probabilities.
    """
    check_probabilities(probabilities, splits)
    scores = []
    for part in np.array_split(np.asarray(probabilities, np.float64), splits):
        divergence = rel_entr(part, part.mean(axis=0)).sum(axis=1)
        scores.append(np.exp(divergence.mean()))
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def check_probabilities(probabilities: np.ndarray, at_least: int = 1) -> None:
    """Raises ValueError unless [n, classes] has at least `at_least` rows, each not negative and with the sum 1."""
    if getattr(probabilities, "ndim", 0) != 2 or probabilities.shape[1] < 2:
        raise ValueError(f"probabilities: expected [n, classes], got {getattr(probabilities, 'shape', None)}")
    if len(probabilities) < at_least or at_least < 1:
        raise ValueError(f"probabilities: {len(probabilities):,} rows are too few for {at_least:,} splits")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    # A softmax in float32 misses 1 by 1e-6; logits miss it by far. Written so that NaN fails.
    if not (probabilities.min() >= 0.0 and np.abs(sums - 1.0).max() < 1e-3):
        raise ValueError("probabilities: every row must be finite, not negative and have the sum 1")
