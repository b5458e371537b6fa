"""An .npz of images, streamed from the file, so that it is never in memory as a whole."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.data.source import Item, SourceInfo
from dcgan_tf.errors import UserError

IMAGE_KEYS = ("images", "x", "x_train", "arr_0")
LABEL_KEYS = ("labels", "y", "y_train")
NAME_KEYS = ("class_names", "label_names")
WANTED = "an array uint8 [count, height, width] or [count, height, width, channels] with 1, 3 or 4 channels works"
BLOCK_BYTES = 2**24
FAULTS = (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)


@dataclass(frozen=True)
class Header:
    """Shape, type and memory order of one array in the file."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype


class NpzImages:
    """Images in an .npz under "images" (or "x", "x_train", "arr_0", or the only array of 3 or 4 dimensions).

    uint8, or floats that fill [0, 1] or [-1, 1]. Labels, if any, under "labels" ("y", "y_train"): whole numbers from 0.

    Raises:
        UserError: another shape or type; the message says what was received and what works.
    """

    def __init__(self, path: Path):
        self.path = path
        self.name = re.sub(r"[^\w.-]+", "_", path.stem).strip("._") or "images"
        try:
            self._headers = _headers(path)
        except FAULTS as fault:
            raise UserError(f"{path} is not an .npz file that can be read ({fault})") from fault
        self._key = self._image_key()
        self._header = self._headers[self._key]
        self._check_images()
        self._labels, self._class_names = self._read_labels()

    def info(self) -> SourceInfo:
        """From the header of the array."""
        shape = self._header.shape
        channels = shape[3] if len(shape) == 4 else 1
        return SourceInfo(shape[0], (shape[1], shape[2]), channels, self._class_names)

    def identity(self) -> dict[str, Any]:
        """Path, size and time of change of the file."""
        status = self.path.stat()
        where = str(self.path.resolve())
        return {"kind": "npz", "path": where, "size": status.st_size, "modified": status.st_mtime_ns}

    def items(self) -> Iterator[Item]:
        """uint8 [height, width, channels] each, in the order of the array."""
        scale = self._float_scale() if self._header.dtype.kind == "f" else None
        number = 0
        for block in self._blocks():
            pixels = block if scale is None else _scaled(block, *scale)
            for image in pixels.reshape(*pixels.shape[:3], -1):
                label = None if self._labels is None else int(self._labels[number])
                yield Item(str(number), label, lambda image=image: image, image.nbytes)
                number += 1

    def _image_key(self) -> str:
        for key in IMAGE_KEYS:
            if key in self._headers:
                return key
        likely = [key for key, header in self._headers.items() if len(header.shape) in (3, 4)]
        if len(likely) == 1:
            return likely[0]
        known = ", ".join(f"{key} {list(header.shape)}" for key, header in self._headers.items()) or "nothing"
        raise UserError(f'{self.path} holds {known}: name the array of images "images"; {WANTED}')

    def _check_images(self) -> None:
        shape, dtype = self._header.shape, self._header.dtype
        received = f'"{self._key}" in {self.path} is {dtype} {list(shape)}'
        if dtype.hasobject:
            raise UserError(f"{received}, Python objects, which are not loaded because that can run code: {WANTED}")
        if len(shape) == 3 and shape[2] in (1, 3, 4):
            raise UserError(f"{received}, which looks like a single image: {WANTED}")
        if len(shape) == 4 and shape[3] not in (1, 3, 4) and shape[1] in (1, 3, 4):
            raise UserError(f"{received}, channels first: save images.transpose(0, 2, 3, 1); {WANTED}")
        if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3, 4)) or 0 in shape:
            raise UserError(f"{received}: {WANTED}")
        if dtype != np.uint8 and dtype.kind != "f":
            raise UserError(f"{received}: save images.astype(np.uint8), with values from 0 to 255; {WANTED}")

    def _float_scale(self) -> tuple[float, float]:
        """Lowest and highest value that the floats stand for, from a first pass over them."""
        lowest, highest = np.inf, -np.inf
        for block in self._blocks():
            if not np.isfinite(block).all():
                raise UserError(f'"{self._key}" in {self.path} has values that are not finite: {WANTED}')
            lowest, highest = min(lowest, float(block.min())), max(highest, float(block.max()))
        if lowest >= 0 and 0.5 < highest <= 1:
            return 0.0, 1.0
        if -1 <= lowest < -0.5 and 0.5 < highest <= 1:
            return -1.0, 1.0
        raise UserError(
            f'"{self._key}" in {self.path} has floats from {lowest:g} to {highest:g}, which fill neither [0, 1] nor '
            f"[-1, 1]: scale them to 0 to 255 and save images.astype(np.uint8)"
        )

    def _blocks(self) -> Iterator[np.ndarray]:
        """The array in pieces of some megabytes, [n, height, width, ...]."""
        header = self._header
        try:
            if header.fortran:  # images are not contiguous in the file
                with np.load(self.path, allow_pickle=False) as arrays:
                    yield arrays[self._key]
                return
            image = header.dtype.itemsize * int(np.prod(header.shape[1:]))
            most = max(1, BLOCK_BYTES // image)
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{self._key}.npy") as stream:
                _read_header(stream)
                for start in range(0, header.shape[0], most):
                    count = min(most, header.shape[0] - start)
                    content = stream.read(count * image)
                    yield np.frombuffer(content, header.dtype).reshape(count, *header.shape[1:])
        except FAULTS as fault:
            raise UserError(f"{self.path} is damaged ({fault}): make it again") from fault

    def _read_labels(self) -> tuple[np.ndarray | None, tuple[str, ...]]:
        key = next((key for key in LABEL_KEYS if key in self._headers), None)
        if key is None:
            return None, ()
        count, header = self._header.shape[0], self._headers[key]
        received = f'"{key}" in {self.path} is {header.dtype} {list(header.shape)}'
        if header.shape not in ((count,), (count, 1)) or header.dtype.kind not in "iu":
            raise UserError(f"{received}: labels must be whole numbers, one for each of the {count} images")
        names_key = next((name for name in NAME_KEYS if name in self._headers), None)
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                labels = arrays[key].reshape(-1)
                names = tuple(str(name) for name in arrays[names_key].reshape(-1)) if names_key else ()
        except FAULTS as fault:
            raise UserError(f"{self.path} is damaged ({fault}): make it again") from fault
        lowest, highest = int(labels.min()), int(labels.max())
        if lowest < 0 or highest >= (len(names) or max(count, 1000)):
            wanted = f"there are {len(names)} class names" if names else "number the classes from 0"
            raise UserError(f"{received}, with labels from {lowest} to {highest}: {wanted}")
        return labels.astype(np.int32), names or tuple(str(index) for index in range(highest + 1))


def _headers(path: Path) -> dict[str, Header]:
    headers = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as stream:
                    headers[member[: -len(".npy")]] = _read_header(stream)
    return headers


def _read_header(stream: Any) -> Header:
    """Reads up to the first value, without unpickling anything."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return Header(*read(stream))


def _scaled(block: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    return np.rint((block.astype(np.float32) - lowest) * (255.0 / (highest - lowest))).astype(np.uint8)
