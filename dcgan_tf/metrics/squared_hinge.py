"""The L2-regularised squared hinge loss of several classes at once, minimised by a truncated Newton method.

For every class c, with y = 1 for its rows and -1 for the others:

    f(w) = |w|^2 / 2 + cost * sum over rows of max(0, 1 - y x·w)^2

which is liblinear's primal problem 2 (Fan et al. 2008) and that of scikit-learn's LinearSVC. The classes are apart as
problems but share every pass over the features, which is all that takes time.
"""

from typing import Protocol

import numpy as np

NEWTON_STEPS, CONJUGATE_STEPS = 100, 100
FORCING = 0.1  # how far each Newton system is solved, relative to its right-hand side


class Matrix(Protocol):
    """X [n, p] by its products with k vectors; `Design` is one."""

    shape: tuple[int, int]

    def times(self, vectors: np.ndarray) -> np.ndarray: ...

    def transposed_times(self, vectors: np.ndarray) -> np.ndarray: ...

    def normal_times(self, vectors: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


def objectives(weights: np.ndarray, scores: np.ndarray, signs: np.ndarray, cost: float) -> np.ndarray:
    """f of every class: weights [p, k], scores X W [n, k], signs ±1 [n, k] to float64 [k]."""
    return 0.5 * np.square(weights).sum(axis=0) + cost * np.square(_violation(scores, signs)).sum(axis=0)


def minimised(
    matrix: Matrix, signs: np.ndarray, cost: float, start: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """The minimiser of every class, (weights [p, k], scores [n, k]).

    Newton's method of Lin, Weng and Keerthi (2008) with conjugate gradients for the systems and, in place of a trust
    region, an exact search along the step, which costs no pass over the features because the step's scores are known.

    Args:
        matrix: X [n, p].
        signs: ±1 [n, k].
        cost: weight of the errors.
        start: weights to start from, [p, k].
        tolerance: a class is done when f is proved to be this close to its minimum, relative to f. The proof: f is
            strongly convex with constant 1, so it is above its minimum by at most half the square of its gradient.

    Raises:
        ValueError: not reached in `NEWTON_STEPS` steps.
    """
    weights = start.astype(np.float64)
    scores = matrix.times(weights) if weights.any() else np.zeros(signs.shape)
    for _ in range(NEWTON_STEPS):
        violation = _violation(scores, signs)
        gradient = weights - 2.0 * cost * matrix.transposed_times(signs * violation)
        gap = 0.5 * np.square(gradient).sum(axis=0)
        open_classes = np.flatnonzero(gap > tolerance * objectives(weights, scores, signs, cost))
        if not len(open_classes):
            return weights, scores
        step, step_scores = _newton_step(matrix, gradient[:, open_classes], violation[:, open_classes] > 0, cost)
        length = _best_length(
            weights[:, open_classes], step, scores[:, open_classes], step_scores, signs[:, open_classes], cost
        )
        weights[:, open_classes] += length * step
        scores[:, open_classes] += length * step_scores
    raise ValueError(
        f"the classifier did not reach tolerance {tolerance} at cost {cost} in {NEWTON_STEPS} steps: "
        "a larger tolerance, a lower cost or scaled features would help"
    )


def _violation(scores: np.ndarray, signs: np.ndarray) -> np.ndarray:
    return np.maximum(0.0, 1.0 - signs * scores)


def _newton_step(
    matrix: Matrix, gradient: np.ndarray, active: np.ndarray, cost: float
) -> tuple[np.ndarray, np.ndarray]:
    """Solves (I + 2 cost Xᵀ diag(active) X) s = -gradient for every column: (s [p, k], X s [n, k])."""
    step, step_scores = np.zeros_like(gradient), np.zeros(active.shape)
    residual = -gradient
    direction = residual.copy()
    square = np.square(residual).sum(axis=0)
    goal = FORCING**2 * square
    for _ in range(CONJUGATE_STEPS):
        curved, scores = matrix.normal_times(direction, active)
        curved = direction + 2.0 * cost * curved
        running = square > goal  # a class that is done stands still while others go on
        curvature = (direction * curved).sum(axis=0)
        alpha = np.divide(square, curvature, out=np.zeros_like(square), where=running & (curvature > 0))
        step += alpha * direction
        step_scores += alpha * scores
        residual -= alpha * curved
        previous, square = square, np.where(running, np.square(residual).sum(axis=0), square)
        if not (square > goal).any():
            break
        beta = np.divide(square, previous, out=np.zeros_like(square), where=previous > 0)
        direction = residual + beta * direction
    return step, step_scores


def _best_length(
    weights: np.ndarray, step: np.ndarray, scores: np.ndarray, step_scores: np.ndarray, signs: np.ndarray, cost: float
) -> np.ndarray:
    """How far to go along every step, [k]: where the derivative of f, which rises piecewise linearly, is zero."""
    cross, square = (weights * step).sum(axis=0), np.square(step).sum(axis=0)
    margins, slopes = signs * scores, signs * step_scores
    low, high = np.zeros(len(cross)), np.full(len(cross), np.inf)
    length, first = np.ones(len(cross)), None
    for _ in range(40):
        violation = np.maximum(0.0, 1.0 - margins - length * slopes)
        derivative = cross + length * square - 2.0 * cost * (violation * slopes).sum(axis=0)
        if first is None:
            at_zero = cross - 2.0 * cost * (np.maximum(0.0, 1.0 - margins) * slopes).sum(axis=0)
            first = np.abs(at_zero)
        low, high = np.where(derivative < 0, length, low), np.where(derivative >= 0, length, high)
        if (np.abs(derivative) <= 1e-6 * first).all():
            break
        curvature = square + 2.0 * cost * (np.square(slopes) * (violation > 0)).sum(axis=0)
        newton = length - np.divide(derivative, curvature, out=np.zeros_like(curvature), where=curvature > 0)
        middle = np.where(np.isinf(high), 2.0 * low, 0.5 * (low + high))
        length = np.where((newton > low) & (newton < high), newton, middle)
    return length
