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

DAY = 24 * 3600.0
QUIET = 60.0  # seconds without a write after which a folder of a dead process counts as left behind
FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


def cache_root(cache_dir: str) -> Path:
    """The setting, or DCGAN_TF_CACHE_DIR, or ~/.cache/dcgan_tf."""
    return files.expanded(cache_dir or os.environ.get("DCGAN_TF_CACHE_DIR") or "~/.cache/dcgan_tf")


@contextlib.contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turns a full disk or a directory that may not be written into one line."""
    try:
        yield
    except OSError as fault:
        if fault.errno in FULL:
            raise UserError(
                f"no space left in {root} for the prepared images: make room or set --cache_dir to another disk"
            ) from fault
        if fault.errno in REFUSED:
            raise UserError(
                f"cannot write to --cache_dir={root} ({fault.strerror}): set it to another place"
            ) from fault
        raise


def require_space(root: Path, needed: int) -> None:
    """Raises UserError when fewer than `needed` bytes are free, before any work is done."""
    free = shutil.disk_usage(root).free
    if needed > free:
        raise UserError(
            f"the prepared images need {needed / 1e9:.1f} GB and {root} has {free / 1e9:.1f} GB free: "
            f"make room, set --cache_dir to another disk, or choose a smaller --image_size"
        )


def remove_leftovers(root: Path) -> None:
    """Removes the temporary folders that killed processes left.

    A process on another machine may share the directory, so a folder that was written to just now stays even when no
    process here has its number.
    """
    for folder in root.glob(".*.tmp"):
        found = re.fullmatch(r"\..+\.(\d+)\.tmp", folder.name)
        if not found or not folder.is_dir():
            continue
        idle = time.time() - _last_write(folder)
        if idle > DAY or (idle > QUIET and not _alive(int(found[1]))):
            shutil.rmtree(folder, ignore_errors=True)


def _last_write(folder: Path) -> float:
    times = [0.0]
    for path in (folder, *folder.glob("*")):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # it exists and belongs to somebody else
    return True
