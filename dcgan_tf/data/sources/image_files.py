"""What folders and zips of image files share: which files count, their classes, and what their headers say."""

import contextlib
import hashlib
import io
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from PIL import Image

from dcgan_tf import files
from dcgan_tf.data import cache
from dcgan_tf.data.decoding import is_gray, open_picture, quiet_pillow, shown_size
from dcgan_tf.data.source_protocol import Item, SourceInfo, UnusableImage
from dcgan_tf.errors import ArgumentError
from dcgan_tf.progress import tracked

SCAN_VERSION = 1
# Files that people keep beside images. All others are tried, whatever their names.
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
    """One file that may be an image: its path with forward slashes, bytes, and time of modification."""

    path: str
    size: int
    modified: int


def may_be_image(path: str) -> bool:
    """False for hidden files and folders, what archivers add, and files that are clearly something else."""
    pure = PurePosixPath(path)
    if any(part.startswith(".") or part.lower() in NO_IMAGE_FOLDERS for part in pure.parts):
        return False
    return pure.suffix.lower() not in NO_IMAGES and pure.name.lower() not in NO_IMAGE_NAMES


class ImageFiles:
    """Image files below a folder or in a file, `path`. A subclass opens them.

    Raises:
        ArgumentError: there are no files that may be images.
    """

    def __init__(self, path: Path, name: str, entries: Iterable[Entry], cache_dir: str):
        self.path, self.name, self._cache_dir = path, name, cache_dir
        self._entries = sorted(entries, key=lambda entry: entry.path)
        if not self._entries:
            raise ArgumentError("dataset", path, "there are no image files in it")
        self._depth, self._class_names = _classes([entry.path for entry in self._entries])
        self._info: SourceInfo | None = None

    def _open(self, entry: Entry) -> contextlib.AbstractContextManager[IO[bytes]]:
        """The file as a stream. Called from several threads; raises OSError or UnusableImage."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """A hash of every path, size and time of modification."""
        digest = hashlib.sha256()
        for entry in self._entries:
            digest.update(f"{entry.path}\0{entry.size}\0{entry.modified}\n".encode("utf-8", "surrogateescape"))
        return {"kind": "files", "files": len(self._entries), "sha256": digest.hexdigest()}

    def info(self) -> SourceInfo:
        """From the headers of all files. They are read once; their summary is kept in the cache directory."""
        if self._info is None:
            key = hashlib.sha256(json.dumps([self.identity(), SCAN_VERSION]).encode()).hexdigest()[:16]
            summary = cache.cache_root(self._cache_dir) / f"{self.name}-{key}.headers.json"
            self._info = _read_summary(summary)
            if self._info is None:
                self._info = self._scan()
                _write_summary(summary, self._info)
        return self._info

    def items(self) -> Iterator[Item]:
        """Sorted by path. The pictures are not decoded yet."""
        labels = {name: index for index, name in enumerate(self._class_names)}
        for entry in self._entries:
            label = labels[entry.path.split("/")[self._depth]] if labels else None
            yield Item(_printable(entry.path), label, lambda entry=entry: self._load(entry))

    def _load(self, entry: Entry) -> Image.Image:
        try:
            with self._open(entry) as stream:
                content = stream.read()
        except OSError as fault:
            raise UnusableImage(fault.strerror or str(fault)) from fault
        if not content:
            raise UnusableImage("empty file")
        return open_picture(io.BytesIO(content))

    def _scan(self) -> SourceInfo:
        sizes: Counter[tuple[int, int]] = Counter()
        channels = 1
        with quiet_pillow():
            for entry in tracked(self._entries, len(self._entries), "files", f"looking at {self.name}"):
                with contextlib.suppress(OSError, UnusableImage), self._open(entry) as stream:
                    picture = open_picture(stream)
                    sizes[shown_size(picture)] += 1
                    if not is_gray(picture):
                        channels = 3
        if not sizes:
            number, first = len(self._entries), _printable(self._entries[0].path)
            raise ArgumentError("dataset", self.path, f"none of its {number} files is an image (the first is {first})")
        most_common = max(sizes, key=lambda size: (sizes[size], size))
        return SourceInfo(len(self._entries), most_common, channels, self._class_names)


def _read_summary(path: Path) -> SourceInfo | None:
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        return SourceInfo(kept["count"], tuple(kept["image_size"]), kept["channels"], tuple(kept["class_names"]))
    return None


def _write_summary(path: Path, info: SourceInfo) -> None:
    with contextlib.suppress(OSError):  # it only saves time; the store itself complains about a full disk
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.written_aside(path) as temporary:
            temporary.write_text(json.dumps(asdict(info)), encoding="utf-8")


def _classes(paths: list[str]) -> tuple[int, tuple[str, ...]]:
    """How deep the sub-folders that are classes lie, and their names.

    They are classes when there are two or more and every file is in one of them. A folder that holds all the rest, as
    unpacking a zip makes it, is passed over, so that the same set has the same classes as a folder and as a zip.
    """
    folders = [path.split("/")[:-1] for path in paths]
    ends = zip(folders[0], folders[-1], strict=False)  # paths are sorted: what the first and the last share, all share
    depth = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], ends)))
    if not all(len(parts) > depth for parts in folders):
        return depth, ()
    return depth, tuple(sorted({parts[depth] for parts in folders}))


def _printable(path: str) -> str:
    """The path with bytes that are not valid Unicode written out."""
    return path.encode("utf-8", "backslashreplace").decode()
