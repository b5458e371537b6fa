"""The directory where prepared stores are kept."""

import contextlib
import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from dcgan_tf import files
from dcgan_tf.errors import UserError

ABANDONED = 3600.0  # seconds without a write; a preparation that is alive writes every few seconds
FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


def cache_root(cache_dir: str) -> Path:
    """The argument, or else DCGAN_TF_CACHE_DIR, or else ~/.cache/dcgan_tf."""
    return files.expanded(cache_dir or os.environ.get("DCGAN_TF_CACHE_DIR") or "~/.cache/dcgan_tf")


@contextlib.contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turns a full disk or a directory without write permission into one line."""
    try:
        yield
    except OSError as fault:
        if fault.errno in FULL:
            remedy = "make room or set `cache_dir` to another disk"
            raise UserError(f"no space left in {root} for the prepared images: {remedy}") from fault
        if fault.errno in REFUSED:
            remedy = "set it to another place"
            raise UserError(f"cannot write to `cache_dir={root}` ({fault.strerror}): {remedy}") from fault
        raise


def bytes_text(count: int) -> str:
    """A number of bytes in the unit that suits it: 512 bytes, 3.2 MB."""
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} bytes"


def free_bytes(root: Path) -> int:
    """Free bytes on the disk of a folder that may not exist yet."""
    return shutil.disk_usage(next(place for place in (root, *root.absolute().parents) if place.exists())).free


def require_space(root: Path, needed: int) -> None:
    """Raises UserError when fewer than `needed` bytes are free, before any work is done."""
    free = free_bytes(root)
    if needed > free:
        raise UserError(
            f"the prepared images need {bytes_text(needed)} and {root} has {bytes_text(free)} free: "
            "make room, set `cache_dir` to another disk, or choose a smaller `image_size`"
        )


def remove_abandoned(root: Path) -> None:
    """Removes the unfinished stores (`files.folder_written_aside`) of killed processes, on this machine or another."""
    for folder in root.glob(".*.tmp"):
        if not re.fullmatch(r"\..+\.[0-9a-f]{8}\.\d+\.tmp", folder.name):
            continue
        with contextlib.suppress(OSError):  # another process may be removing it too
            last_write = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time.time() - last_write > ABANDONED:
                shutil.rmtree(folder)
