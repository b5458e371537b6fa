"""Fréchet distance between two sets of feature vectors, each taken for a Gaussian (Heusel et al. 2017, FID)."""

import numpy as np
import scipy.linalg

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.moments import Moments


def frechet_distance(first: Moments, second: Moments) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), Heusel et al. 2017 (arXiv:1706.08500), equation 6.

    The number is *biased upwards* at a finite number of samples, the more the fewer: compare only what was computed
    from equal counts, with equal features and the same real set.

    With C = F F^T for both, the trace of (C1 C2)^(1/2) is the sum of the singular values of F1^T F2. They are exact
    to rounding relative to the largest one, whereas the square roots of the eigenvalues of C1 C2 (`sqrtm`) lose half
    of all digits where the covariances have no full rank, as with fewer samples than features.

    Returns:
        The squared distance, in squared units of the features; 0 to rounding for equal moments, never below.

    Raises:
        ValueError: different widths, fewer than two vectors, or moments that are not finite.
    """
    arrays.check_same_width("the first moments", first.scatter, "the second", second.scatter)
    covariances = first.covariance, second.covariance
    for moments in (first, second):
        if not (np.isfinite(moments.mean).all() and np.isfinite(moments.scatter).all()):
            raise ValueError("moments that are not finite")
    step = first.mean - second.mean
    overlap = scipy.linalg.svdvals(_root(covariances[0]).T @ _root(covariances[1])).sum()
    distance = step @ step + np.trace(covariances[0]) + np.trace(covariances[1]) - 2.0 * overlap
    return max(0.0, float(distance))


def _root(covariance: np.ndarray) -> np.ndarray:
    """F [d, r] with F F^T = covariance, r being its rank to rounding, at least 1."""
    values, vectors = scipy.linalg.eigh(covariance)
    # What is below this is the rounding of a zero; its square root would not be small.
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    kept[-1] = True
    return vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0.0))
