"""The linear L2-SVM that judges the discriminator's features (paper, section 5, Tables 1 and 2).

For every class, with y = 1 for its rows and -1 for the others, it minimizes

    f(w) = |w|^2 / 2 + C * sum over rows of max(0, 1 - y x·w)^2

which is liblinear's primal problem 2 (Fan et al. 2008) and that of scikit-learn's LinearSVC. Those need the features as
float64 in memory. Here features are read in passes from memory maps of any dtype, by a truncated Newton method; the
classes are separate problems that share every pass, which takes nearly all of the time.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from dcgan_tf.metrics import arrays

TOLERANCE = 1e-3
FEW_ROWS = 6000  # up to this many, if there are at least as many features, are computed in float64: 1.4 GB of 28,672
PASS_BYTES = 1 << 25  # 32 MiB of float32: small enough to stay in the cache, large enough for two threads
NEWTON_STEPS, CONJUGATE_STEPS, SEARCH_STEPS = 100, 100, 40
FORCING = 0.1  # how far each Newton system is solved, relative to its right-hand side


class LinearSVM(NamedTuple):
    """One-vs-rest classifiers of unscaled features: any scaling is part of the weights.

    Attributes:
        weights: float64 [d + 1, k], the bias last.
        classes: the labels, ascending, [k].
    """

    weights: np.ndarray
    classes: np.ndarray


class Scaling(NamedTuple):
    """x becomes (x - center) * factor, both float64 [d]; factor 0 drops a feature."""

    center: np.ndarray
    factor: np.ndarray


def fit_path(
    features: np.ndarray,
    labels: np.ndarray,
    costs: Sequence[float],
    scaling: Scaling | None = None,
    tolerance: float = TOLERANCE,
) -> list[LinearSVM]:
    """One classifier per cost, in the order given; each starts from the one with the next lower cost.

    The bias is the weight of a constant feature 1 and is regularized with the others (liblinear's treatment,
    intercept_scaling=1).

    Args:
        features: [n, d], may be a memory map; float16 and float32 are computed in float32 unless rows are few.
        labels: integers [n].
        costs: values of C, all above 0.
        scaling: of the features; None leaves them unscaled.
        tolerance: largest distance of each class's objective from its minimum, relative to it.

    Raises:
        ValueError: features or labels that do not fit, fewer than two classes, a cost that is not positive, or a
            tolerance that was not reached.
    """
    arrays.check_features("features", features, 2)
    arrays.check_labels("labels", labels, len(features))
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(f"labels: a classifier needs at least two classes, got {classes.tolist()}")
    if not len(costs) or min(costs) <= 0:
        raise ValueError(f"costs={list(costs)}: at least one is needed, all above 0")
    few = len(features) <= min(FEW_ROWS, features.shape[1])
    design = Design(np.asarray(features, np.float64) if few else features, scaling)
    signs = np.where(labels[:, None] == classes, 1.0, -1.0)
    weights, models = np.zeros((design.shape[1], len(classes))), {}
    for cost in sorted(set(costs)):
        weights, decisions = _minimize(design, signs, cost, weights, tolerance)
        solution = weights
        if few:
            # The weights are this combination of rows at the minimum, where the gradient is zero. Within the tolerance
            # the two differ slightly; the results in docs/results.md were obtained with the combination.
            solution = 2.0 * cost * design.transposed_times(signs * _violation(decisions, signs))
        models[cost] = LinearSVM(np.vstack(design.unscaled(solution)), classes)
    return [models[cost] for cost in costs]


def predictions(models: Sequence[LinearSVM], features: np.ndarray) -> np.ndarray:
    """The labels that several classifiers of the same classes give, [n, models], in one pass over the features.

    The label with the largest decision, the smallest of equals.
    """
    decisions = Design(features).times(np.hstack([model.weights for model in models]))
    return models[0].classes[decisions.reshape(len(features), len(models), -1).argmax(axis=2)]


def standardizing(features: np.ndarray) -> Scaling:
    """The scaling of [n, d] to mean 0 and variance 1 / (number of features that vary).

    The mean squared length of a vector is then 1, and one grid of costs serves every width. With variance 1, as is
    common, the same classifier has a cost lower by that number. Features that do not vary are dropped.
    """
    arrays.check_features("features", features, 2)
    total, squares = np.zeros(features.shape[1]), np.zeros(features.shape[1])
    origin = np.asarray(features[0], np.float64)  # near the mean, so that the squares lose no digits to an offset
    for block in arrays.blocks(features):
        block = block - origin
        total += block.sum(axis=0)
        squares += np.einsum("ij,ij->j", block, block)
    mean = total / len(features)
    deviation = np.sqrt(np.maximum(squares / len(features) - mean * mean, 0.0))
    varies = deviation > 1e-7 * np.maximum(1e-30, np.abs(origin + mean))
    factor = np.divide(1.0, deviation * np.sqrt(max(1, varies.sum())), out=np.zeros_like(deviation), where=varies)
    return Scaling(origin + mean, factor)


class Design:
    """The matrix X [n, d + 1] of scaled features and a last column of ones, given by its products.

    Each product is one pass over the features, computed in float64 for float64 features and in float32 otherwise, in
    blocks that are summed in float64. The scaling is moved into the small factors, so features are never copied.
    """

    def __init__(self, features: np.ndarray, scaling: Scaling | None = None):
        width = features.shape[1]
        self.features, self.shape = features, (len(features), width + 1)
        self.scaling = scaling or Scaling(np.zeros(width), np.ones(width))
        self._dtype = np.dtype(np.float64 if features.dtype == np.float64 else np.float32)

    def times(self, vectors: np.ndarray) -> np.ndarray:
        """X V: float64 [d + 1, k] to float64 [n, k]."""
        inner, constant = self._inward(vectors)
        result = np.empty((len(self.features), vectors.shape[1]))
        for part, block in self._blocks():
            result[part] = block @ inner
        return result + constant

    def transposed_times(self, vectors: np.ndarray) -> np.ndarray:
        """Xᵀ R: float64 [n, k] to float64 [d + 1, k]."""
        result = np.zeros((self.shape[1] - 1, vectors.shape[1]))
        for part, block in self._blocks():
            result += block.T @ vectors[part].astype(self._dtype)
        return self._outward(result, vectors.sum(axis=0))

    def normal_times(self, vectors: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(Xᵀ (mask * X V), X V) of V [d + 1, k] and mask [n, k] in one pass; two products would take two."""
        inner, constant = self._inward(vectors)
        decisions = np.empty((len(self.features), vectors.shape[1]))
        result, total = np.zeros((self.shape[1] - 1, vectors.shape[1])), np.zeros(vectors.shape[1])
        for part, block in self._blocks():
            decisions[part] = block @ inner
            decisions[part] += constant
            masked = decisions[part] * mask[part]
            result += block.T @ masked.astype(self._dtype)
            total += masked.sum(axis=0)
        return self._outward(result, total), decisions

    def unscaled(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights [d + 1, k] for scaled features to (weights [d, k], bias [k]) for the features themselves."""
        inner = weights[:-1] * self.scaling.factor[:, None]
        return inner, weights[-1] - self.scaling.center @ inner

    def _inward(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inner, constant = self.unscaled(vectors)
        return inner.astype(self._dtype), constant

    def _outward(self, product: np.ndarray, total: np.ndarray) -> np.ndarray:
        moved = (product - np.outer(self.scaling.center, total)) * self.scaling.factor[:, None]
        return np.vstack((moved, total))

    def _blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        width = self.shape[1] - 1
        for part in arrays.slices(len(self.features), max(64, PASS_BYTES // (4 * width))):
            yield part, np.asarray(self.features[part], self._dtype)


def _minimize(
    design: Design, signs: np.ndarray, cost: float, start: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """The minimizers of all classes, (weights [d + 1, k], decisions X W [n, k]), of `signs` ±1 [n, k].

    Newton's method of Lin, Weng and Keerthi (2008) with conjugate gradients for the systems. In place of a trust region
    it searches exactly along the step, which costs no pass over the features because the step's decisions are known.
    """
    weights = start.astype(np.float64)
    decisions = design.times(weights) if weights.any() else np.zeros(signs.shape)
    for _ in range(NEWTON_STEPS):
        violation = _violation(decisions, signs)
        gradient = weights - 2.0 * cost * design.transposed_times(signs * violation)
        # f is strongly convex with constant 1, so it exceeds its minimum by at most half the square of its gradient.
        gap = 0.5 * np.square(gradient).sum(axis=0)
        values = 0.5 * np.square(weights).sum(axis=0) + cost * np.square(violation).sum(axis=0)
        unfinished = np.flatnonzero(gap > tolerance * values)
        if not len(unfinished):
            return weights, decisions
        step, step_decisions = _newton_step(design, gradient[:, unfinished], violation[:, unfinished] > 0, cost)
        length = _best_length(
            weights[:, unfinished], step, decisions[:, unfinished], step_decisions, signs[:, unfinished], cost
        )
        weights[:, unfinished] += length * step
        decisions[:, unfinished] += length * step_decisions
    raise ValueError(
        f"the classifier did not reach tolerance {tolerance} at cost {cost} in {NEWTON_STEPS} steps: "
        "use a larger tolerance, a lower cost or scaled features"
    )


def _violation(decisions: np.ndarray, signs: np.ndarray) -> np.ndarray:
    return np.maximum(0.0, 1.0 - signs * decisions)


def _newton_step(
    design: Design, gradient: np.ndarray, active: np.ndarray, cost: float
) -> tuple[np.ndarray, np.ndarray]:
    """Solves (I + 2 cost Xᵀ diag(active) X) s = -gradient for every column: (s [d + 1, k], X s [n, k])."""
    step, step_decisions = np.zeros_like(gradient), np.zeros(active.shape)
    residual = -gradient
    direction = residual.copy()
    square = np.square(residual).sum(axis=0)
    goal = FORCING**2 * square
    for _ in range(CONJUGATE_STEPS):
        curved, decisions = design.normal_times(direction, active)
        curved = direction + 2.0 * cost * curved
        running = square > goal  # a class that is done stands still while others go on
        curvature = (direction * curved).sum(axis=0)
        alpha = np.divide(square, curvature, out=np.zeros_like(square), where=running & (curvature > 0))
        step += alpha * direction
        step_decisions += alpha * decisions
        residual -= alpha * curved
        previous, square = square, np.where(running, np.square(residual).sum(axis=0), square)
        if not (square > goal).any():
            break
        beta = np.divide(square, previous, out=np.zeros_like(square), where=previous > 0)
        direction = residual + beta * direction
    return step, step_decisions


def _best_length(
    weights: np.ndarray,
    step: np.ndarray,
    decisions: np.ndarray,
    step_decisions: np.ndarray,
    signs: np.ndarray,
    cost: float,
) -> np.ndarray:
    """How far to go along every step, [k]: where the derivative of f, which is piecewise linear and rising, is zero."""
    cross, square = (weights * step).sum(axis=0), np.square(step).sum(axis=0)
    margins, slopes = signs * decisions, signs * step_decisions
    at_zero = np.abs(cross - 2.0 * cost * (np.maximum(0.0, 1.0 - margins) * slopes).sum(axis=0))
    low, high = np.zeros(len(cross)), np.full(len(cross), np.inf)
    length = np.ones(len(cross))
    for _ in range(SEARCH_STEPS):
        violation = np.maximum(0.0, 1.0 - margins - length * slopes)
        derivative = cross + length * square - 2.0 * cost * (violation * slopes).sum(axis=0)
        low, high = np.where(derivative < 0, length, low), np.where(derivative >= 0, length, high)
        if (np.abs(derivative) <= 1e-6 * at_zero).all():
            break
        curvature = square + 2.0 * cost * (np.square(slopes) * (violation > 0)).sum(axis=0)
        newton = length - np.divide(derivative, curvature, out=np.zeros_like(curvature), where=curvature > 0)
        middle = np.where(np.isinf(high), 2.0 * low, 0.5 * (low + high))
        length = np.where((newton > low) & (newton < high), newton, middle)
    return length
