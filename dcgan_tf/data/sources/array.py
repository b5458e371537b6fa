"""Images as NumPy arrays, and the rules that an .npz, which is an array in a file, shares with them."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.data.facts import aspects_of
from dcgan_tf.data.source_protocol import Item, Source, SourceInfo, safe_name
from dcgan_tf.errors import ArgumentError
from dcgan_tf.files import printable

ACCEPTED = "an array uint8 [n, height, width] or [n, height, width, channels] with 1, 3 or 4 channels works"
BLOCK_BYTES = 2**24
MOST_NUMBERS = 1000


class ArraySource(Source):
    """One array of images, in memory or in a file, which a subclass hands out in blocks.

    For the arguments see `ArrayImages`; `key` is what messages call the array.
    """

    def __init__(
        self,
        name: str,
        path: Path | None,
        key: str,
        shape: tuple[int, ...],
        dtype: np.dtype,
        labels: np.ndarray | None,
        class_names: Sequence[str],
    ):
        self.name, self.path = name, path
        self._key, self._shape, self._dtype = key, shape, dtype
        self._check_images()
        self._labels, self._class_names = None, ()
        if labels is not None:
            self._labels, self._class_names = self._numbered(
                labels, tuple(printable(str(each)) for each in class_names)
            )

    def info(self) -> SourceInfo:
        """From the shape of the array."""
        channels = self._shape[3] if len(self._shape) == 4 else 1
        counts = () if self._labels is None else np.bincount(self._labels, minlength=len(self._class_names)).tolist()
        aspects = aspects_of({self._shape[1:3]: self._shape[0]})
        return SourceInfo(self._shape[0], self._shape[1:3], channels, self._class_names, tuple(counts), aspects=aspects)

    def items(self) -> Iterator[Item]:
        """uint8 [height, width, channels] each, in the order of the array. Floats are checked here."""
        black, white = self._range() if self._dtype.kind == "f" else (0, 255)
        number = 0
        for block in self._blocks():
            if self._dtype.kind == "f":
                block = np.rint((block.astype(np.float32) - black) * (255.0 / (white - black))).astype(np.uint8)
            for image in block.reshape(*block.shape[:3], -1):
                label = None if self._labels is None else int(self._labels[number])
                yield Item(str(number), label, lambda image=image: image, image.nbytes)
                number += 1

    def _blocks(self) -> Iterator[np.ndarray]:
        """The array in pieces of about `BLOCK_BYTES`, [at most n, height, width, ...]."""
        raise NotImplementedError

    def _images_per_block(self) -> int:
        return max(1, BLOCK_BYTES // (self._dtype.itemsize * int(np.prod(self._shape[1:]))))

    def _error(self, problem: str) -> ArgumentError:
        return ArgumentError("dataset", self.path or self.name, problem)

    def _check_images(self) -> None:
        shape, dtype = self._shape, self._dtype
        received = f'"{self._key}" is {dtype} {list(shape)}'
        if dtype.hasobject:
            raise self._error(f"{received}, Python objects, which are not read; {ACCEPTED}")
        if len(shape) == 3 and shape[2] in (1, 3, 4):
            raise self._error(f"{received}, which looks like a single image; {ACCEPTED}")
        if len(shape) == 4 and shape[3] not in (1, 3, 4) and shape[1] in (1, 3, 4):
            raise self._error(f"{received}, channels first: use images.transpose(0, 2, 3, 1); {ACCEPTED}")
        if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3, 4)) or 0 in shape:
            raise self._error(f"{received}; {ACCEPTED}")
        if dtype != np.uint8 and dtype.kind != "f":
            raise self._error(f"{received}: use images.astype(np.uint8), with values from 0 to 255; {ACCEPTED}")

    def _numbered(self, labels: np.ndarray, names: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
        """Labels int32 [count] as indices of class names. Without names, a class is called by its number.

        Numbers up to 1,000 stay as they are, whether or not each of them occurs; the store drops empty classes.
        """
        count = self._shape[0]
        if labels.shape not in ((count,), (count, 1)) or labels.dtype.kind not in "iu":
            received = f"the labels are {labels.dtype} {list(labels.shape)}"
            raise self._error(f"{received}; they must be whole numbers, one for each of the {count} images")
        lowest, highest = int(labels.min()), int(labels.max())
        if lowest < 0 or (names and highest >= len(names)):
            remedy = f"there are {len(names)} class names" if names else "they must not be negative"
            raise self._error(f"the labels go from {lowest} to {highest}: {remedy}")
        if len(set(names)) < len(names):
            raise self._error("the class names are not all different")
        labels = labels.reshape(-1)
        if highest >= max(count, MOST_NUMBERS) and not names:
            found, labels = np.unique(labels, return_inverse=True)
            names = tuple(map(str, found))
        return labels.astype(np.int32), names or tuple(map(str, range(highest + 1)))

    def _range(self) -> tuple[float, float]:
        """The values that stand for black and white, from a first pass over the floats."""
        lowest, highest = np.inf, -np.inf
        for block in self._blocks():
            if not np.isfinite(block).all():
                raise self._error(f'"{self._key}" has values that are not finite; {ACCEPTED}')
            lowest, highest = min(lowest, float(block.min())), max(highest, float(block.max()))
        if lowest >= 0 and 0.5 < highest <= 1:
            return 0.0, 1.0
        if -1 <= lowest < -0.5 and 0.5 < highest <= 1:
            return -1.0, 1.0
        raise self._error(
            f'"{self._key}" has floats from {lowest:g} to {highest:g}, which fill neither [0, 1] nor [-1, 1]: scale '
            "them to [0, 255] and use images.astype(np.uint8)"
        )


class ArrayImages(ArraySource):
    """Images in memory. The array is not copied: leave it unchanged until the store is prepared.

    Args:
        images: uint8, or floats that fill [0, 1] or [-1, 1]; [n, height, width] or [n, height, width, channels] with
            1, 3 or 4 channels. Anything that NumPy makes an array of.
        labels: whole numbers, not negative, [n] or [n, 1], or None.
        class_names: one for each number from 0; by default the numbers that occur.
        name: what the store and messages call the images.

    Raises:
        ArgumentError: another shape, type or range; the message says what was received and what works. Floats are
            checked when the store is prepared.
    """

    def __init__(self, images: Any, labels: Any = None, class_names: Sequence[str] | None = None, name: str = "array"):
        try:
            self._images = np.asarray(images)
            labels = None if labels is None else np.asarray(labels)
        except ValueError as fault:
            raise ArgumentError("dataset", name, f"the images or labels are no array ({fault}); {ACCEPTED}") from fault
        names = () if class_names is None else class_names
        super().__init__(safe_name(name), None, "images", self._images.shape, self._images.dtype, labels, names)

    def identity(self) -> dict[str, Any]:
        """A hash of images, labels and class names."""
        digest = hashlib.sha256()
        for block in self._blocks():
            digest.update(np.ascontiguousarray(block))
        if self._labels is not None:
            digest.update(self._labels.astype("<i4").tobytes() + json.dumps(self._class_names).encode())
        shape, dtype = list(self._shape), self._dtype.str
        return {"kind": "array", "shape": shape, "dtype": dtype, "sha256": digest.hexdigest()}

    def _blocks(self) -> Iterator[np.ndarray]:
        step = self._images_per_block()
        for start in range(0, len(self._images), step):
            yield self._images[start : start + step]
