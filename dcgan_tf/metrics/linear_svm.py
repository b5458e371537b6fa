"""The linear L2-SVM that judges the discriminator's features (paper, section 5, Tables 1 and 2)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.design import Design, Scaling
from dcgan_tf.metrics.squared_hinge import minimize

TOLERANCE = 1e-3
FEW_ROWS = 6000


class LinearSVM(NamedTuple):
    """One-vs-rest classifiers of unscaled features: any scaling is part of the weights.

    Attributes:
        weights: float64 [d, k].
        bias: float64 [k].
        classes: the labels, ascending, [k].
        cost: C.
    """

    weights: np.ndarray
    bias: np.ndarray
    classes: np.ndarray
    cost: float

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The label with the largest decision, [n]; the smallest label of equals."""
        return predictions([self], features)[:, 0]


def predictions(models: Sequence[LinearSVM], features: np.ndarray) -> np.ndarray:
    """The labels that several classifiers of the same classes give, [n, models], in one pass over the features."""
    weights = np.hstack([np.vstack((model.weights, model.bias)) for model in models])
    decisions = Design(features).times(weights).reshape(len(features), len(models), -1)
    return models[0].classes[decisions.argmax(axis=2)]


def fit_path(
    features: np.ndarray,
    labels: np.ndarray,
    costs: Sequence[float],
    scaling: Scaling | None = None,
    tolerance: float = TOLERANCE,
) -> list[LinearSVM]:
    """One classifier per cost, in the order given; each starts from the one with the next lower cost.

    The objective is that of `sklearn.svm.LinearSVC(loss="squared_hinge", dual=False)`: the bias is the weight of a
    constant feature 1 and is regularized with the others (liblinear's treatment, intercept_scaling=1).

    Args:
        features: [n, d], may be a memory map; float16 and float32 are computed in float32.
        labels: integers [n].
        costs: values of C, all above 0.
        scaling: of the features; None leaves them unscaled.
        tolerance: largest distance of each class's objective from its minimum, relative to it.

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
    design = Design(features, scaling)
    signs = np.where(labels[:, None] == classes, 1.0, -1.0)
    weights, models = np.zeros((design.shape[1], len(classes))), {}
    for cost in sorted(set(costs)):
        weights, decisions = minimize(design, signs, cost, weights, tolerance)
        solution = weights
        if len(features) <= min(FEW_ROWS, features.shape[1]):
            # At the minimum the gradient is zero, and the weights are this combination of the rows. Within the
            # tolerance the two differ; results with few labels were published with the combination.
            solution = 2.0 * cost * design.transposed_times(signs * np.maximum(0.0, 1.0 - signs * decisions))
        models[cost] = LinearSVM(*design.unscaled(solution), classes, cost)
    return [models[cost] for cost in costs]
