"""A .zip of image files, read in place."""

import contextlib
import io
import re
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dcgan_tf.data.pictures import Entry, Pictures, may_be_image
from dcgan_tf.data.source import UnusableImage
from dcgan_tf.errors import UserError

LARGEST_MEMBER = 2**29  # bytes; an image file of half a gigabyte is a mistake or an attack
FAULTS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)


class ZipImages(Pictures):
    """All images in a zip, like a folder.

    Args:
        path: the file.
        cache_dir: see `Pictures`.

    Raises:
        UserError: not a zip that can be read, or it has no files that may be images.
    """

    def __init__(self, path: Path, cache_dir: str = ""):
        self.path = path
        self._lock = threading.Lock()
        try:
            self._archive = zipfile.ZipFile(path)
        except (*FAULTS, OSError) as fault:
            raise UserError(f"{path} is not a zip file that can be read ({fault})") from fault
        members = [member for member in self._archive.infolist() if _may_be_image(member)]
        self._members = {member.filename: member for member in members}
        if members and all(member.flag_bits & 1 for member in members):
            raise UserError(f"{path} is encrypted: unpack it and give --dataset the folder")
        entries = [Entry(name, member.file_size, member.CRC) for name, member in self._members.items()]
        super().__init__(re.sub(r"[^\w.-]+", "_", path.stem).strip("._") or "images", entries, cache_dir)

    def identity(self) -> dict[str, Any]:
        """Path, size and time of change of the zip."""
        status = self.path.stat()
        where = str(self.path.resolve())
        return {"kind": "zip", "path": where, "size": status.st_size, "modified": status.st_mtime_ns}

    def _where(self) -> str:
        return str(self.path)

    def _read(self, entry: Entry) -> bytes:
        with self._header(entry) as stream:
            try:
                return stream.read()
            except FAULTS as fault:
                raise UnusableImage(f"damaged in the zip: {fault}") from fault

    @contextlib.contextmanager
    def _header(self, entry: Entry) -> Iterator[io.IOBase]:
        """Opening and closing count the users of the one file handle, which is not safe without a lock; reading is."""
        member = self._members[entry.path]
        if member.flag_bits & 1:
            raise UnusableImage("encrypted")
        if member.file_size > LARGEST_MEMBER:
            raise UnusableImage(f"{member.file_size / 1e9:.1f} GB is too large for an image")
        with self._lock:
            try:
                stream = self._archive.open(member)
            except FAULTS as fault:
                raise UnusableImage(f"damaged in the zip: {fault}") from fault
        try:
            yield stream
        finally:
            with self._lock:
                stream.close()


def _may_be_image(member: zipfile.ZipInfo) -> bool:
    return not member.is_dir() and may_be_image(member.filename)
