"""Files and folders that are complete or absent: written under a temporary name, then renamed."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path


def expanded(path: str | os.PathLike) -> Path:
    """The path with ~ resolved; ~nobody is left as it is, where `Path.expanduser` raises."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


@contextlib.contextmanager
def written_aside(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary path beside `path`; what is written there becomes `path` when the block ends well.

    The data reaches the disk before the rename, so a crash leaves the old file or the new one, never a part.
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

    When another process has made `path` meanwhile, its folder stays and this one is dropped.
    """
    path = Path(path)
    temporary = _temporary(path)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        _rename_unless_made(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary(path: Path) -> Path:
    """A name beside `path` that no other process has, not even one with the same number in another container."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{os.getpid()}.tmp")


def _rename_unless_made(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            raise
