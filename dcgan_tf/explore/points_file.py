"""Points in an .npz file, so that latents found by `project` can be used again with the same generator."""

import os
import zipfile

import numpy as np

from dcgan_tf import files
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features.extractor import digest_of_arrays
from dcgan_tf.explore.points import Points
from dcgan_tf.models import Generator


def save_points(path: str | os.PathLike, points: Points, generator: Generator) -> None:
    """Writes an .npz with the arrays "latents", "classes" and "generator", complete or not at all."""
    with files.written_aside(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, latents=points.latents, classes=points.classes, generator=np.array(_fingerprint(generator)))


def load_points(path: str | os.PathLike, generator: Generator) -> Points:
    """The points of a file, named after it.

    Raises:
        ArgumentError: the file cannot be read, holds no points, or those of another generator.
    """
    source = files.expanded(path)
    try:
        with np.load(source) as archive:
            latents, classes = archive["latents"].astype(np.float32), archive["classes"].astype(np.float32)
            names = [f"{source.stem} {row}" for row in range(len(latents))] if len(latents) > 1 else [source.stem]
            points, owner = Points(latents, classes, tuple(names[: len(latents)])), str(archive["generator"])
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
    return points


def _fingerprint(generator: Generator) -> str:
    """A hash of the generator's weights.

    Batch-norm statistics are left out: they are re-estimated and may be rounded differently on another machine.
    """
    layers = generator.model.layers
    return digest_of_arrays(
        {f"{layer.name}/{each.name}": each.numpy() for layer in layers for each in layer.trainable_variables}
    )
