"""Mean and covariance of a stream of feature vectors."""

from dataclasses import dataclass

import numpy as np

from dcgan_tf.metrics import arrays


@dataclass
class Moments:
    """What has been seen so far; parts of a stream can be gathered apart and merged.

    Every block is centred on its own mean before it is squared, and two parts are joined by the formula of Chan, Golub
    and LeVeque (1983, "Algorithms for computing the sample variance"), so a common offset of the features, however
    large, costs no digits, and the result does not depend on the sizes of the blocks beyond rounding.

    Attributes:
        count: vectors seen.
        mean: float64 [d].
        scatter: float64 [d, d], the sum of the outer products of the deviations from the mean.
    """

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @classmethod
    def empty(cls, width: int) -> "Moments":
        """Nothing seen yet, of vectors of this width."""
        return cls(0, np.zeros(width), np.zeros((width, width)))

    @classmethod
    def of(cls, features: np.ndarray) -> "Moments":
        """Those of all rows of [n, d], read in blocks."""
        arrays.check_features("features", features)
        moments = cls.empty(features.shape[1])
        for part in arrays.slices(len(features), arrays.block_rows(features.shape[1])):
            moments.add(features[part])
        return moments

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased, float64 [d, d].

        Raises:
            ValueError: fewer than two vectors have been seen.
        """
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 vectors, got {self.count}")
        return self.scatter / (self.count - 1)

    def add(self, block: np.ndarray) -> None:
        """Counts the rows of [b, d] in; computed in float64 whatever the block's type.

        Raises:
            ValueError: another width, or values that are not finite.
        """
        arrays.check_features("features", block)
        arrays.check_same_width("features", block, "moments", self.scatter)
        block = np.asarray(block, np.float64)
        mean = block.mean(axis=0)
        deviations = block - mean
        self._join(len(block), mean, deviations.T @ deviations)

    def merge(self, other: "Moments") -> None:
        """Counts in what another stream has seen."""
        arrays.check_same_width("moments", self.scatter, "other moments", other.scatter)
        self._join(other.count, other.mean, other.scatter)

    def _join(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        total = self.count + count
        if not total:
            return
        step = mean - self.mean
        self.scatter += scatter
        self.scatter += np.outer(step, step) * (self.count * count / total)
        self.mean = self.mean + step * (count / total)
        self.count = total
