"""The directory where prepared stores are kept."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from dcgan_tf import files
from dcgan_tf.errors import FullDiskError, UserError

ABANDONED = 3600.0  # seconds without a write; a preparation that is alive writes every few seconds
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT)


def cache_root(cache_dir: str) -> Path:
    """The argument, or else DCGAN_TF_CACHE_DIR, or else ~/.cache/dcgan_tf."""
    return files.expanded(cache_dir or os.environ.get("DCGAN_TF_CACHE_DIR") or "~/.cache/dcgan_tf")


@contextlib.contextmanager
def explained(root: Path) -> Iterator[None]:
    """Says what to do about a full disk or a directory without write permission, in one line."""
    try:
        with files.space_explained(root):
            yield
    except FullDiskError as fault:
        raise FullDiskError(f"the prepared images: {fault} or set `cache_dir` to another disk") from fault
    except OSError as fault:
        if fault.errno in REFUSED:
            remedy = "set it to another place"
            raise UserError(f"cannot write to `cache_dir={root}` ({fault.strerror}): {remedy}") from fault
        raise


def require_space(root: Path, needed: int) -> None:
    """Raises UserError when fewer than `needed` bytes are free, before any work is done."""
    free = files.free_bytes(root)
    if needed > free:
        raise UserError(
            f"the prepared images need {files.amount(needed)} and {root} has {files.amount(free)} free: "
            "make room, set `cache_dir` to another disk, or choose a smaller `image_size`"
        )


def remove_abandoned(root: Path) -> None:
    """Removes the unfinished stores (`files.folder_written_aside`) of killed processes, on this machine or another."""
    for path, _ in files.temporaries(root):
        files.remove_leftover(path, ABANDONED)
