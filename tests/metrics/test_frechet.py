import numpy as np
import pytest
import scipy.linalg

from dcgan_tf.metrics.frechet import frechet_distance
from dcgan_tf.metrics.moments import Moments


def gaussian(mean, covariance, count=1000) -> Moments:
    return Moments(count, np.asarray(mean, float), np.asarray(covariance, float) * (count - 1))


def by_sqrtm(first: Moments, second: Moments) -> float:
    root = scipy.linalg.sqrtm(first.covariance @ second.covariance).real
    step = first.mean - second.mean
    return step @ step + np.trace(first.covariance + second.covariance - 2 * root)


def features(seed, count=400, width=12):
    generator = np.random.default_rng(seed)
    return generator.normal(0, 1, (count, width)) @ generator.normal(0, 1, (width, width))


def test_known_distances():
    assert frechet_distance(gaussian([0, 0], np.eye(2)), gaussian([3, 4], np.eye(2))) == pytest.approx(25)
    assert frechet_distance(gaussian([0], [[4.0]]), gaussian([1], [[9.0]])) == pytest.approx(1 + (3 - 2) ** 2)
    # Covariances that commute: the sum of (sqrt(a) - sqrt(b))^2 over their common axes.
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    first, second = turn * [1.0, 4.0, 9.0] @ turn.T, turn * [16.0, 1.0, 9.0] @ turn.T
    assert frechet_distance(gaussian([0] * 3, first), gaussian([0] * 3, second)) == pytest.approx(9 + 1 + 0)


def test_equals_the_formula_with_sqrtm():
    first, second = Moments.of(features(1)), Moments.of(features(2))
    assert frechet_distance(first, second) == pytest.approx(by_sqrtm(first, second), rel=1e-9)
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first), rel=1e-12)


@pytest.mark.parametrize("count", [400, 13, 12, 5, 2])
def test_equal_moments_have_distance_zero_whatever_their_rank(count):
    moments = Moments.of(features(3, count))
    assert 0 <= frechet_distance(moments, moments) < 1e-12 * np.trace(moments.covariance)


def test_few_samples_keep_all_digits():
    # Rank-deficient sets in orthogonal subspaces do not overlap: the distance is exactly the sum of the traces.
    first, second = np.zeros((5, 12)), np.zeros((5, 12))
    first[:, :6], second[:, 6:] = features(4, 5, 6), features(5, 5, 6)
    first, second = (Moments.of(part - part.mean(axis=0)) for part in (first, second))
    expected = np.trace(first.covariance) + np.trace(second.covariance)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-13)


def test_constant_sets():
    assert frechet_distance(Moments.of(np.ones((4, 3))), Moments.of(np.ones((4, 3)) * 3)) == pytest.approx(12)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="moments of 2 and of 3 features"):
        frechet_distance(gaussian([0] * 2, np.eye(2)), gaussian([0] * 3, np.eye(3)))
    with pytest.raises(ValueError, match="at least 2 vectors"):
        frechet_distance(Moments.of(np.ones((1, 2))), gaussian([0] * 2, np.eye(2)))
    with pytest.raises(ValueError, match="not finite"):
        frechet_distance(gaussian([0, np.nan], np.eye(2)), gaussian([0] * 2, np.eye(2)))
