"""Images from files, as a generator or discriminator sees them."""

from pathlib import Path

import numpy as np
from PIL import Image

from dcgan_tf import files
from dcgan_tf.cli.explore.opened import Explored
from dcgan_tf.data.fitting import fitted
from dcgan_tf.data.source import UnusableImage
from dcgan_tf.errors import ArgumentError


def read(explored: Explored, setting: str, text: str, most: int) -> tuple[np.ndarray, list[str]]:
    """The pictures of a text, cropped and resized as the run's own, and their names.

    Args:
        explored: the run.
        setting: the flag that the text was given to.
        text: files, comma-separated, or a folder of them.
        most: how many are allowed.

    Returns:
        uint8 [n, height, width, channels], and n file names.

    Raises:
        ArgumentError: a file that is not there or no picture, none at all, or too many.
    """
    paths = _paths(setting, text)
    if not paths:
        raise ArgumentError(setting, text, "there are no pictures in this folder")
    if len(paths) > most:
        raise ArgumentError(setting, text, f"these are {len(paths):,} pictures; at most {most:,} can be used here")
    return np.stack([_read(explored, setting, path) for path in paths]), [path.name for path in paths]


def _paths(setting: str, text: str) -> list[Path]:
    folder = files.expanded(text)
    if folder.is_dir():
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in Image.registered_extensions())
    paths = [files.expanded(part.strip()) for part in text.split(",")]
    missing = next((path for path in paths if not path.is_file()), None)
    if missing is not None:
        raise ArgumentError(setting, missing, "there is no such file or folder")
    return paths


def _read(explored: Explored, setting: str, path: Path) -> np.ndarray:
    model, crop = explored.config.model, explored.config.data.crop
    try:
        with Image.open(path) as picture:
            return fitted(picture, model.image_size, model.channels, crop)
    except (OSError, UnusableImage, Image.DecompressionBombError) as error:
        raise ArgumentError(setting, path, f"it cannot be read as a picture ({error})") from None
