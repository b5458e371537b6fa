"""A .zip of image files, read in place."""

import contextlib
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from dcgan_tf.data.source_protocol import UnusableImage, file_identity, safe_name
from dcgan_tf.data.sources.image_files import Entry, ImageFiles, may_be_image
from dcgan_tf.errors import ArgumentError

LARGEST_MEMBER = 2**29  # bytes; an image file of half a gigabyte is a mistake or an attack
FAULTS = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError)


class ZipImages(ImageFiles):
    """All images in a zip, like a folder.

    Raises:
        ArgumentError: not a readable zip, or it has no files that may be images.
    """

    def __init__(self, path: Path, cache_dir: str = ""):
        self._lock = threading.Lock()
        try:
            self._archive = zipfile.ZipFile(path)
        except (*FAULTS, OSError) as fault:
            raise ArgumentError("dataset", path, f"not a zip file that can be read ({fault})") from fault
        members = [member for member in self._archive.infolist() if not member.is_dir()]
        self._members = {member.filename: member for member in members if may_be_image(member.filename)}
        if self._members and all(member.flag_bits & 1 for member in self._members.values()):
            raise ArgumentError("dataset", path, "the zip is encrypted: unpack it and give the folder")
        entries = (Entry(name, member.file_size, member.CRC) for name, member in self._members.items())
        super().__init__(path, safe_name(path.stem), entries, cache_dir)

    def identity(self) -> dict[str, Any]:
        """Path, size and time of modification of the zip."""
        return file_identity("zip", self.path)

    @contextlib.contextmanager
    def _open(self, entry: Entry) -> Iterator[IO[bytes]]:
        member = self._members[entry.path]
        if member.flag_bits & 1:
            raise UnusableImage("encrypted")
        if member.file_size > LARGEST_MEMBER:
            raise UnusableImage(f"{member.file_size / 1e9:.1f} GB is too large for an image")
        try:
            with self._lock:  # opening and closing count the users of the one file handle; reading has its own lock
                stream = self._archive.open(member)
            try:
                yield stream
            finally:
                with self._lock:
                    stream.close()
        except FAULTS as fault:
            raise UnusableImage(f"damaged in the zip: {fault}") from fault
