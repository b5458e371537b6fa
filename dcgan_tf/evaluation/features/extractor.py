"""What every feature extractor looks like, and what they share."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from dcgan_tf.progress import Progress

DIGITS = 12  # of a hash in a name: a collision of one in 10^14


class Features(NamedTuple):
    """What an extractor computes from images.

    Attributes:
        vectors: float32 [n, d].
        probabilities: of classes, float32 [n, classes], each row with the sum 1; None if there are no classes.
    """

    vectors: np.ndarray
    probabilities: np.ndarray | None = None


class Extractor(Protocol):
    """Images to features. An image has the same features, up to rounding, whatever images are beside it.

    Attributes:
        name: the kind and a hash of everything that defines it; equal names, equal features.
        dimension: d.
        classes: of the probabilities, 0 if it gives none.
        caution: one line that readers of its values must know; "" for none.
    """

    name: str
    dimension: int
    classes: int
    caution: str

    def describe(self) -> dict[str, Any]:
        """What defines it, as JSON values."""
        ...

    def __call__(self, images: np.ndarray) -> Features:
        """The features of uint8 [n, height, width, channels], a few hundred at a time, n at least 1."""
        ...


class Pixels:
    """The pixels themselves as features, from 0 to 255; `shape` is that of an image."""

    name, classes, caution = "pixels", 0, ""

    def __init__(self, shape: tuple[int, int, int]):
        self.dimension = math.prod(shape)

    def describe(self) -> dict[str, Any]:
        return {"kind": "pixels", "name": self.name}

    def __call__(self, images: np.ndarray) -> Features:
        return Features(images.reshape(len(images), -1).astype(np.float32))


def in_blocks(
    extractor: Extractor, blocks: Iterable[np.ndarray], count: int, text: str
) -> Iterator[tuple[slice, Features]]:
    """The features of `count` images that come in blocks, each with its place among all; shows progress as `text`."""
    start = 0
    with Progress(count, "images", text) as progress:
        for block in blocks:
            yield slice(start, start + len(block)), extractor(block)
            start += len(block)
            progress.advance(len(block))


def digest_of_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """A hash of names and values, the same on every machine."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Gray, RGB or RGBA to gray (1) or RGB (3): uint8 [n, height, width, channels].

    Transparent pixels get a white background, as when images are prepared; gray is the weighted sum of ITU-R 601.
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
