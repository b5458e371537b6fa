import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from dcgan_tf.metrics.kernel import kernel_distance


def features(seed, count=300, offset=0.0):
    return np.random.default_rng(seed).normal(offset, 1, (count, 8)).astype(np.float32)


def brute_force(first, second) -> float:
    """Sums over all pairs, one by one."""
    kernel = lambda x, y: (float(x @ y) / len(x) + 1.0) ** 3  # noqa: E731
    n = len(first)
    within = sum(kernel(s[i], s[j]) for s in (first, second) for i in range(n) for j in range(n) if i != j)
    return within / (n * (n - 1)) - 2 * sum(kernel(x, y) for x in first for y in second) / n**2


def test_one_subset_of_all_vectors_is_the_sum_over_pairs():
    first, second = features(0, 20).astype(np.float64), features(1, 20, 0.5).astype(np.float64)
    value, deviation = kernel_distance(first, second, np.random.default_rng(0), subsets=1, size=20)
    assert value == pytest.approx(brute_force(first, second), rel=1e-10) and deviation == 0


def test_subsets_against_scikit_learn():
    first, second = features(2), features(3, 250, 0.3)
    found = kernel_distance(first, second, np.random.default_rng(5), subsets=7, size=40)
    generator, values = np.random.default_rng(5), []
    for _ in range(7):
        x, y = (part[generator.choice(len(part), 40, replace=False)].astype(np.float64) for part in (first, second))
        xx, yy, xy = (polynomial_kernel(a, b, degree=3, coef0=1) for a, b in ((x, x), (y, y), (x, y)))
        values.append((xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (40 * 39) - 2 * xy.mean())
    assert found == pytest.approx((np.mean(values), np.std(values, ddof=1)), rel=1e-9)


def test_real_against_real_is_zero_within_its_error():
    values = [
        kernel_distance(features(10 + i), features(40 + i), np.random.default_rng(0), 10, 100)[0] for i in range(20)
    ]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(20)
    assert min(values) < 0  # unbiased, so sometimes below 0


def test_the_generator_decides_which_subsets_are_drawn():
    real = features(4)
    first, again, other = (kernel_distance(real, features(5), np.random.default_rng(s), 5, 50) for s in (1, 1, 2))
    assert first == again != other


def test_wrong_arguments():
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match="generated features: 300 rows are too few, at least 1,000 are needed"):
        kernel_distance(features(0, 1000), features(1), generator)
    with pytest.raises(ValueError, match="rows of 7 values, 8 are needed"):
        kernel_distance(features(0), features(1)[:, :7], generator, 2, 10)
    with pytest.raises(ValueError, match="size=1"):
        kernel_distance(features(0), features(1), generator, 2, 1)
    with pytest.raises(ValueError, match="real features: values that are not finite"):
        kernel_distance(features(0) * np.inf, features(1), generator, 2, 10)
