import numpy as np
import pytest

from dcgan_tf.metrics.inception_score import inception_score


def probabilities(count=200, classes=5, sharpness=2.0, seed=0):
    logits = sharpness * np.random.default_rng(seed).normal(0, 1, (count, classes))
    return (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)


def test_extremes():
    certain = np.eye(5)[np.arange(100) % 5]
    assert inception_score(certain).value == pytest.approx(5)
    assert inception_score(np.full((100, 5), 0.2)).value == pytest.approx(1)
    assert inception_score(np.eye(5)[np.zeros(100, int)]).value == pytest.approx(1)


def test_equals_the_definition_over_splits():
    values = probabilities().astype(np.float64)
    scores = []
    for part in values.reshape(10, 20, 5):
        marginal = part.mean(axis=0)
        scores.append(
            np.exp(np.mean([sum(p * np.log(p / q) for p, q in zip(row, marginal, strict=True)) for row in part]))
        )
    found = inception_score(probabilities())
    assert found.value == pytest.approx(np.mean(scores), rel=1e-9)
    assert found.deviation == pytest.approx(np.std(scores), rel=1e-6)


def test_less_certain_and_fewer_classes_are_worse():
    values = [inception_score(probabilities(sharpness=s)).value for s in (8, 4, 2, 1)]
    assert values == sorted(values, reverse=True)
    kept = [inception_score(np.eye(5)[np.arange(200) % classes]).value for classes in (5, 4, 2)]
    assert kept == sorted(kept, reverse=True)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="9 rows are too few for 10 splits"):
        inception_score(probabilities(9))
    for wrong in (probabilities() * np.nan, probabilities() * 2, np.log(probabilities())):
        with pytest.raises(ValueError, match="every row"):
            inception_score(wrong)
    with pytest.raises(ValueError, match="expected"):
        inception_score(np.ones(5))
