"""An .npz of images, streamed from the file, so that it is never in memory as a whole."""

import contextlib
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from dcgan_tf.data.source_protocol import file_identity, safe_name
from dcgan_tf.data.sources.array import ACCEPTED, ArraySource
from dcgan_tf.errors import ArgumentError

IMAGE_KEYS = ("images", "x", "x_train", "arr_0")
LABEL_KEYS = ("labels", "y", "y_train")
NAME_KEYS = ("class_names", "label_names")
FAULTS = (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
Header = tuple[tuple[int, ...], bool, np.dtype]  # shape, whether columns come first, type


class NpzImages(ArraySource):
    """Images in an .npz under "images" (or "x", "x_train", "arr_0", or the only array of 3 or 4 dimensions).

    Labels, if any, are under "labels" ("y", "y_train"), their names under "class_names" ("label_names"). What the
    arrays must be is said at `ArraySource`.

    Raises:
        ArgumentError: not an .npz, or no usable array in it.
    """

    def __init__(self, path: Path):
        with _faults(path, "not an .npz file that can be read"):
            headers = _headers(path)
        key = _image_key(path, headers)
        shape, self._fortran, dtype = headers[key]
        labels, names = (_small_array(path, headers, keys) for keys in (LABEL_KEYS, NAME_KEYS))
        names = () if names is None else names.reshape(-1)
        super().__init__(safe_name(path.stem), path, key, shape, dtype, labels, names)

    def identity(self) -> dict[str, Any]:
        """Path, size and time of modification of the file."""
        return file_identity("npz", self.path)

    def _blocks(self) -> Iterator[np.ndarray]:
        with _faults(self.path, "the file is damaged"):
            if self._fortran:  # images are not contiguous in the file
                with np.load(self.path, allow_pickle=False) as arrays:
                    yield arrays[self._key]
                return
            step, (count, *shape) = self._images_per_block(), self._shape
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{self._key}.npy") as stream:
                _read_header(stream)
                for start in range(0, count, step):
                    block = (min(step, count - start), *shape)
                    content = stream.read(math.prod(block) * self._dtype.itemsize)
                    yield np.frombuffer(content, self._dtype).reshape(block)


@contextlib.contextmanager
def _faults(path: Path, problem: str) -> Iterator[None]:
    try:
        yield
    except FAULTS as fault:
        raise ArgumentError("dataset", path, f"{problem} ({fault})") from fault


def _headers(path: Path) -> dict[str, Header]:
    headers = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as stream:
                    headers[member.removesuffix(".npy")] = _read_header(stream)
    return headers


def _read_header(stream: IO[bytes]) -> Header:
    """Reads up to the first value, without unpickling anything."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(stream)


def _image_key(path: Path, headers: dict[str, Header]) -> str:
    for key in IMAGE_KEYS:
        if key in headers:
            return key
    likely = [key for key, (shape, *_) in headers.items() if len(shape) in (3, 4)]
    if len(likely) == 1:
        return likely[0]
    arrays = ", ".join(f"{key} {list(shape)}" for key, (shape, *_) in headers.items()) or "nothing"
    raise ArgumentError("dataset", path, f'it holds {arrays}: name the array of images "images"; {ACCEPTED}')


def _small_array(path: Path, headers: dict[str, Header], keys: tuple[str, ...]) -> np.ndarray | None:
    """The array under the first of the keys that the file has."""
    key = next((key for key in keys if key in headers), None)
    if key is None:
        return None
    with _faults(path, f'"{key}" cannot be read'), np.load(path, allow_pickle=False) as arrays:
        return arrays[key]
