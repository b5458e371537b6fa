"""The linear L2-SVM that judges the discriminator's features (paper, section 5, Tables 1 and 2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.design import Design, Scaling, unscaled
from dcgan_tf.metrics.squared_hinge import minimised, objectives

TOLERANCE = 1e-3
SPAN_ROWS = 6000  # the factorisation takes n^3 / 3 multiplications and 16 n^2 bytes: 0.6 GB


@dataclass(frozen=True)
class LinearSVM:
    """One-vs-rest classifiers, on features as they are given: the scaling is part of the weights.

    Attributes:
        weights: float64 [d, k].
        bias: float64 [k].
        classes: the labels, ascending, [k].
        cost: C.
        objective: what was minimised, per class, float64 [k]; of the scaled features and the bias.
    """

    weights: np.ndarray
    bias: np.ndarray
    classes: np.ndarray
    cost: float
    objective: np.ndarray

    def decisions(self, features: np.ndarray) -> np.ndarray:
        """float64 [n, k], the larger the more likely."""
        matrix = Design(features, unscaled(features.shape[1]))
        return matrix.times(np.vstack((self.weights, self.bias)))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The label with the largest decision, [n]; of equals the smallest label."""
        return self.classes[self.decisions(features).argmax(axis=1)]


def fit_path(
    features: np.ndarray,
    labels: np.ndarray,
    costs: Sequence[float],
    scaling: Scaling | None = None,
    tolerance: float = TOLERANCE,
    in_span: bool | None = None,
) -> list[LinearSVM]:
    """One classifier per cost, in the order given; each starts from the one with the next lower cost.

    The objective is that of `sklearn.svm.LinearSVC(loss="squared_hinge", dual=False)`: the bias is the weight of a
    constant feature 1 and is regularised with the others (liblinear's treatment, intercept_scaling=1).

    Args:
        features: [n, d], a memory map too; float16 and float32 are computed in float32.
        labels: integers [n].
        costs: values of C, all above 0.
        scaling: of the features; None leaves them as they are.
        tolerance: largest distance of each class's objective from its minimum, relative to it.
        in_span: solve for the n coefficients of the rows instead of the d weights. The solution is the same, a
            combination of rows, and one pass costs n^2 instead of n d. None decides by the sizes.

    Raises:
        ValueError: features or labels that do not fit, fewer than two classes, a cost that is not positive.
    """
    arrays.check_features("features", features, 2)
    arrays.check_labels("labels", labels, len(features))
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(f"labels: a classifier needs at least two classes, got {classes.tolist()}")
    if not len(costs) or min(costs) <= 0:
        raise ValueError(f"costs={list(costs)}: at least one is needed, all above 0")
    design = Design(features, scaling or unscaled(features.shape[1]))
    signs = np.where(labels[:, None] == classes, 1.0, -1.0)
    if in_span is None:
        in_span = len(features) <= min(SPAN_ROWS, features.shape[1])
    solve = _solved_in_span if in_span else _solved
    return solve(design, signs, classes, costs, tolerance)


def _solved(
    design: Design, signs: np.ndarray, classes: np.ndarray, costs: Sequence[float], tolerance: float
) -> list[LinearSVM]:
    weights, found = np.zeros((design.shape[1], signs.shape[1])), {}
    for cost in sorted(set(costs)):
        weights, scores = minimised(design, signs, cost, weights, tolerance)
        found[cost] = LinearSVM(*design.folded(weights), classes, cost, objectives(weights, scores, signs, cost))
    return [found[cost] for cost in costs]


def _solved_in_span(
    design: Design, signs: np.ndarray, classes: np.ndarray, costs: Sequence[float], tolerance: float
) -> list[LinearSVM]:
    """The same with X replaced by a square Z with Z Zᵀ = X Xᵀ: scores and lengths of weights are the same for both."""
    matrix = _Dense(_square_root(design.gram()))
    weights, coefficients, values = np.zeros((matrix.shape[1], signs.shape[1])), [], []
    path = sorted(set(costs))
    for cost in path:
        weights, scores = minimised(matrix, signs, cost, weights, tolerance)
        # At the minimum the weights are this combination of the rows: the gradient is zero.
        coefficients.append(2.0 * cost * signs * np.maximum(0.0, 1.0 - signs * scores))
        values.append(objectives(weights, scores, signs, cost))
    everything = design.transposed_times(np.hstack(coefficients))  # all costs in one pass
    found = {}
    for index, cost in enumerate(path):
        own = everything[:, index * len(classes) : (index + 1) * len(classes)]
        found[cost] = LinearSVM(*design.folded(own), classes, cost, values[index])
    return [found[cost] for cost in costs]


class _Dense:
    """A small float64 matrix by its products."""

    def __init__(self, values: np.ndarray):
        self._values, self.shape = values, values.shape

    def times(self, vectors: np.ndarray) -> np.ndarray:
        return self._values @ vectors

    def transposed_times(self, vectors: np.ndarray) -> np.ndarray:
        return self._values.T @ vectors

    def normal_times(self, vectors: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = self._values @ vectors
        return self._values.T @ (mask * scores), scores


def _square_root(gram: np.ndarray) -> np.ndarray:
    """Z [n, r] with Z Zᵀ = gram."""
    try:
        return scipy.linalg.cholesky(gram, lower=True)
    except np.linalg.LinAlgError:  # rows that depend on each other
        values, vectors = scipy.linalg.eigh(gram)
        kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
        return vectors[:, kept] * np.sqrt(values[kept])
