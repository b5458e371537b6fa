"""Fréchet distance between two sets of feature vectors, each modeled as a Gaussian (Heusel et al. 2017, FID)."""

import numpy as np
import scipy.linalg

from dcgan_tf.metrics.moments import Moments


def frechet_distance(first: Moments, second: Moments) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), Heusel et al. 2017 (arXiv:1706.08500), equation 6.

    The estimate is *biased upwards*, more so for fewer samples: compare only values from equal numbers of samples,
    equal features and the same real images.

    With C = F F^T, the trace of (C1 C2)^(1/2) is the sum of the singular values of F1^T F2. Those are exact to
    rounding relative to the largest one. The square roots of the eigenvalues of C1 C2 (`sqrtm`) lose half of all
    digits when a covariance is rank-deficient, as it is for fewer samples than features.

    Returns:
        The squared distance, in squared units of the features; 0 up to rounding for equal moments, never negative.

    Raises:
        ValueError: different widths, fewer than two vectors, or moments that are not finite.
    """
    if len(first.mean) != len(second.mean):
        raise ValueError(f"moments of {len(first.mean):,} and of {len(second.mean):,} features")
    covariances = first.covariance, second.covariance
    if not all(np.isfinite(each).all() for each in (first.mean, second.mean, *covariances)):
        raise ValueError("moments that are not finite")
    step = first.mean - second.mean
    overlap = scipy.linalg.svdvals(_root(covariances[0]).T @ _root(covariances[1])).sum()
    distance = step @ step + np.trace(covariances[0]) + np.trace(covariances[1]) - 2.0 * overlap
    return max(0.0, float(distance))


def _root(covariance: np.ndarray) -> np.ndarray:
    """F [d, r] with F F^T = covariance, where r is its numerical rank, at least 1."""
    values, vectors = scipy.linalg.eigh(covariance)
    # Eigenvalues below this are rounding errors of zero, and their square roots would not be small.
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    kept[-1] = True
    return vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0.0))
