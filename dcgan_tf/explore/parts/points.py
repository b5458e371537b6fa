"""Points of the space that a generator was trained on: a latent vector, and a mixture of classes if it has classes."""

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dcgan_tf import files
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features.extractor import digest_of_arrays
from dcgan_tf.models import Generator


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
        latents, classes = (each.mean(axis=0, keepdims=True) for each in (self.latents, self.classes))
        return Points(latents, classes, ("mean",))

    @staticmethod
    def joined(parts: Sequence["Points"]) -> "Points":
        """All points of several, in order."""
        latents, classes = (np.concatenate([getattr(part, name) for part in parts]) for name in ("latents", "classes"))
        return Points(latents, classes, tuple(name for part in parts for name in part.names))


def save_points(path: str | os.PathLike, points: Points, generator: Generator) -> None:
    """Writes points of a generator as an .npz: "latents", "classes" and "generator"; complete or not at all."""
    with files.written_aside(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, latents=points.latents, classes=points.classes, generator=np.array(_fingerprint(generator)))


def load_points(path: str | os.PathLike, generator: Generator) -> Points:
    """The points of such a file, named after it.

    Raises:
        ArgumentError: the file cannot be read, holds no points, or those of another generator.
    """
    source = files.expanded(path)
    try:
        with np.load(source) as archive:
            points = Points(archive["latents"].astype(np.float32), archive["classes"].astype(np.float32))
            owner = str(archive["generator"])
    except OSError as error:
        raise ArgumentError("path", path, f"cannot be read ({error.strerror or error})") from None
    except (KeyError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile):
        raise ArgumentError("path", path, "it holds no latents; use an .npz written by project") from None
    if owner != _fingerprint(generator):
        raise ArgumentError(
            "path", path, "these latents belong to another run, `checkpoint` or `weights`, and mean nothing here"
        )
    if not len(points) or not np.isfinite(points.latents).all() or not np.isfinite(points.classes).all():
        raise ArgumentError("path", path, "it holds no latents, or values that are not finite")
    names = tuple(f"{source.stem} {row}" for row in range(len(points))) if len(points) > 1 else (source.stem,)
    return replace(points, names=names)


def _fingerprint(generator: Generator) -> str:
    """A hash of the weights. Batch-norm statistics, re-estimated, may be rounded differently on another machine."""
    layers = generator.model.layers
    return digest_of_arrays(
        {f"{layer.name}/{each.name}": each.numpy() for layer in layers for each in layer.trainable_variables}
    )
