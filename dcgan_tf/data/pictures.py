"""What folders and zips of image files have in common: which files count, their classes, and what their headers say."""

import contextlib
import hashlib
import io
import json
import posixpath
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from dcgan_tf import files
from dcgan_tf.data import cache
from dcgan_tf.data.decoding import is_grey, opened, shown_size
from dcgan_tf.data.source import Item, SourceInfo, UnusableImage
from dcgan_tf.errors import UserError
from dcgan_tf.progress import tracked

SCAN_VERSION = 1
# Files that people keep beside images. Everything else is tried, whatever its name.
_NO_IMAGES = """
    txt json jsonl csv tsv md rst xml yaml yml toml ini cfg html htm css js pdf doc docx xls xlsx py ipynb sh bat exe
    log db sqlite pkl pickle mat npy npz h5 hdf5 pt pth parquet tfrecord zip gz tgz bz2 xz 7z rar tar mp3 wav mp4 mov
    avi mkv webm url lnk torrent sha256 md5 lock xmp aae crc
"""
NO_IMAGES = frozenset(f".{ending}" for ending in _NO_IMAGES.split())
NO_IMAGE_NAMES = frozenset({"thumbs.db", "desktop.ini", "license", "readme", "makefile"})
NO_IMAGE_FOLDERS = frozenset({"__macosx"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that may be an image: its path with forward slashes, bytes, and when it was changed."""

    path: str
    size: int
    modified: int


def may_be_image(path: str) -> bool:
    """False for hidden files and folders, what archivers add, and files that are evidently something else."""
    pure = PurePosixPath(path)
    if any(part.startswith(".") or part.lower() in NO_IMAGE_FOLDERS for part in pure.parts):
        return False
    return pure.suffix.lower() not in NO_IMAGES and pure.name.lower() not in NO_IMAGE_NAMES


class Pictures:
    """Image files by path. `FolderImages` and `ZipImages` say where the bytes come from.

    Args:
        name: for the name of a directory.
        entries: the files, in any order.
        cache_dir: where the summary of the headers is kept.
    """

    def __init__(self, name: str, entries: list[Entry], cache_dir: str):
        self.name = name
        if not entries:
            raise UserError(f"no image files in {self._where()}")
        self._entries = sorted(entries, key=lambda entry: entry.path)
        self._cache_dir = cache_dir
        self._depth, self._class_names = _classes([entry.path for entry in self._entries])
        self._info: SourceInfo | None = None

    def _where(self) -> str:
        raise NotImplementedError

    def _read(self, entry: Entry) -> bytes:
        """The whole file. Called from several threads; raises OSError or UnusableImage."""
        raise NotImplementedError

    def _header(self, entry: Entry) -> contextlib.AbstractContextManager[io.IOBase]:
        """The file as a stream, of which only the beginning will be read."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """A hash over every path, size and time of change."""
        digest = hashlib.sha256()
        for entry in self._entries:
            digest.update(f"{entry.path}\0{entry.size}\0{entry.modified}\n".encode("utf-8", "surrogateescape"))
        return {"kind": "files", "files": len(self._entries), "sha256": digest.hexdigest()}

    def info(self) -> SourceInfo:
        """From the headers of all files; they are read once, and their summary is kept in the cache directory."""
        if self._info is None:
            self._info = self._remembered() or self._scanned()
        return self._info

    def items(self) -> Iterator[Item]:
        """Sorted by path. Decoding is left to whoever takes the pictures."""
        labels = {name: index for index, name in enumerate(self._class_names)}
        for entry in self._entries:
            label = labels[entry.path.split("/")[self._depth]] if labels else None
            yield Item(_printable(entry.path), label, lambda entry=entry: self._load(entry))

    def _load(self, entry: Entry) -> Image.Image:
        try:
            content = self._read(entry)
        except OSError as fault:
            raise UnusableImage(fault.strerror or str(fault)) from fault
        if not content:
            raise UnusableImage("empty file")
        return opened(io.BytesIO(content))

    def _scanned(self) -> SourceInfo:
        sizes: Counter = Counter()
        colourful = False
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="PIL")
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            for entry in tracked(self._entries, len(self._entries), "files", f"looking at {self.name}"):
                with contextlib.suppress(OSError, UnusableImage), self._header(entry) as stream:
                    picture = opened(stream)
                    sizes[shown_size(picture)] += 1
                    colourful = colourful or not is_grey(picture)
        if not sizes:
            raise UserError(
                f"none of the {len(self._entries)} files in {self._where()} is an image that can be read "
                f"(the first is {_printable(self._entries[0].path)})"
            )
        commonest = max(sizes.items(), key=lambda entry: (entry[1], entry[0]))[0]
        info = SourceInfo(len(self._entries), commonest, 3 if colourful else 1, self._class_names)
        self._remember(info)
        return info

    def _summary_path(self):
        key = hashlib.sha256(json.dumps([self.identity(), SCAN_VERSION]).encode()).hexdigest()[:16]
        return cache.cache_root(self._cache_dir) / f"{self.name}-{key}.headers.json"

    def _remembered(self) -> SourceInfo | None:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            known = json.loads(self._summary_path().read_text(encoding="utf-8"))
            return SourceInfo(
                known["count"], tuple(known["image_size"]), known["channels"], tuple(known["class_names"])
            )
        return None

    def _remember(self, info: SourceInfo) -> None:
        path = self._summary_path()
        with contextlib.suppress(OSError):  # it only saves time; the store itself complains about a full disk
            path.parent.mkdir(parents=True, exist_ok=True)
            with files.written_aside(path) as temporary:
                temporary.write_text(json.dumps(asdict(info)), encoding="utf-8")


def _classes(paths: list[str]) -> tuple[int, tuple[str, ...]]:
    """The sub-folders that are classes, and how deep they lie.

    Args:
        paths: sorted, with forward slashes.

    They are classes when there are two or more and every file is in one of them. A folder that holds everything else,
    as unpacking a zip makes it, is passed over, so that a set has the same classes as a folder and as a zip.
    """
    ends = [path.rpartition("/")[0] for path in (paths[0], paths[-1])]
    common = posixpath.commonpath(ends)  # paths are sorted, so what the first and the last share, all share
    below = [path[len(common) + 1 :] for path in paths] if common else paths
    depth = len(common.split("/")) if common else 0
    if not all("/" in path for path in below):
        return depth, ()
    return depth, tuple(sorted({path.split("/", 1)[0] for path in below}))


def _printable(path: str) -> str:
    """Paths that are not valid Unicode, with the odd bytes written out."""
    return path.encode("utf-8", "backslashreplace").decode()
