import numpy as np
import pytest

from dcgan_tf.metrics.inception_score import inception_score


def probabilities(count=200, classes=5, sharpness=2.0, seed=0):
    logits = sharpness * np.random.default_rng(seed).normal(0, 1, (count, classes))
    return (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)


def test_extremes():
    certain = np.eye(5)[np.arange(100) % 5]
    assert inception_score(certain)[0] == pytest.approx(5)
    assert inception_score(np.full((100, 5), 0.2))[0] == pytest.approx(1)
    assert inception_score(np.eye(5)[np.zeros(100, int)])[0] == pytest.approx(1)


def test_equals_the_definition_over_splits():
    parts = probabilities().astype(np.float64).reshape(10, 20, 5)
    divergences = (parts * np.log(parts / parts.mean(axis=1, keepdims=True))).sum(axis=2)
    scores = np.exp(divergences.mean(axis=1))
    assert inception_score(probabilities()) == pytest.approx((scores.mean(), scores.std()), rel=1e-9)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="9 rows are too few for 10 splits"):
        inception_score(probabilities(9))
    for wrong in (probabilities() * np.nan, probabilities() * 2, np.log(probabilities())):
        with pytest.raises(ValueError, match="every row"):
            inception_score(wrong)
    with pytest.raises(ValueError, match="expected"):
        inception_score(np.ones(5))
