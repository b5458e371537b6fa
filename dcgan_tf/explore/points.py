"""Points in the space that a generator was trained on: a latent vector, and a mixture of classes where it has some."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Points:
    """Some points, one in each row.

    Attributes:
        latents: float32 [n, latent_dim].
        classes: float32 [n, classes], how much of each class: one-hot for a class, sums and means of those on the way
            between classes; [n, 0] for a generator that is not conditional.
    """

    latents: np.ndarray
    classes: np.ndarray

    def __post_init__(self):
        if self.latents.ndim != 2 or self.classes.ndim != 2 or len(self.latents) != len(self.classes):
            raise ValueError(f"latents {self.latents.shape} and classes {self.classes.shape}: one row for each point")

    def __len__(self) -> int:
        return len(self.latents)

    def __getitem__(self, rows: slice | np.ndarray | list[int]) -> "Points":
        return Points(self.latents[rows], self.classes[rows])

    def mean(self) -> "Points":
        """One point: the mean of all."""
        return Points(self.latents.mean(axis=0, keepdims=True), self.classes.mean(axis=0, keepdims=True))


def joined(parts: Sequence[Points]) -> Points:
    """All points of several, in order."""
    return Points(np.concatenate([part.latents for part in parts]), np.concatenate([part.classes for part in parts]))
