"""The sources of images, one file for each kind, and which of them a data set's name, path or array means.

A new kind is a class with the methods of `data.source.Source` in a file of its own here, which `open_source` returns.
"""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf import files
from dcgan_tf.config import DataConfig
from dcgan_tf.data.source_protocol import Source
from dcgan_tf.data.sources.array import ArrayImages
from dcgan_tf.data.sources.digits import Digits
from dcgan_tf.data.sources.image_folder import FolderImages
from dcgan_tf.data.sources.layout import WHOLE, NoSplits
from dcgan_tf.data.sources.npz import NpzImages
from dcgan_tf.data.sources.zip_file import ZipImages
from dcgan_tf.errors import ArgumentError, MissingPathError

ARRAY = "array"  # the `dataset` of a run on images in memory
FILE_ENDINGS = (".zip", ".npz")
ELSEWHERE = ("ffhq", "afhq", "afhqv2", "metfaces", "animefaces", "anime", "pokemon", "danbooru", "wikiart", "churches")
"""Data sets that people ask for and TensorFlow Datasets lacks."""


def open_source(data: DataConfig | str | os.PathLike | ArrayImages | np.ndarray | tuple) -> Source:
    """The source that a name or path means, or the one of images in memory.

    "digits" is built in. What looks like a path (it has a separator, starts with "." or "~", or ends in .zip or .npz)
    is a folder or file; where there is none, lsun/bedroom is looked up in TensorFlow Datasets. A bare word is the name
    of a TensorFlow Datasets data set, and a folder only when no data set has that name.

    Args:
        data: a name or path, a configuration that has one, an array of images, a tuple (images, labels), or an
            `ArrayImages`.

    Raises:
        ArgumentError: there is no such data set or path, with similar names, or it holds no usable images.
    """
    if isinstance(data, (str, os.PathLike)):
        data = DataConfig(dataset=os.fspath(data))
    if isinstance(data, DataConfig):
        return _named(data)
    if isinstance(data, ArrayImages):
        return data
    if isinstance(data, tuple) and len(data) == 2:
        return ArrayImages(*data)
    if hasattr(data, "__array__"):
        return ArrayImages(data)
    remedy = "give a name, a path, an array of images, or a tuple (images, labels)"
    raise ArgumentError("dataset", type(data).__name__, remedy)


def open_split_or_whole(data: DataConfig, fault: type[ArgumentError] = NoSplits) -> tuple[Source, str]:
    """A split of a data set, or all of one that is not divided into splits; and the split that it is.

    Args:
        data: what to open.
        fault: what makes it all images. `ArgumentError`: also that the data set has other splits than this one.
    """
    try:
        return open_source(data), data.split
    except fault as error:
        if error.argument != "split":
            raise
        return open_source(replace(data, split=WHOLE)), WHOLE


def as_applied(data: DataConfig, manifest: Mapping[str, Any]) -> DataConfig:
    """The data settings of a recorded run, without a split that did not apply to its images.

    Args:
        data: its settings.
        manifest: `ImageStore.manifest`, as the run's config.json keeps it. Earlier versions ignored the split of a
            folder.
    """
    return data if "split" in manifest.get("identity", ()) else replace(data, split=WHOLE)


def located(data: DataConfig, source: Source) -> DataConfig:
    """The same with absolute paths, so that a run can be continued from another working directory."""
    folders = {"data_dir": data.data_dir, "cache_dir": data.cache_dir}
    changes = {name: str(files.expanded(value).absolute()) for name, value in folders.items() if value}
    if source.path:
        changes["dataset"] = str(source.path.absolute())
    elif isinstance(source, ArrayImages):
        changes["dataset"] = ARRAY
    return replace(data, **changes)


def _named(data: DataConfig) -> Source:
    value = data.dataset
    if value == "digits":
        return _whole(Digits(), data)
    if not value.strip():
        raise ArgumentError("dataset", repr(value), "give a name or a path")
    if "://" in value:
        raise ArgumentError("dataset", value, "this is an address; download it first, and give the path")
    path = files.expanded(value)
    if _looks_like_path(value) and path.exists():
        return _at_path(path, data)
    if _looks_like_path(value) and not _may_be_configuration(value):
        raise MissingPathError("dataset", value, "there is no such folder or file")
    if value == ARRAY and not path.exists():
        raise ArgumentError("dataset", value, "the images were an array in memory: pass the same array again")
    from dcgan_tf.data.sources import tfds  # slow to import

    try:
        return tfds.TfdsImages(value, data.split, data.data_dir)
    except tfds.UnknownDataset:
        if path.exists():
            return _at_path(path, data)
    raise ArgumentError("dataset", value, _suggestion(value, tfds.all_names()))


def _looks_like_path(value: str) -> bool:
    return "/" in value or value.startswith((".", "~")) or value.lower().endswith(FILE_ENDINGS)


def _may_be_configuration(value: str) -> bool:
    """Whether the text may be name/config of TensorFlow Datasets: one slash, in the middle."""
    return value.count("/") == 1 and value[0] not in "./~" and value[-1] != "/" and not value.endswith(FILE_ENDINGS)


def _at_path(path: Path, data: DataConfig) -> Source:
    if path.is_dir():
        return FolderImages(path, data.cache_dir, data.split)
    if path.suffix.lower() == ".npz":
        return _whole(NpzImages(path), data)
    if path.suffix.lower() == ".zip":
        return ZipImages(path, data.cache_dir, data.split)
    remedy = "a file must be a .zip of images or an .npz; or give a folder of images"
    raise ArgumentError("dataset", data.dataset, remedy)


def _whole(source: Source, data: DataConfig) -> Source:
    """A source that is not divided into splits."""
    if data.split != WHOLE:
        remedy = f"{source.name} is not divided into splits; leave it out, or give other data"
        raise NoSplits("split", data.split, remedy)
    return source


def _suggestion(value: str, names: list[str]) -> str:
    if "/" in value and value.split("/")[0] not in names:
        return "there is no such folder, and no such data set in TensorFlow Datasets"
    if close := _similar(value, [*names, "digits"]):
        hint = f"did you mean {', '.join(close)}?"
    elif _letters(value) in ELSEWHERE:
        hint = "download the images, and give the folder or the .zip"
    else:
        hint = "see https://www.tensorflow.org/datasets/catalog"
    return f"neither a folder, a .zip or an .npz, nor a name in TensorFlow Datasets; {hint}"


def _similar(value: str, names: list[str]) -> list[str]:
    """Names that contain the value or are a part of it, and those nearly written like it; at most five."""
    wanted = _letters(value)
    containing = [name for name in names if len(wanted) > 2 and wanted in _letters(name)]
    containing += [name for name in names if len(name) > 3 and _letters(name) in wanted]
    return list(dict.fromkeys([*sorted(containing, key=len), *difflib.get_close_matches(value, names, cutoff=0.7)]))[:5]


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
