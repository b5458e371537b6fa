"""Inception score (Salimans et al. 2016): classes that are certain for each image and balanced over all images."""

import numpy as np

SPLITS = 10


def inception_score(probabilities: np.ndarray) -> tuple[float, float]:
    """exp(mean KL(p(y|x) || p(y))), Salimans et al. 2016 (arXiv:1606.03498), section 4, over ten consecutive splits.

    The score rises with the number of images per split: compare only equal counts. It sees no real image; one perfect
    image per class gets the best possible score.

    Args:
        probabilities: class probabilities, [n, classes]; each row sums to 1.

    Returns:
        The mean over the splits, from 1 to the number of classes, and their standard deviation (of the population, as
        in the authors' code).

    Raises:
        ValueError: fewer images than splits, or rows that are not probabilities.
    """
    from scipy.special import rel_entr  # takes a quarter of a second

    _check(probabilities)
    scores = []
    for part in np.array_split(np.asarray(probabilities, np.float64), SPLITS):
        divergence = rel_entr(part, part.mean(axis=0)).sum(axis=1)
        scores.append(np.exp(divergence.mean()))
    return float(np.mean(scores)), float(np.std(scores))


def _check(probabilities: np.ndarray) -> None:
    if getattr(probabilities, "ndim", 0) != 2 or probabilities.shape[1] < 2:
        raise ValueError(f"probabilities: expected [n, classes], got {getattr(probabilities, 'shape', None)}")
    if len(probabilities) < SPLITS:
        raise ValueError(f"probabilities: {len(probabilities):,} rows are too few for {SPLITS} splits")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    # A float32 softmax misses 1 by 1e-6; logits miss it by far. The condition is written so that NaN fails.
    if not (probabilities.min() >= 0.0 and np.abs(sums - 1.0).max() < 1e-3):
        raise ValueError("probabilities: every row must be finite, not negative and sum to 1")
