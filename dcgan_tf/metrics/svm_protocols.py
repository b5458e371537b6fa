"""Which rows the linear classifier sees: the protocols of Tables 1 and 2, costs chosen on rows it is not tested on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.design import Scaling, standardised, unscaled
from dcgan_tf.metrics.linear_svm import TOLERANCE, LinearSVM, fit_path

PAPER_COSTS = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)  # the paper's script for Table 2, on unscaled features
COSTS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # on standardised features, which have a mean squared length of 1
SCALINGS = ("standard", "none")


@dataclass(frozen=True)
class Labelled:
    """Features [n, d], a memory map too, with integer labels [n]."""

    features: np.ndarray
    labels: np.ndarray

    def __post_init__(self):
        arrays.check_labels("labels", self.labels, len(self.features))

    def __len__(self) -> int:
        return len(self.features)

    def part(self, rows: slice | np.ndarray) -> "Labelled":
        """A slice costs no copy."""
        return Labelled(self.features[rows], self.labels[rows])


@dataclass(frozen=True)
class Accuracy:
    """Test accuracy with the cost that validation chose.

    Attributes:
        value: share of test images named rightly, the mean over draws, 0 to 1.
        deviation: the standard deviation over draws (n - 1), 0 for one; the paper's script prints 1.96 of them.
        cost: what validation chose.
        validation: mean validation accuracy of every cost.
        draws: test accuracy of every draw.
    """

    value: float
    deviation: float
    cost: float
    validation: dict[float, float]
    draws: tuple[float, ...]


def with_all_labels(
    training: Labelled,
    test: Labelled,
    held_out: int,
    costs: Sequence[float] = COSTS,
    scaling: str = "standard",
    tolerance: float = TOLERANCE,
) -> Accuracy:
    """Table 1: the cost is chosen on the last `held_out` rows, then all rows are fitted with it.

    Args:
        training: rows in random order, because the last of them are held out.
        test: used once, at the end.
        held_out: rows for choosing the cost.
        costs: values of C.
        scaling: "standard" or "none".
        tolerance: of the solver.

    Raises:
        ValueError: nothing left to train on or to hold out, or what `fit_path` refuses.
    """
    if not 0 < held_out < len(training):
        raise ValueError(f"held_out={held_out}: it must be from 1 to {len(training) - 1}")
    fitted, validation = training.part(slice(0, -held_out)), training.part(slice(len(training) - held_out, None))
    moves = _scaling(scaling, fitted.features)
    models = fit_path(fitted.features, fitted.labels, costs, moves, tolerance)
    scores = dict(zip(costs, _accuracies(models, validation), strict=True))
    cost = _best(scores)
    (model,) = fit_path(training.features, training.labels, [cost], _scaling(scaling, training.features), tolerance)
    (value,) = _accuracies([model], test)
    return Accuracy(value, 0.0, cost, scores, (value,))


def with_few_labels(
    training: Labelled,
    validation: Labelled,
    test: Labelled,
    per_class: int,
    generator: np.random.Generator,
    costs: Sequence[float] = COSTS,
    scaling: str = "standard",
    tolerance: float = TOLERANCE,
    choosing_draws: int = 10,
    draws: int = 100,
) -> Accuracy:
    """Table 2 (and "400 per class" of Table 1): classifiers of a few labelled rows, over many draws of them.

    As the paper's script for SVHN does: the cost with the best mean validation accuracy over some draws, then the test
    accuracy over other draws with it. Scaling is that of all training features, labelled or not.

    Args:
        training: rows to draw from.
        validation: rows for choosing the cost, none of them in `training`.
        test: used with the chosen cost only.
        per_class: labelled rows of every class: 100 for Table 2's 1,000 labels of ten classes.
        generator: decides the draws.
        costs: values of C.
        scaling: "standard" or "none".
        tolerance: of the solver.
        choosing_draws: draws for choosing the cost.
        draws: draws for testing.

    Raises:
        ValueError: a class with too few rows, or what `fit_path` refuses.
    """
    if draws < 1 or choosing_draws < 1:
        raise ValueError(f"draws={draws}, choosing_draws={choosing_draws}: at least 1 of each is needed")
    moves = _scaling(scaling, training.features)

    def models(path: Sequence[float]) -> list[LinearSVM]:
        rows = balanced_rows(training.labels, per_class, generator)
        part = training.part(rows)
        return fit_path(part.features, part.labels, path, moves, tolerance)

    table = np.mean([_accuracies(models(costs), validation) for _ in range(choosing_draws)], axis=0)
    scores = dict(zip(costs, table.tolist(), strict=True))
    cost = _best(scores)
    values = [_accuracies(models([cost]), test)[0] for _ in range(draws)]
    deviation = float(np.std(values, ddof=1)) if draws > 1 else 0.0
    return Accuracy(float(np.mean(values)), deviation, cost, scores, tuple(values))


def balanced_rows(labels: np.ndarray, per_class: int, generator: np.random.Generator) -> np.ndarray:
    """Rows with `per_class` of every class, without repetition, ascending: int64 [classes * per_class].

    Raises:
        ValueError: a class has fewer, or `per_class` is below 1.
    """
    if per_class < 1:
        raise ValueError(f"per_class={per_class}: it must be at least 1")
    chosen = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) < per_class:
            raise ValueError(f"class {label} has {len(rows):,} rows, {per_class:,} are needed")
        chosen.append(generator.choice(rows, per_class, replace=False))
    return np.sort(np.concatenate(chosen))


def _scaling(name: str, features: np.ndarray) -> Scaling:
    if name not in SCALINGS:
        raise ValueError(f"scaling={name}: it must be one of {', '.join(SCALINGS)}")
    return standardised(features) if name == "standard" else unscaled(features.shape[1])


def _best(scores: dict[float, float]) -> float:
    """Of equals the lowest cost, which is the strongest regularisation."""
    return min(scores, key=lambda cost: (-scores[cost], cost))


def _accuracies(models: list[LinearSVM], part: Labelled) -> list[float]:
    """Of several classifiers with the same classes, in one pass over the features."""
    together = LinearSVM(
        np.hstack([model.weights for model in models]),
        np.hstack([model.bias for model in models]),
        models[0].classes,
        0.0,
        np.zeros(0),
    )
    decisions = together.decisions(part.features).reshape(len(part), len(models), -1)
    found = models[0].classes[decisions.argmax(axis=2)]
    return (found == part.labels[:, None]).mean(axis=0).tolist()
