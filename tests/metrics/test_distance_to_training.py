import numpy as np
import pytest
from scipy.spatial.distance import cdist

from dcgan_tf.metrics.distance_to_training import distance_to_training, share_smaller


def features(seed, count, scale=1.0):
    return (scale * np.random.default_rng(seed).normal(0, 1, (count, 4))).astype(np.float32)


TRAINING, TEST = features(0, 1000), features(1, 600)


def test_equals_brute_force():
    generated = features(2, 300, 0.8)
    found = distance_to_training(TRAINING, TEST, generated)
    of_test, of_generated = (cdist(part, TRAINING).min(axis=1) for part in (TEST, generated))
    pairs = (of_generated[:, None] < of_test).mean() + 0.5 * (of_generated[:, None] == of_test).mean()
    assert found.value == pytest.approx(pairs, rel=1e-12)
    assert found.copies == pytest.approx((of_generated < np.quantile(of_test, 0.01)).mean())


def test_copies_raise_it_and_noise_lowers_it():
    fresh, noise = features(4, 800), features(5, 800)
    values = [
        distance_to_training(TRAINING, TEST, np.concatenate((TRAINING[:copied], fresh[copied:])))
        for copied in (0, 80, 400, 800)
    ]
    assert [each.value for each in values] == sorted(each.value for each in values)
    assert values[-1].value == values[-1].copies == 1
    assert values[1].copies > 0.09  # a tenth of copies is obvious here, while the value has hardly changed
    noisy = [distance_to_training(TRAINING, TEST, fresh + level * noise).value for level in (0, 0.5, 2)]
    assert noisy == sorted(noisy, reverse=True)


def test_it_is_symmetric_and_counts_ties_half():
    first, second = np.array([0.0, 1.0, 1.0]), np.array([1.0, 2.0])
    assert share_smaller(first, second) == pytest.approx((2 + 1.5 + 1.5) / 6)
    assert share_smaller(first, second) + share_smaller(second, first) == pytest.approx(1)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="test vectors: 99 rows are too few, at least 100"):
        distance_to_training(TRAINING, TEST[:99], TEST)
    with pytest.raises(ValueError, match="rows of 3 values, 4 are needed"):
        distance_to_training(TRAINING, TEST, TEST[:, :3])
    with pytest.raises(ValueError, match="generated vectors: values that are not finite"):
        distance_to_training(TRAINING, TEST, TEST * np.nan)
