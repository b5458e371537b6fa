"""What a name to write to means, by one rule: with a known ending it is a file, else a folder."""

from collections.abc import Sequence

from dcgan_tf import files
from dcgan_tf.errors import ArgumentError


def is_folder(out: str, suffixes: Sequence[str], argument: str = "out") -> bool:
    """Whether a name is that of a folder.

    Args:
        out: as the user wrote it.
        suffixes: of files that can be written (".png", ".npz").
        argument: what the user calls it.

    Raises:
        ArgumentError: it has an ending that is not known, or a folder is wanted where a file is.
    """
    path = files.expanded(out)
    if path.is_dir():
        return True
    folder = out.endswith("/") or not path.suffix
    known = " or ".join(f"{'an' if suffix == '.npz' else 'a'} {suffix}" for suffix in suffixes)
    if not folder and path.suffix.lower() not in suffixes:
        raise ArgumentError(argument, out, f"write {known}, or a folder's name ending in /")
    if folder and path.exists():
        raise ArgumentError(argument, out, f"this is a file; name a folder, or {known}")
    return folder
