"""Features as a linear classifier sees them: moved, scaled, with a constant beside them, and never copied."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dcgan_tf.metrics import arrays

PASS_BYTES = 1 << 25  # 32 MiB of float32: small enough to stay in the cache, large enough for two threads


class Scaling(NamedTuple):
    """x becomes (x - center) * factor.

    Attributes:
        center: float64 [d].
        factor: float64 [d]; 0 drops a feature.
    """

    center: np.ndarray
    factor: np.ndarray


def standardizing(features: np.ndarray) -> Scaling:
    """The scaling to mean 0 and variance 1 / (number of features that vary).

    The mean squared length of a vector is then 1, and one grid of costs serves every width. With variance 1, as is
    common, the same classifier has a cost lower by that number. Features that do not vary are dropped.

    Args:
        features: [n, d], read in blocks.
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
    blocks that are summed in float64. The scaling is moved into the small factors, so features may be a memory map, and
    float16.

    Args:
        features: [n, d].
        scaling: applied to every row; None leaves them unscaled.
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
        """(Xᵀ (mask * X V), X V) in one pass over the features; two products would read them twice.

        Args:
            vectors: float64 [d + 1, k].
            mask: [n, k].
        """
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
