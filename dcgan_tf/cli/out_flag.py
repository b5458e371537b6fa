"""What `--out` names, by one rule for all commands, checked before anything long begins.

A name with a known ending is a file. Any other name is a folder. What nobody named gets the next free name, so that a
command can be repeated; what somebody named is not replaced without --overwrite.
"""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from dcgan_tf import files, images, out_names
from dcgan_tf.errors import ArgumentError

FREE = "or the next free name"


def rule(suffixes: Sequence[str], content: str, default: str = "") -> str:
    """The rule as `--help` says it: what may be named, what a folder gets, and the default name of the file."""
    named = f"a name ending in {' or '.join(suffixes)} is a file, any other one a folder, which gets {content}"
    return f"{named}; default: {default}, {FREE}" if default else named


def is_folder(out: str | None, suffixes: Sequence[str], argument: str = "out") -> bool:
    """Whether a name is that of a folder, see `out_names`; None stands for the default, which is a file."""
    return out is not None and out_names.is_folder(out, suffixes, argument)


def file(
    out: str | None, default: str, suffixes: Sequence[str], overwrite: bool, beside: Sequence[str] = (),
    argument: str = "out",
) -> Path:  # fmt: skip
    """The file that a name means.

    Args:
        out: as the user wrote it; None for the default.
        default: the file's name where the user has named none, or a folder.
        suffixes: of files that can be written (".png", ".npz").
        overwrite: whether files that exist may be replaced.
        beside: suffixes of what is written beside it.
        argument: the flag.

    Raises:
        ArgumentError: another kind of file, or a file that exists.
    """
    if is_folder(out, suffixes, argument):
        return _next_free(files.expanded(out) / default, beside, overwrite)
    if out is None:
        return _next_free(Path(default), beside, overwrite)
    path = files.expanded(out)
    for each in _with_suffixes(path, beside):
        if each.is_dir():
            raise ArgumentError(argument, out, f"{each} is a folder; name another file")
        if each.exists() and not overwrite:
            raise ArgumentError(argument, out, f"{each.name} exists; name another file, or add --overwrite")
    return path


def _next_free(path: Path, beside: Sequence[str], overwrite: bool) -> Path:
    """grid.png, or the first of grid-2.png, grid-3.png, ... that is not there."""
    names = itertools.chain([path], (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2)))
    return next(each for each in names if overwrite or not any(map(Path.exists, _with_suffixes(each, beside))))


def _with_suffixes(path: Path, suffixes: Sequence[str]) -> list[Path]:
    return [path, *(path.with_suffix(suffix) for suffix in suffixes)]


def check_folder(out: str, seeds: Iterable[int], overwrite: bool) -> None:
    """Raises ArgumentError if an image of one of the seeds is already in the folder and may not be replaced."""
    path = files.expanded(out)
    there = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    clash = next((name for name in map(images.file_name, seeds) if name in there), None) if there else None
    if clash and not overwrite:
        raise ArgumentError("out", out, f"{clash} is there already; name another folder, or add --overwrite")


def cannot_write(path: Path, error: OSError, argument: str = "out") -> ArgumentError:
    """What the disk refuses, as one line."""
    return ArgumentError(argument, path, f"cannot write there ({error.strerror or error})")
