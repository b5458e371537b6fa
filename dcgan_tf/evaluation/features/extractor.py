"""What every feature extractor looks like, and what they share."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

DIGITS = 12  # of a hash in a name: one in 10^14


class Features(NamedTuple):
    """What an extractor sees in images.

    Attributes:
        vectors: float32 [n, d].
        probabilities: of classes, float32 [n, classes], every row with the sum 1; None where there are no classes.
    """

    vectors: np.ndarray
    probabilities: np.ndarray | None = None


class Extractor(Protocol):
    """Images to features. The same image has the same features up to rounding, whatever stands beside it.

    Attributes:
        name: tells the kind and a hash of all that defines it; equal names, equal features.
        dimension: d.
        classes: of the probabilities, 0 where it gives none.
        caution: one line that whoever reads a score must know; "" when there is none.
    """

    name: str
    dimension: int
    classes: int
    caution: str

    def describe(self) -> dict[str, Any]:
        """What defines it, as JSON values."""
        ...

    def __call__(self, images: np.ndarray) -> Features:
        """The features of uint8 [n, height, width, channels], n at least 1, in one go: some hundred at a time."""
        ...


def digest_of_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """A hash of names and values, the same on every machine."""
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array))
    return found.hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 in hexadecimal, read in parts."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _read(stream)


def _read(stream: Any) -> str:
    """For Python 3.10, which has no `hashlib.file_digest`."""
    found = hashlib.sha256()
    while part := stream.read(1 << 20):
        found.update(part)
    return found.hexdigest()


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Grey, RGB or RGBA to grey (1) or RGB (3): uint8 [n, height, width, channels].

    Transparency is laid on white, as when images are prepared; grey is the weighted sum of ITU-R 601.
    """
    if images.shape[-1] == channels:
        return images
    if images.shape[-1] == 4:
        share = images[..., 3:].astype(np.float32) / 255.0
        images = np.rint(images[..., :3] * share + 255.0 * (1.0 - share)).astype(np.uint8)
    if images.shape[-1] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    return np.rint(images @ np.array([0.299, 0.587, 0.114], np.float32))[..., None].astype(np.uint8)
