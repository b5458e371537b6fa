"""Points of the space that a generator was trained on: a latent vector, and a mixture of classes if it has classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Points:
    """Points, one in each row. Every view takes them wherever it takes seeds.

    Attributes:
        latents: float32 [n, latent_dim].
        classes: float32 [n, classes], the share of each class: one-hot for a class, sums and means of those in between;
            [n, 0] for a generator without classes.
        names: n labels for figures, such as "seed 17 as cats".
    """

    latents: np.ndarray
    classes: np.ndarray
    names: tuple[str, ...] = ()

    def __post_init__(self):
        if self.latents.ndim != 2 or self.classes.ndim != 2 or len(self.latents) != len(self.classes):
            raise ValueError(f"latents {self.latents.shape} and classes {self.classes.shape}: one row for each point")
        names = tuple(self.names) or tuple(f"point {row}" for row in range(len(self)))
        if len(names) != len(self):
            raise ValueError(f"{len(names)} names for {len(self)} points")
        object.__setattr__(self, "names", names)

    def __str__(self) -> str:
        return ", ".join(self.names)

    def __len__(self) -> int:
        return len(self.latents)

    def __getitem__(self, rows: slice | np.ndarray | list[int]) -> "Points":
        names = tuple(self.names[row] for row in np.arange(len(self))[rows])
        return Points(self.latents[rows], self.classes[rows], names)

    def mean(self) -> "Points":
        """One point: the mean of all."""
        return Points(
            self.latents.mean(axis=0, keepdims=True), self.classes.mean(axis=0, keepdims=True), ("mean",)
        )  # fmt: skip

    @staticmethod
    def joined(parts: Sequence["Points"]) -> "Points":
        """All points of several, in order."""
        return Points(
            np.concatenate([part.latents for part in parts]),
            np.concatenate([part.classes for part in parts]),
            tuple(name for part in parts for name in part.names),
        )
