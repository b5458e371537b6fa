"""Which rows the linear classifier sees: the protocols of Tables 1 and 2, with costs chosen on separate rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf.metrics.linear_svm import LinearSVM, fit_path, predictions, standardizing

COSTS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # for standardized features, whose mean squared length is 1
MOST_CHOOSING_DRAWS = 10


@dataclass(frozen=True)
class Labeled:
    """Features [n, d], may be a memory map, with integer labels [n]."""

    features: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.features)

    def part(self, rows: slice | np.ndarray) -> "Labeled":
        """Some rows; a slice costs no copy."""
        return Labeled(self.features[rows], self.labels[rows])

    def split(self, held_out: int) -> tuple["Labeled", "Labeled"]:
        """All rows but the last `held_out`, and those."""
        return self.part(slice(0, -held_out)), self.part(slice(len(self) - held_out, None))


@dataclass(frozen=True)
class Accuracy:
    """Test accuracy at the cost that validation chose.

    Attributes:
        draws: share of correct test images, from 0 to 1, of every draw of training images.
        cost: the chosen one.
        validation: mean validation accuracy of every cost.
    """

    draws: tuple[float, ...]
    cost: float
    validation: dict[float, float]

    @property
    def value(self) -> float:
        """The mean over draws."""
        return float(np.mean(self.draws))

    @property
    def deviation(self) -> float:
        """The standard deviation over draws (n - 1), 0 for one; the paper's script prints 1.96 of them."""
        return float(np.std(self.draws, ddof=1)) if len(self.draws) > 1 else 0.0


def with_all_labels(training: Labeled, test: Labeled, held_out: int, costs: Sequence[float] = COSTS) -> Accuracy:
    """Table 1: the cost is chosen on the last `held_out` rows, then all rows are fitted with it.

    Training rows must be in random order. The test rows are used once, at the end.

    Raises:
        ValueError: what `fit_path` refuses.
    """
    fitted, validation = training.split(held_out)
    models = fit_path(fitted.features, fitted.labels, costs, standardizing(fitted.features))
    validated = dict(zip(costs, _accuracies(models, validation), strict=True))
    cost = _best(validated)
    models = fit_path(training.features, training.labels, [cost], standardizing(training.features))
    return Accuracy(tuple(_accuracies(models, test)), cost, validated)


def with_few_labels(
    training: Labeled,
    validation: Labeled,
    test: Labeled,
    per_class: int,
    generator: np.random.Generator,
    costs: Sequence[float] = COSTS,
    draws: int = 100,
) -> Accuracy:
    """Table 2 (and "400 per class" of Table 1): classifiers of a few labeled rows, over many draws of them.

    As in the paper's script for SVHN: the cost with the best mean validation accuracy over up to 10 draws, then the
    test accuracy with it over other draws. Features are scaled by all training features, labeled or not.

    Args:
        training: rows to draw from.
        validation: rows for choosing the cost, none of them in `training`.
        test: used with the chosen cost only.
        per_class: labeled rows of every class: 100 for Table 2's 1,000 labels of ten classes.
        generator: draws the rows.
        costs: values of C.
        draws: how many for testing, at least 1.

    Raises:
        ValueError: a class with too few rows, or what `fit_path` refuses.
    """
    scaling = standardizing(training.features)

    def models(path: Sequence[float]) -> list[LinearSVM]:
        part = training.part(balanced_rows(training.labels, per_class, generator))
        return fit_path(part.features, part.labels, path, scaling)

    choosing = range(min(MOST_CHOOSING_DRAWS, draws))
    table = np.mean([_accuracies(models(costs), validation) for _ in choosing], axis=0)
    validated = dict(zip(costs, table.tolist(), strict=True))
    cost = _best(validated)
    return Accuracy(tuple(_accuracies(models([cost]), test)[0] for _ in range(draws)), cost, validated)


def balanced_rows(labels: np.ndarray, per_class: int, generator: np.random.Generator) -> np.ndarray:
    """Rows with `per_class` of every class, without repetition, ascending: int64 [classes * per_class].

    Raises:
        ValueError: a class has fewer.
    """
    chosen = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) < per_class:
            raise ValueError(f"class {label} has {len(rows):,} rows, {per_class:,} are needed")
        chosen.append(generator.choice(rows, per_class, replace=False))
    return np.sort(np.concatenate(chosen))


def _best(validated: dict[float, float]) -> float:
    """The lowest cost of equals, because it is the strongest regularization."""
    return min(validated, key=lambda cost: (-validated[cost], cost))


def _accuracies(models: Sequence[LinearSVM], part: Labeled) -> list[float]:
    return (predictions(models, part.features) == part.labels[:, None]).mean(axis=0).tolist()
