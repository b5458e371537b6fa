import numpy as np
import pytest

from dcgan_tf.metrics.moments import Moments

FEATURES = np.random.default_rng(0).normal(0, 1, (500, 6)).astype(np.float32)


def test_moments_are_those_of_numpy():
    moments = Moments.of(FEATURES)
    assert moments.count == 500
    np.testing.assert_allclose(moments.mean, FEATURES.astype(np.float64).mean(axis=0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(moments.covariance, np.cov(FEATURES.astype(np.float64).T), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("sizes", [(500,), (1, 499), (7, 100, 393), (1,) * 500])
def test_the_sizes_of_blocks_do_not_matter(sizes):
    streamed, whole = Moments.empty(6), Moments.of(FEATURES)
    for block in np.split(FEATURES, np.cumsum(sizes)[:-1]):
        streamed.add(block)
    assert streamed.count == whole.count
    np.testing.assert_allclose(streamed.mean, whole.mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(streamed.scatter, whole.scatter, rtol=1e-11, atol=1e-11)


def test_a_large_offset_costs_no_digits():
    moved = FEATURES.astype(np.float64) + 1e7
    moments = Moments.empty(6)
    for block in np.split(moved, 10):
        moments.add(block)
    np.testing.assert_allclose(moments.covariance, np.cov((moved - 1e7).T), rtol=1e-8, atol=1e-9)


def test_wrong_arguments():
    moments = Moments.empty(6)
    with pytest.raises(ValueError, match="rows of 5 values, 6 are needed"):
        moments.add(FEATURES[:, :5])
    spoiled = FEATURES.copy()
    spoiled[3, 2] = np.nan
    with pytest.raises(ValueError, match="not finite in 1 of rows"):
        moments.add(spoiled)
    with pytest.raises(ValueError, match="at least 2 vectors, got 0"):
        _ = moments.covariance
