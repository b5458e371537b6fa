"""Files and folders that are complete or absent: written under a temporary name, then renamed.

A killed process leaves its temporary ones behind. They are known by their names, and a folder that is still being
written is locked, so that leftovers can be removed.
"""

import contextlib
import errno
import fcntl
import functools
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from dcgan_tf.errors import FullDiskError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\.\d+\.tmp")


_begun: list[str] = []


def undone_at_the_end(block: Callable) -> Callable:
    """`contextlib.contextmanager` for a block that removes what it began; see `something_begun`."""
    managed = contextlib.contextmanager(block)

    @contextlib.contextmanager
    @functools.wraps(block)
    def noted(*arguments, **named) -> Iterator:
        _begun.append(block.__name__)
        try:
            with managed(*arguments, **named) as value:
                yield value
        finally:
            _begun.pop()

    return noted


def something_begun() -> bool:
    """Whether something would be left behind if the process just ended now, instead of raising an exception."""
    return bool(_begun)


def expanded(path: str | os.PathLike) -> Path:
    """The path with ~ resolved; an unknown ~user is left as it is, where `Path.expanduser` raises."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def printable(name: str) -> str:
    """A file's name as one line of Unicode: bytes that are none, line breaks and control characters are written out."""
    return "".join(map(_printable, name))


def _printable(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python reads a byte that is not valid in a file's name
        return f"\\x{ord(character) - 0xDC00:x}"
    escaped = character == "\\" or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
    return character.encode("unicode_escape").decode() if escaped else character


@undone_at_the_end
def written_aside(path: str | os.PathLike, size: int = 0) -> Iterator[Path]:
    """Yields a temporary path beside `path`; the file written there becomes `path` if the block succeeds.

    The data reaches the disk before the rename, so a crash leaves the old file or the new one, never a part of it.

    Args:
        path: the file to write.
        size: how many bytes it will have, if that is known; an error tells it.

    Raises:
        FullDiskError: there is no space for it.
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        with space_explained(path, size):
            yield temporary
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@undone_at_the_end
def folder_written_aside(path: str | os.PathLike, size: int = 0) -> Iterator[Path]:
    """The same for a folder: yields a new empty folder beside `path`, locked as long as the block lasts.

    If another process makes `path` in the meantime, its folder stays and this one is dropped.

    Args:
        path: the folder to make.
        size: how many bytes its files will have, if that is known; an error tells it.

    Raises:
        FullDiskError: there is no space for it.
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        with space_explained(path, size), _made_and_locked(temporary):
            yield temporary
            try:
                temporary.rename(path)
            except OSError:
                if not path.is_dir():
                    raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@undone_at_the_end
def folder_filled_aside(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a new empty folder, whose files get into the folder `path` together if the block succeeds.

    `path` and the folders around it are made where they are missing. Files of the same names are replaced.

    Raises:
        FullDiskError: there is no space for it.
    """
    path, new = Path(path), []
    there = path.is_dir()
    temporary = _temporary(path / path.name if there else path)
    try:
        with space_explained(path):
            temporary.mkdir(parents=True)
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


@contextlib.contextmanager
def space_explained(path: Path, size: int = 0) -> Iterator[None]:
    """Turns the system's "no space left" into `full_disk`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise full_disk(path, size) from error


def full_disk(path: Path, size: int = 0) -> FullDiskError:
    """An error that says for what there is no space, how much is needed and how much is free.

    Args:
        path: what is being made or extended.
        size: how many bytes are to be written, if that is known.
    """
    needed = f"{amount(size)} needed, " if size else ""
    reason = f"no space left on the disk ({needed}{amount(free_bytes(path.parent))} free); make room"
    return FullDiskError(f"{path}: {reason}")


def tells_full_disk(error: Exception) -> bool:
    """Whether an error that is not the system's own quotes one about a full disk."""
    return any(os.strerror(number) in str(error) for number in _FULL)


def free_bytes(folder: Path) -> int:
    """Free bytes on the disk of a folder that may not exist yet."""
    return shutil.disk_usage(next(place for place in (folder, *folder.absolute().parents) if place.exists())).free


def amount(size: int) -> str:
    """Bytes as a person reads them: "300 bytes", "4.0 KB", "1.5 MB", "12.0 GB"."""
    for unit, bytes_of_unit in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size >= bytes_of_unit:
            return f"{size / bytes_of_unit:,.1f} {unit}"
    return f"{size} bytes"


def temporaries(folder: Path) -> Iterator[tuple[Path, str]]:
    """The temporary files and folders in a folder, each with the name that it would have got."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if match := _TEMPORARY.fullmatch(path.name):
            yield path, match.group(1)


def remove_leftover(path: Path, old: float) -> None:
    """Removes a temporary file or folder unless a process is still writing it, or another user owns it.

    Args:
        path: it may be gone already.
        old: seconds without a write after which nobody is, where no lock tells: for files, and on some file systems.
    """
    with contextlib.suppress(OSError):  # another process may be removing it too, or it may belong to another user
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if _is_abandoned(path, descriptor, old):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        finally:
            os.close(descriptor)


def _is_abandoned(path: Path, descriptor: int, old: float) -> bool:
    """Whether nobody writes it; if so and it is a folder, it is locked from now on."""
    if path.is_dir():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False
        except OSError:
            pass  # a file system without locks
    last_write = max(each.stat().st_mtime for each in (path, *path.rglob("*")))
    return time.time() - last_write > old


@contextlib.contextmanager
def _made_and_locked(folder: Path) -> Iterator[None]:
    """Makes a folder and locks it; made again if another process took it for a leftover before it was locked."""
    descriptor = None
    try:
        while descriptor is None or not folder.exists():
            if descriptor is not None:
                os.close(descriptor)
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY)
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _temporary(path: Path) -> Path:
    """A name beside `path` that no other process uses, not even one with the same process id in another container."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{os.getpid()}.tmp")
