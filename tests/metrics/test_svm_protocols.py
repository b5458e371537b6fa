import numpy as np
import pytest

from dcgan_tf.metrics.linear_svm import fit_path, predictions, standardizing
from dcgan_tf.metrics.svm_protocols import COSTS, Labeled, balanced_rows, with_all_labels, with_few_labels
from tests.metrics.test_linear_svm import CLASSES, problem


def test_all_labels_choose_the_cost_without_the_test_images():
    training, test = Labeled(*problem(7, 600)), Labeled(*problem(8, 400))
    found = with_all_labels(training, test, 200)
    assert list(found.validation) == list(COSTS) and found.cost == max(COSTS, key=lambda c: (found.validation[c], -c))
    (model,) = fit_path(training.features, training.labels, [found.cost], standardizing(training.features))
    assert found.value == found.draws[0] == (predictions([model], test.features)[:, 0] == test.labels).mean() > 0.8


def test_few_labels_over_draws():
    training, validation, test = (Labeled(*problem(seed, 500)) for seed in (9, 10, 11))

    def accuracy(per_class, seed=0):
        return with_few_labels(training, validation, test, per_class, np.random.default_rng(seed), draws=5)

    few, many = accuracy(3), accuracy(60)
    assert few.value < many.value and len(few.draws) == 5
    assert few.value == pytest.approx(np.mean(few.draws)) and few.deviation == pytest.approx(np.std(few.draws, ddof=1))
    assert few == accuracy(3) != accuracy(3, seed=1)
    assert few.validation[few.cost] == max(few.validation.values())


def test_rows_are_balanced_and_repeat():
    labels = problem(14)[1]
    rows, again = (balanced_rows(labels, 7, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(rows, again)
    assert len(set(rows.tolist())) == 28 and np.bincount(labels[rows]).tolist() == [7] * CLASSES


def test_wrong_arguments():
    part = Labeled(*problem())
    with pytest.raises(ValueError, match=r"class 0 has .* rows, 1,000 are needed"):
        balanced_rows(part.labels, 1000, np.random.default_rng(0))
    with pytest.raises(ValueError, match="0 rows are too few"):
        with_all_labels(part, part, 400)
