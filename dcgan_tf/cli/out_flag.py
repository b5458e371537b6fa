"""What `--out` names, checked before anything long begins: a file of some kinds, or a folder of single PNG files."""

from collections.abc import Iterable
from pathlib import Path

from dcgan_tf import files, images
from dcgan_tf.errors import ArgumentError


def suffix_of(out: str, suffixes: tuple[str, ...], overwrite: bool, folder: bool = True) -> str:
    """The suffix of the file that `out` names, in lower case; empty for a folder.

    Args:
        out: as the user wrote it; a folder's name has no suffix or ends in a slash.
        suffixes: of files that can be written (".png", ".npz").
        overwrite: whether a file that exists may be replaced.
        folder: whether it may be a folder.

    Raises:
        ArgumentError: another kind of file, a file that exists, or a folder and a file are confused.
    """
    path = files.expanded(out)
    suffix = path.suffix.lower()
    if not out.endswith("/") and suffix in suffixes:
        if path.is_dir():
            raise ArgumentError("out", out, "this is a folder; name a file, or end the name with /")
        if path.exists() and not overwrite:
            raise ArgumentError("out", out, "this file exists; name another, or add --overwrite")
        return suffix
    kinds = " or a ".join(suffixes)
    if not folder:
        raise ArgumentError("out", out, f"write a {kinds}")
    if not out.endswith("/") and suffix and not path.is_dir():
        raise ArgumentError("out", out, f"write a {kinds}, or a folder's name ending in /")
    if path.exists() and not path.is_dir():
        raise ArgumentError("out", out, f"this is a file; name a folder, or a {kinds}")
    return ""


def check_folder(out: str, seeds: Iterable[int], overwrite: bool) -> None:
    """Raises ArgumentError if an image of one of the seeds is already in the folder and may not be replaced."""
    path = files.expanded(out)
    there = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    clash = next((name for name in map(images.file_name, seeds) if name in there), None) if there else None
    if clash and not overwrite:
        raise ArgumentError("out", out, f"{clash} is there already; name another folder, or add --overwrite")


def cannot_write(out: str, error: OSError) -> ArgumentError:
    """What the disk refuses, as one line."""
    return ArgumentError("out", out, f"cannot write there ({error.strerror or error})")


def expanded(out: str) -> Path:
    """The path, the folder around it made."""
    path = files.expanded(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
