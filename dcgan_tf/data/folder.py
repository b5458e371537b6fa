"""A folder of image files: flat, nested, or with one sub-folder per class."""

import io
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from dcgan_tf.data.pictures import Entry, Pictures, may_be_image


class FolderImages(Pictures):
    """All images below a folder. Links are followed, each folder once.

    Args:
        path: the folder.
        cache_dir: see `Pictures`.

    Raises:
        UserError: there are no files that may be images.
    """

    def __init__(self, path: Path, cache_dir: str = ""):
        self.path = path
        name = re.sub(r"[^\w.-]+", "_", path.resolve().name).strip("._") or "images"
        super().__init__(name, list(_entries(path)), cache_dir)

    def _where(self) -> str:
        return str(self.path)

    def _read(self, entry: Entry) -> bytes:
        return self._file(entry).read_bytes()

    def _header(self, entry: Entry) -> io.IOBase:
        return self._file(entry).open("rb")

    def _file(self, entry: Entry) -> Path:
        return self.path / entry.path


def _entries(root: Path) -> Iterator[Entry]:
    seen: set[tuple[int, int]] = set()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            status = (root / folder).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue  # a link that leads back
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(root / folder) as found:
                inner = list(found)
        except OSError:
            yield Entry(folder, 0, 0)  # reading it fails again, and is listed with the reason
            continue
        for item in inner:
            path = f"{folder}/{item.name}" if folder else item.name
            if not may_be_image(path):
                continue
            if item.is_dir():
                waiting.append(path)
                continue
            entry = _entry(item, path)
            if entry:
                yield entry


def _entry(item: os.DirEntry, path: str) -> Entry | None:
    """None for pipes, sockets and devices, which would never end."""
    try:
        status = item.stat()
    except OSError:
        return Entry(path, 0, 0)  # a broken link: it is listed among the skipped
    return Entry(path, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
