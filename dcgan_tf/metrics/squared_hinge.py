"""The L2-regularized squared hinge loss of several classes at once, minimized by a truncated Newton method.

For every class c, with y = 1 for its rows and -1 for the others:

    f(w) = |w|^2 / 2 + cost * sum over rows of max(0, 1 - y x·w)^2

which is liblinear's primal problem 2 (Fan et al. 2008) and that of scikit-learn's LinearSVC. The classes are separate
problems, but they share every pass over the features, which takes nearly all of the time.
"""

import numpy as np

from dcgan_tf.metrics.design import Design

NEWTON_STEPS, CONJUGATE_STEPS, SEARCH_STEPS = 100, 100, 40
FORCING = 0.1  # how far each Newton system is solved, relative to its right-hand side


def minimize(
    design: Design, signs: np.ndarray, cost: float, start: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """The minimizers of all classes, (weights [p, k], decisions X W [n, k]).

    Newton's method of Lin, Weng and Keerthi (2008) with conjugate gradients for the systems. In place of a trust region
    it searches exactly along the step, which costs no pass over the features because the step's decisions are known.

    Args:
        design: X [n, p].
        signs: ±1 [n, k].
        cost: weight of the errors.
        start: weights to start from, [p, k].
        tolerance: a class is done when f is certain to be this close to its minimum, relative to f: f is strongly
            convex with constant 1, so it exceeds its minimum by at most half the square of its gradient.

    Raises:
        ValueError: not reached in `NEWTON_STEPS` steps.
    """
    weights = start.astype(np.float64)
    decisions = design.times(weights) if weights.any() else np.zeros(signs.shape)
    for _ in range(NEWTON_STEPS):
        violation = _violation(decisions, signs)
        gradient = weights - 2.0 * cost * design.transposed_times(signs * violation)
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
    """Solves (I + 2 cost Xᵀ diag(active) X) s = -gradient for every column: (s [p, k], X s [n, k])."""
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
