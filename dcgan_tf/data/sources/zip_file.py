"""A .zip of image files, read in place."""

import contextlib
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from dcgan_tf import files
from dcgan_tf.data.source_protocol import UnusableImage, file_identity, safe_name
from dcgan_tf.data.sources import layout
from dcgan_tf.data.sources.image_files import Entry, ImageFiles, may_be_image, packed_fault
from dcgan_tf.errors import ArgumentError

LARGEST_MEMBER = 2**29  # bytes; an image file of half a gigabyte is a mistake or an attack
FAULTS = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError)


class ZipImages(ImageFiles):
    """All images in a zip, like a folder.

    Raises:
        ArgumentError: not a readable zip, or it has no files that may be images.
    """

    def __init__(self, path: Path, cache_dir: str = "", split: str = layout.WHOLE):
        self._lock = threading.Lock()
        try:
            self._archive = zipfile.ZipFile(path)
        except (*FAULTS, OSError) as fault:
            raise ArgumentError("dataset", path, f"not a zip file that can be read ({fault})") from fault
        members = [member for member in self._archive.infolist() if not member.is_dir()]
        images = {member.filename.lstrip("/"): member for member in members if may_be_image(member.filename)}
        if images and all(member.flag_bits & 1 for member in images.values()):
            raise ArgumentError("dataset", path, "the zip is encrypted: unpack it and give the folder")
        self._members = images
        super().__init__(path, safe_name(path.stem), filter(None, map(self._entry, members)), cache_dir, split)

    def _entry(self, member: zipfile.ZipInfo) -> Entry | None:
        """A member that may be an image, or that is named because it cannot be used."""
        name = member.filename.lstrip("/")
        if fault := packed_fault(name):
            return Entry(name, 0, 0, fault)
        if ".." in name.split("/") and may_be_image(PurePosixPath(name).name):
            return Entry(name, 0, 0, "its path leads out of the zip")
        if not may_be_image(name):
            return None
        if self._members[name] is not member:
            return Entry(name, 0, 0, "the zip holds this name again, and that one is used")
        return Entry(name, member.file_size, member.CRC)

    def identity(self) -> dict[str, Any]:
        """Path, size and time of modification of the zip, and what was taken from it."""
        left_out = {"left_out": len(self._all) - len(self._entries)} if len(self._entries) < len(self._all) else {}
        return file_identity("zip", self.path) | self._choices() | left_out

    @contextlib.contextmanager
    def _open(self, entry: Entry) -> Iterator[IO[bytes]]:
        member = self._members[entry.path]
        if member.flag_bits & 1:
            raise UnusableImage("encrypted")
        if member.file_size > LARGEST_MEMBER:
            raise UnusableImage(f"{files.amount(member.file_size)} is too large for an image")
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
