"""The folder of exports: out/<format>/<model name>/<version>. All files of a version appear, or none."""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from dcgan_tf import files
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.exporting.formats import FORMATS

_VERSION = re.compile(r"[1-9][0-9]*")
_STAGING = ".export-"


def check(out: Path) -> None:
    """Makes the folder where it does not exist, and looks whether files can be written there.

    Raises:
        ArgumentError: they cannot.
        FullDiskError: there is no space.
    """
    if out.exists() and not out.is_dir():
        raise ArgumentError("out", out, "this is a file; name a folder")
    try:
        with files.space_explained(out):
            out.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        raise ArgumentError("out", out, f"cannot write there ({error.strerror})") from error


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Holds the folder for this process; the lock ends with the process, however that ends.

    Raises:
        UserError: another process holds it.
    """
    descriptor = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UserError(f"`out={out}`: another export is writing there; wait for it, or name another folder") from None
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def version_folders(out: Path, formats: Sequence[str], name: str) -> Iterator[dict[str, Path]]:
    """Makes the folder of versions of each format; those that stay empty are removed in the end."""
    parents = {each: out / each / name for each in formats}
    try:
        for parent in parents.values():
            try:
                parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ArgumentError("out", out, f"{parent} cannot be made ({error.strerror})") from error
            if parent.stat().st_dev != out.stat().st_dev:
                raise ArgumentError("out", out, f"{parent} lies on another file system; name a folder on that one")
        yield parents
    finally:
        for folder in [*parents.values(), *(parent.parent for parent in parents.values())]:
            with contextlib.suppress(OSError):  # it is not empty
                folder.rmdir()


@contextlib.contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A hidden folder in `out`. Removes those of exports that were killed; the lock says that none is in use."""
    for left in out.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)
    with files.space_explained(out), tempfile.TemporaryDirectory(prefix=_STAGING, dir=out) as path:
        yield Path(path)


def next_version(out: Path, name: str) -> int:
    """One more than the highest version of any format, so that files of one number belong together."""
    entries = [entry.name for format_name in FORMATS for entry in (out / format_name / name).glob("*")]
    return 1 + max((int(entry) for entry in entries if _VERSION.fullmatch(entry)), default=0)


def move_all(moves: Sequence[tuple[Path, Path]]) -> None:
    """Renames folders, (source, target) each: all of them or none.

    Raises:
        UserError: one of them cannot be renamed.
    """
    done = []
    try:
        for source, target in moves:
            source.rename(target)
            done.append((source, target))
    except BaseException as error:
        for source, target in done:
            target.rename(source)
        if isinstance(error, OSError):
            taken = error.errno in (errno.EEXIST, errno.ENOTEMPTY)
            reason = "another program has just put something there" if taken else error.strerror
            raise UserError(f"{moves[len(done)][1]}: cannot be written ({reason})") from error
        raise
