"""Kernel distance between two sets of feature vectors (Bińkowski et al. 2018, KID)."""

from dataclasses import dataclass

import numpy as np

from dcgan_tf.metrics import arrays

SUBSETS, SUBSET_SIZE = 100, 1000


@dataclass(frozen=True)
class KernelDistance:
    """The mean over the subsets, and how much they differ.

    Attributes:
        value: the mean; near 0, and below it half of the time, for two sets of one law.
        deviation: the standard deviation over subsets, what tables print behind ±.
        standard_error: that of the mean, deviation / sqrt(subsets). It tells how much another choice of subsets would
            change the value; what other *samples* would change is more, because subsets of one set overlap.
    """

    value: float
    deviation: float
    standard_error: float


def kernel_distance(
    real: np.ndarray,
    generated: np.ndarray,
    generator: np.random.Generator,
    subsets: int = SUBSETS,
    size: int = SUBSET_SIZE,
) -> KernelDistance:
    """The squared maximum mean discrepancy with the kernel (x·y / d + 1)^3, unbiased at any number of samples.

    Bińkowski et al. 2018 (arXiv:1801.01401), section 4.4; every subset is `size` vectors of each set, drawn without
    replacement.

    Args:
        real: features [n, d].
        generated: features [m, d].
        generator: decides the subsets.
        subsets: how many are averaged.
        size: vectors of each set in a subset, at least 2.

    Raises:
        ValueError: fewer vectors than `size`, different widths, values that are not finite.
    """
    if size < 2 or subsets < 1:
        raise ValueError(f"subsets={subsets}, size={size}: at least 1 subset of at least 2 vectors is needed")
    arrays.check_features("real features", real, size)
    arrays.check_features("generated features", generated, size)
    arrays.check_same_width("real", real, "generated features", generated)
    values = np.array(
        [_discrepancy(_drawn(real, size, generator), _drawn(generated, size, generator)) for _ in range(subsets)]
    )
    deviation = float(values.std(ddof=1)) if subsets > 1 else 0.0
    return KernelDistance(float(values.mean()), deviation, deviation / subsets**0.5)


def _drawn(features: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    # Sorted rows are read in the order of the file; the mean over pairs does not depend on their order.
    rows = np.sort(generator.choice(len(features), size, replace=False))
    return np.asarray(features[rows], np.float64)


def _discrepancy(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared MMD of float64 [n, d] each: Gretton et al. 2012, equation 4."""
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
    return product * product * product  # a power is ten times as slow
