"""Pictures from files, cropped and resized as a network sees them."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from dcgan_tf import files
from dcgan_tf.data.fitting import fitted
from dcgan_tf.data.source_protocol import UnusableImage
from dcgan_tf.errors import ArgumentError, MissingPathError

AnyPath = str | os.PathLike


def read_pictures(
    source: AnyPath | Sequence[AnyPath], image_shape: tuple[int, int, int], crop: str = "center", most: int = 100_000
) -> tuple[np.ndarray, list[str]]:
    """Reads pictures.

    Args:
        source: a folder, a file, or several files.
        image_shape: (height, width, channels) of the network's images.
        crop: "center" cuts out the largest centered piece of that shape first; "none" stretches.
        most: how many are allowed.

    Returns:
        uint8 [n, height, width, channels], and n file names.

    Raises:
        ArgumentError: a file that is missing or is no picture, no pictures at all, or too many.
    """
    paths = _paths(source)
    if not paths:
        raise ArgumentError("images", source, "there are no pictures in this folder")
    if len(paths) > most:
        raise ArgumentError("images", source, f"these are {len(paths):,} pictures; at most {most:,} can be used here")
    return np.stack([_read(path, image_shape, crop) for path in paths]), [path.name for path in paths]


def _paths(source: AnyPath | Sequence[AnyPath]) -> list[Path]:
    paths = [files.expanded(each) for each in ([source] if isinstance(source, AnyPath) else source)]
    if len(paths) == 1 and paths[0].is_dir():
        return sorted(path for path in paths[0].iterdir() if path.suffix.lower() in Image.registered_extensions())
    missing = next((path for path in paths if not path.is_file()), None)
    if missing is not None:
        raise MissingPathError("images", missing, "there is no such file or folder")
    return paths


def _read(path: Path, image_shape: tuple[int, int, int], crop: str) -> np.ndarray:
    try:
        with Image.open(path) as picture:
            return fitted(picture, image_shape[:2], image_shape[2], crop)
    except (OSError, UnusableImage, Image.DecompressionBombError) as error:
        raise ArgumentError("images", path, f"it cannot be read as a picture ({error})") from None
