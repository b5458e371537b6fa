"""What folders and zips of image files share: which files count, their classes, and what their headers say."""

import bisect
import contextlib
import copy
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

from PIL import Image

from dcgan_tf import files
from dcgan_tf.data import cache
from dcgan_tf.data.decoding import heif_is_readable, is_gray, open_picture, quiet_pillow, reason_of, shown_size
from dcgan_tf.data.facts import aspects_of, grouped
from dcgan_tf.data.source_protocol import Item, Source, SourceInfo, UnusableImage
from dcgan_tf.data.sources import layout
from dcgan_tf.errors import ArgumentError
from dcgan_tf.progress import tracked

SCAN_VERSION = 2
HEIF_ENDINGS = (".heic", ".heif", ".hif")
# Files that people keep beside images. All others are tried, whatever their names.
_NO_IMAGES = """
    txt json jsonl csv tsv md rst xml yaml yml toml ini cfg html htm css js pdf doc docx xls xlsx py ipynb sh bat exe
    log db sqlite pkl pickle mat npy npz h5 hdf5 pt pth parquet tfrecord zip gz tgz bz2 xz 7z rar tar mp3 wav mp4 mov
    avi mkv webm url lnk torrent sha256 md5 lock xmp aae crc
"""
NO_IMAGES = frozenset(f".{ending}" for ending in _NO_IMAGES.split())
PACKED = dict.fromkeys([".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar"], "packed: unpack it first")
PACKED |= {".npz": "arrays: give the path of this file itself"}
NO_IMAGE_NAMES = frozenset({"thumbs.db", "desktop.ini", "license", "readme", "makefile"})
NO_IMAGE_FOLDERS = frozenset({"__macosx"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that may be an image: its path with forward slashes, bytes, and time of modification.

    Where `fault` says why, it cannot be used, and it is only counted and listed.
    """

    path: str
    size: int
    modified: int
    fault: str = ""


def may_be_image(path: str) -> bool:
    """False for hidden files and folders, what archivers add, and files that are clearly something else."""
    pure = PurePosixPath(path)
    if any(part.startswith(".") or part.lower() in NO_IMAGE_FOLDERS for part in pure.parts):
        return False
    return pure.suffix.lower() not in NO_IMAGES and pure.name.lower() not in NO_IMAGE_NAMES


def packed_fault(path: str) -> str:
    """What to do with a file that is no image and may hold images; "" for others."""
    pure = PurePosixPath(path)
    return "" if any(part.startswith(".") for part in pure.parts) else PACKED.get(pure.suffix.lower(), "")


class ImageFiles(Source):
    """Image files below a folder or in a file, `path`. A subclass opens them.

    Raises:
        ArgumentError: there are no files that may be images, or there is no such split.
    """

    def __init__(self, path: Path, name: str, entries: Iterable[Entry], cache_dir: str, split: str):
        self.path, self.name, self._cache_dir = path, name, cache_dir
        entries = sorted(entries, key=lambda entry: entry.path)
        self._all = [entry for entry in entries if not entry.fault]
        self._faulty = [entry for entry in entries if entry.fault]
        if not self._all:
            raise ArgumentError("dataset", path, f"there are no image files in it{_instead(self._faulty)}")
        self._use(layout.read([entry.path for entry in self._all], split))

    def _use(self, found: layout.Layout) -> None:
        self._layout, self._info = found, None
        self._entries = [entry for entry in self._all if entry.path not in found.left_out]
        self._class_names = tuple(map(files.printable, found.classes))

    def as_before(self) -> "ImageFiles | None":
        """By the rules until version 0.2, where they take other files or classes."""
        if not self._layout.left_out:
            return None
        before = copy.copy(self)
        before._use(layout.read_as_before([entry.path for entry in self._all]))
        return before

    def _open(self, entry: Entry) -> contextlib.AbstractContextManager[IO[bytes]]:
        """The file as a stream. Called from several threads; raises OSError or UnusableImage."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """A hash of every path, size and time of modification, and what else decides which files can be used."""
        digest = hashlib.sha256()
        for entry in self._entries:
            digest.update(f"{entry.path}\0{entry.size}\0{entry.modified}\n".encode("utf-8", "surrogateescape"))
        return {"kind": "files", "files": len(self._entries), "sha256": digest.hexdigest(), **self._choices()}

    def _choices(self) -> dict[str, Any]:
        """The part of the identity that does not follow from the files; empty in most cases."""
        choices: dict[str, Any] = {}
        if self._layout.split:
            choices["split"] = self._layout.split
        if heif_is_readable() and any(entry.path.lower().endswith(HEIF_ENDINGS) for entry in self._entries):
            choices["heif"] = True
        return choices

    def info(self) -> SourceInfo:
        """From the headers of all files. They are read once; their summary is kept in the cache directory."""
        if self._info is None:
            key = hashlib.sha256(json.dumps([self.identity(), SCAN_VERSION]).encode()).hexdigest()[:16]
            summary = cache.cache_root(self._cache_dir) / f"{self.name}-{key}.headers.json"
            found = _read_summary(summary)
            if found is None:
                found = self._scan()
                _write_summary(summary, found)
            self._info = replace(found, no_classes=self._layout.no_classes, notes=self._layout.notes)
        return self._info

    def items(self) -> Iterator[Item]:
        """Sorted by path. The pictures are not decoded yet."""
        for entry in self._entries:
            yield Item(files.printable(entry.path), self._label(entry), lambda entry=entry: self._load(entry))
        for entry in self._faulty:
            yield Item(files.printable(entry.path), None, lambda entry=entry: _refuse(entry))

    def _label(self, entry: Entry) -> int | None:
        names = self._layout.classes
        return bisect.bisect_left(names, entry.path.split("/")[self._layout.depth]) if names else None

    def _load(self, entry: Entry) -> Image.Image:
        try:
            with self._open(entry) as stream:
                content = stream.read()
        except OSError as fault:
            raise UnusableImage(reason_of(fault)) from fault
        return open_picture(io.BytesIO(content))

    def _scan(self) -> SourceInfo:
        sizes: Counter[tuple[int, int]] = Counter()
        classes, skipped, channels = Counter(), [(entry.path, entry.fault) for entry in self._faulty], 1
        with quiet_pillow():
            for entry in tracked(self._entries, len(self._entries), "files", f"looking at {self.name}"):
                try:
                    with self._open(entry) as stream:
                        picture = open_picture(stream)
                        sizes[shown_size(picture)] += 1
                        classes[self._label(entry)] += 1
                        if not is_gray(picture):
                            channels = 3
                except (OSError, UnusableImage) as fault:
                    skipped.append((entry.path, reason_of(fault)))
        by_reason = tuple(grouped(reason for _, reason in skipped))
        if not sizes:
            number, first = len(self._entries), files.printable(self._entries[0].path)
            reasons = ", ".join(f"{count:,} x {reason}" for reason, count in by_reason)
            remedy = f"none of its {number} files is an image (the first is {first}; {reasons})"
            raise ArgumentError("dataset", self.path, remedy)
        most_common = max(sizes, key=lambda size: (sizes[size], size))
        counts = tuple(classes[label] for label in range(len(self._class_names)))
        return SourceInfo(len(self._entries), most_common, channels, self._class_names, counts, "", by_reason,
                          aspects_of(sizes))  # fmt: skip


def _refuse(entry: Entry) -> Image.Image:
    raise UnusableImage(entry.fault)


def _instead(faulty: list[Entry]) -> str:
    """What is there where there are no images."""
    if not faulty:
        return ""
    shown = ", ".join(f"{files.printable(entry.path)} ({entry.fault})" for entry in faulty[:3])
    return f", only {len(faulty):,} that cannot be used: {shown}{', ...' if len(faulty) > 3 else ''}"


def _read_summary(path: Path) -> SourceInfo | None:
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        pairs = {name: tuple(map(tuple, kept.pop(name))) for name in ("skipped", "aspects")}
        return SourceInfo(
            **{key: tuple(item) if isinstance(item, list) else item for key, item in kept.items()}, **pairs
        )
    return None


def _write_summary(path: Path, info: SourceInfo) -> None:
    with contextlib.suppress(OSError):  # it only saves time; the store itself complains about a full disk
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.written_aside(path) as temporary:
            temporary.write_text(json.dumps(asdict(info)), encoding="utf-8")
