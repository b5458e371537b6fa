"""Kernel distance between two sets of feature vectors (Bińkowski et al. 2018, KID)."""

import numpy as np

from dcgan_tf.metrics import arrays

SUBSETS, SUBSET_SIZE = 100, 1000


def kernel_distance(
    real: np.ndarray,
    generated: np.ndarray,
    generator: np.random.Generator,
    subsets: int = SUBSETS,
    size: int = SUBSET_SIZE,
) -> tuple[float, float]:
    """The squared maximum mean discrepancy with the kernel (x·y / d + 1)^3, unbiased for any number of samples.

    Bińkowski et al. 2018 (arXiv:1801.01401), section 4.4; each subset holds `size` vectors of either set, drawn
    without replacement.

    Args:
        real: features [n, d].
        generated: features [m, d].
        generator: draws the subsets.
        subsets: how many are averaged.
        size: vectors of each set in a subset, at least 2.

    Returns:
        The mean over the subsets, near 0 (and as often below as above) for two sets of one distribution, and their
        standard deviation. Other *samples* change the mean by more than other subsets do, because subsets overlap.

    Raises:
        ValueError: fewer vectors than `size`, different widths, values that are not finite.
    """
    if size < 2 or subsets < 1:
        raise ValueError(f"subsets={subsets}, size={size}: at least 1 subset of at least 2 vectors is needed")
    arrays.check_features("real features", real, size)
    arrays.check_features("generated features", generated, size, real.shape[1])
    values = np.array(
        [_discrepancy(_drawn(real, size, generator), _drawn(generated, size, generator)) for _ in range(subsets)]
    )
    return float(values.mean()), float(values.std(ddof=1)) if subsets > 1 else 0.0


def _drawn(features: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    # Sorted, so that a file is read in order; the mean over pairs does not depend on the order of rows.
    rows = np.sort(generator.choice(len(features), size, replace=False))
    return np.asarray(features[rows], np.float64)


def _discrepancy(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared MMD of two float64 [n, d]: Gretton et al. 2012, equation 4."""
    n = len(first)
    within = (_sum_off_diagonal(first) + _sum_off_diagonal(second)) / (n * (n - 1))
    return within - 2.0 * _kernel(first, second).sum() / (n * n)


def _sum_off_diagonal(vectors: np.ndarray) -> float:
    kernel = _kernel(vectors, vectors)
    return kernel.sum() - np.trace(kernel)


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    product = first @ second.T
    product /= first.shape[1]
    product += 1.0
    return product * product * product  # ten times as fast as a power
