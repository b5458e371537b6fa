"""Mean and covariance of a stream of feature vectors."""

from dataclasses import dataclass

import numpy as np

from dcgan_tf.metrics import arrays


@dataclass
class Moments:
    """Moments of the vectors seen so far.

    Each block is centered on its own mean before it is squared, then joined to the rest by the formula of Chan, Golub
    and LeVeque (1983, "Algorithms for computing the sample variance"). A large common offset therefore costs no
    digits, and block sizes change the result only by rounding.

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
        """Moments of no vectors yet."""
        return cls(0, np.zeros(width), np.zeros((width, width)))

    @classmethod
    def of(cls, features: np.ndarray) -> "Moments":
        """The moments of all rows of [n, d], read in blocks."""
        arrays.check_features("features", features)
        moments = cls.empty(features.shape[1])
        for block in arrays.blocks(features):
            moments.add(block)
        return moments

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased, float64 [d, d]; a ValueError unless two vectors have been seen."""
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 vectors, got {self.count}")
        return self.scatter / (self.count - 1)

    def add(self, block: np.ndarray) -> None:
        """Adds the rows of [b, d]; computed in float64 whatever the dtype.

        Raises:
            ValueError: another width, or values that are not finite.
        """
        arrays.check_features("features", block, width=len(self.mean))
        block = np.asarray(block, np.float64)
        mean = block.mean(axis=0)
        deviations = block - mean
        total, step = self.count + len(block), mean - self.mean
        self.scatter += deviations.T @ deviations
        self.scatter += np.outer(step, step) * (self.count * len(block) / total)
        self.mean = self.mean + step * (len(block) / total)
        self.count = total
