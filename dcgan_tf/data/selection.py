"""Which source a value of --dataset means."""

import difflib
import os
from dataclasses import replace
from pathlib import Path

from dcgan_tf import files
from dcgan_tf.config import DataConfig
from dcgan_tf.data.embedded import Digits
from dcgan_tf.data.source import Source
from dcgan_tf.errors import ArgumentError

FILE_ENDINGS = (".zip", ".npz")
PATH_REMEDY = "no such folder or file"


def open_source(data: DataConfig) -> Source:
    """The source that `data.dataset` names.

    "digits" is built in. What looks like a path (it has a separator, starts with "." or "~", or ends in .zip or .npz)
    is a folder or file, except that a name such as lsun/bedroom that is no path is looked up in TensorFlow Datasets. A
    bare word is a TensorFlow Datasets name, and a folder only when no data set has that name.

    Raises:
        ArgumentError: nothing of that name; the message lists names that are close.
    """
    value = data.dataset
    if value == "digits":
        return Digits()
    if not value.strip():
        raise ArgumentError("dataset", repr(value), "give a name or a path")
    path = files.expanded(value)
    if _looks_like_path(value) and path.exists():
        return _opened_path(path, data)
    if _looks_like_path(value) and not _may_be_configuration(value):
        raise ArgumentError("dataset", value, "there is no such folder or file")
    from dcgan_tf.data import tfds  # slow to import

    try:
        return tfds.TfdsImages(value, data.split, data.data_dir)
    except tfds.UnknownDataset:
        if path.exists():
            return _opened_path(path, data)
    raise ArgumentError("dataset", value, _suggestion(value, tfds.all_names()))


def located(data: DataConfig, source: Source) -> DataConfig:
    """The same with absolute paths, so that a run can be continued from another working directory."""
    paths = {
        name: str(files.expanded(value).absolute())
        for name, value in (("data_dir", data.data_dir), ("cache_dir", data.cache_dir))
        if value
    }
    if source.path:
        paths["dataset"] = str(source.path.absolute())
    return replace(data, **paths)


def _looks_like_path(value: str) -> bool:
    separators = [mark for mark in (os.sep, os.altsep) if mark]
    return (
        any(mark in value for mark in separators)
        or value.startswith((".", "~"))
        or value.lower().endswith(FILE_ENDINGS)
    )


def _may_be_configuration(value: str) -> bool:
    """name/config of TensorFlow Datasets: one slash, in the middle."""
    return value.count("/") == 1 and value[0] not in "./~" and value[-1] != "/" and not value.endswith(FILE_ENDINGS)


def _opened_path(path: Path, data: DataConfig) -> Source:
    if path.is_dir():
        from dcgan_tf.data.folder import FolderImages

        return FolderImages(path, data.cache_dir)
    if path.suffix.lower() == ".npz":
        from dcgan_tf.data.arrays import NpzImages

        return NpzImages(path)
    if path.suffix.lower() == ".zip":
        from dcgan_tf.data.archive import ZipImages

        return ZipImages(path, data.cache_dir)
    raise ArgumentError(
        "dataset", data.dataset, "a file must be a .zip of images or an .npz; or give a folder of images"
    )


def _suggestion(value: str, names: list[str]) -> str:
    if "/" in value and value.split("/")[0] not in names:
        return "there is no such folder, and no such data set in TensorFlow Datasets"
    close = difflib.get_close_matches(value, [*names, "digits"], n=5, cutoff=0.5)
    hint = f"did you mean {', '.join(close)}?" if close else "see https://www.tensorflow.org/datasets/catalog"
    return f"neither a folder, a .zip or an .npz, nor a name in TensorFlow Datasets; {hint}"
