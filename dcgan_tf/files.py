"""Files and folders that are complete or absent: written under a temporary name, then renamed."""

import contextlib
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path


def expanded(path: str | os.PathLike) -> Path:
    """The path with ~ resolved; an unknown ~user is left as it is, where `Path.expanduser` raises."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def printable(name: str) -> str:
    """A file's name as one line of Unicode: bytes that are none, line breaks and control characters are written out."""
    return "".join(map(_printable, name))


def _printable(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python reads a byte that is not valid in a file's name
        return f"\\x{ord(character) - 0xDC00:x}"
    escaped = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
    return character.encode("unicode_escape").decode() if escaped else character


@contextlib.contextmanager
def written_aside(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary path beside `path`; the file written there becomes `path` if the block succeeds.

    The data reaches the disk before the rename, so a crash leaves the old file or the new one, never a part of it.
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_written_aside(path: str | os.PathLike) -> Iterator[Path]:
    """The same for a folder: yields a new empty folder beside `path`.

    If another process makes `path` in the meantime, its folder stays and this one is dropped.
    """
    path = Path(path)
    temporary = _temporary(path)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def folder_filled_aside(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a new empty folder, whose files get into the folder `path` together if the block succeeds.

    `path` and the folders around it are made where they are missing. Files of the same names are replaced.
    """
    path, new = Path(path), []
    there = path.is_dir()
    temporary = _temporary(path / path.name if there else path)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if not there and not path.exists():
            temporary.rename(path)
            return
        for file in sorted(temporary.iterdir()):
            if not (path / file.name).exists():
                new.append(path / file.name)
            file.replace(path / file.name)
    except BaseException:
        for file in new:
            file.unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary(path: Path) -> Path:
    """A name beside `path` that no other process uses, not even one with the same process id in another container."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{os.getpid()}.tmp")
