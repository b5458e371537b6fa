"""A folder of image files: flat, nested, or with one sub-folder for each class."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from dcgan_tf.data.source_protocol import safe_name
from dcgan_tf.data.sources import layout
from dcgan_tf.data.sources.image_files import Entry, ImageFiles, may_be_image, packed_fault


class FolderImages(ImageFiles):
    """All images below a folder. Links are followed, each folder once."""

    def __init__(self, path: Path, cache_dir: str = "", split: str = layout.WHOLE):
        super().__init__(path, safe_name(path.resolve().name), _entries(path), cache_dir, split)

    def _open(self, entry: Entry) -> IO[bytes]:
        return (self.path / entry.path).open("rb")


def _entries(root: Path) -> Iterator[Entry]:
    """What cannot be read is an entry too: reading it fails again, and it is listed with the reason."""
    seen: set[tuple[int, int]] = set()
    unreadable: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=unreadable.append, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()  # a link leads back
            continue
        seen.add((status.st_dev, status.st_ino))
        inside = os.path.relpath(folder, root) + "/" if folder != os.fspath(root) else ""
        # Last folder first: the order decides under which of its names a folder is found that is linked twice.
        folders[:] = [name for name in reversed(folders) if may_be_image(name)]
        yield from (Entry(inside + name, 0, 0, fault) for name in names if (fault := packed_fault(name)))
        if inside and not folders and not any(map(may_be_image, names)):
            yield Entry(inside, 0, 0, "a folder without images")
        for name in filter(may_be_image, names):
            try:
                status = Path(folder, name).stat()
            except OSError:
                yield Entry(inside + name, 0, 0)
                continue
            if stat.S_ISREG(status.st_mode):  # reading pipes and devices would never end
                yield Entry(inside + name, status.st_size, status.st_mtime_ns)
    for fault in unreadable:
        yield Entry(os.path.relpath(fault.filename, root), 0, 0)
