"""TensorFlow Datasets: any data set with an image feature, by name."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from absl import logging

from dcgan_tf import files
from dcgan_tf.data.download import unreachable
from dcgan_tf.data.source_protocol import Item, Source, SourceInfo, UnusableImage
from dcgan_tf.errors import ArgumentError, UserError

NAME = re.compile(r"\w+(/[\w.+\-]+)?(:[\d.*]+)?")
STORAGE = "https://storage.googleapis.com/"  # where TensorFlow Datasets keeps its own files
BATCH = 64
CONFIGURATIONS_SHOWN, REASON_LIMIT = 12, 250


class UnknownDataset(Exception):
    """TensorFlow Datasets has no data set of that name."""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the warnings of TensorFlow Datasets off the screen; what matters is raised."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


class TfdsImages(Source):
    """A data set of TensorFlow Datasets.

    Args:
        dataset: its name, optionally with configuration and version ("mnist", "lsun/bedroom", "mnist:3.0.1").
        split, data_dir: see `DataConfig`.

    Raises:
        UnknownDataset: no such name.
        ArgumentError: no such configuration or version, or no image feature.
    """

    path = None

    @_quiet()
    def __init__(self, dataset: str, split: str, data_dir: str):
        if not NAME.fullmatch(dataset):
            raise UnknownDataset(dataset)
        self.name = re.sub(r"[^\w.-]+", "_", dataset)
        self._dataset, self._split = dataset, split
        try:
            self._builder = tfds.builder(dataset, data_dir=str(files.expanded(data_dir)) if data_dir else None)
        except tfds.core.DatasetNotFoundError as fault:
            raise UnknownDataset(dataset) from fault
        except (ValueError, AssertionError, KeyError, TypeError) as fault:
            raise ArgumentError("dataset", dataset, _configurations(dataset, fault)) from fault
        features = self._builder.info.features
        self._features = dict(features.items()) if isinstance(features, tfds.features.FeaturesDict) else {}
        images = self._keys(tfds.features.Image)
        if not images:
            known = ", ".join(self._features) or type(features).__name__
            raise ArgumentError("dataset", dataset, f"it has no image feature; its features are {known}")
        images = [key for key in images if type(self._features[key]) is tfds.features.Image] or images  # no label maps
        self._image_key = "image" if "image" in images else images[0]
        labels = self._keys(tfds.features.ClassLabel)
        self._label_key = "label" if "label" in labels else labels[0] if len(labels) == 1 else None

    def _keys(self, kind: type) -> list[str]:
        return [key for key, feature in self._features.items() if isinstance(feature, kind)]

    def info(self) -> SourceInfo:
        """From the features and, once prepared, the number of examples. Downloads nothing."""
        height, width, channels = self._features[self._image_key].shape
        size = (height, width) if height and width else None
        names = tuple(self._features[self._label_key].names) if self._label_key else ()
        count = self._count() if self._builder.info.splits else None
        return SourceInfo(count, size, channels if channels in (1, 3, 4) else 3, names)

    def identity(self) -> dict[str, Any]:
        """Name, version, split and number of examples. Downloads the data set when it is not prepared."""
        self._prepare()
        return {
            "kind": "tfds",
            "name": self._builder.info.full_name.rpartition("/")[0],
            "version": str(self._builder.version),
            "split": self._split,
            "examples": self._count(),
        }

    def items(self) -> Iterator[Item]:
        """The examples in TFDS's own order, uint8 [height, width, channels] each."""
        self._prepare()
        number = 0
        for images, labels in self._blocks():
            for index, image in enumerate(images):
                # -1 marks the hidden labels of some test splits
                label = None if labels is None or labels[index] < 0 else int(labels[index])
                yield Item(str(number), label, lambda image=image: _as_bytes(image), image.nbytes)
                number += 1

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Images and labels, one by one, or in batches (far faster) when all images have one size."""
        import tensorflow as tf

        keys = [key for key in (self._image_key, self._label_key) if key]
        with _quiet(), tf.device("CPU"):
            dataset = self._builder.as_dataset(
                split=self._split,
                decoders=tfds.decode.PartialDecoding(dict.fromkeys(keys, True)),
                read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
            )
            batch = BATCH if None not in self._features[self._image_key].shape else 1
            for block in tfds.as_numpy(dataset.batch(batch).prefetch(2)):
                yield block[self._image_key], block[self._label_key] if self._label_key else None

    @_quiet()
    def _prepare(self) -> None:
        if not self._builder.info.splits:
            _download(self._builder, self._dataset)
        if self._count() < 1:
            raise ArgumentError("split", self._split, f"it has no examples; {self._split_names()}")

    @_quiet()
    def _count(self) -> int:
        try:
            return int(self._builder.info.splits[self._split].num_examples)
        except (ValueError, KeyError, AssertionError, IndexError) as fault:
            names = self._split_names()
            raise ArgumentError("split", self._split, f"{self._dataset} has no such split; {names}") from fault

    def _split_names(self) -> str:
        splits = self._builder.info.splits.items()
        return "it has " + ", ".join(f"{name} ({split.num_examples:,})" for name, split in splits)


@_quiet()
def all_names() -> list[str]:
    """Every name that TensorFlow Datasets knows."""
    return tfds.list_builders(with_community_datasets=False)


def _as_bytes(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return np.rint(image / 257.0).astype(np.uint8)
    raise UnusableImage(f"pixels of type {image.dtype}; uint8 or uint16 are needed")


def _configurations(dataset: str, fault: Exception) -> str:
    """One line for a configuration or version that does not exist."""
    base = re.split("[/:]", dataset)[0]
    with contextlib.suppress(Exception):
        if names := [config.name for config in tfds.builder_cls(base).BUILDER_CONFIGS]:
            shown = ", ".join(names[:CONFIGURATIONS_SHOWN]) + (", ..." if names[CONFIGURATIONS_SHOWN:] else "")
            return f"{base} has no such configuration or version; it has {shown}"
    return str(fault).splitlines()[0]


def _download(builder: tfds.core.DatasetBuilder, dataset: str) -> None:
    """Downloads and prepares a data set, with TFDS's own progress; errors say what to do instead."""
    data_dir = Path(builder.data_dir).parents[len(Path(builder.info.full_name).parts) - 1]
    instructions, manual = builder.MANUAL_DOWNLOAD_INSTRUCTIONS, data_dir / "downloads" / "manual"
    if instructions and not (manual.is_dir() and any(manual.iterdir())):
        line = " ".join(instructions.split())[:200]
        raise UserError(f"`dataset={dataset}`: its files must be put into {manual} by hand: {line}")
    problem = unreachable(next(iter(builder.url_infos or ()), STORAGE))
    if problem:
        raise UserError(
            f"`dataset={dataset}`: no prepared data in {data_dir} and no network ({problem}); prepare it on a machine "
            f"with a network (python -c \"import tensorflow_datasets as t; t.load('{dataset}')\"), copy the folder "
            "here and set `data_dir` or TFDS_DATA_DIR to it, or use a folder or .zip of images"
        )
    with _removing_debris(data_dir):
        try:
            builder.download_and_prepare()
        except Exception as fault:
            reason = f"{type(fault).__name__}: {str(fault).strip()}".splitlines()[0][:REASON_LIMIT]
            raise UserError(
                f"`dataset={dataset}`: TensorFlow Datasets could not prepare it ({reason}); get the images another "
                "way and use a folder or .zip of them"
            ) from fault


@contextlib.contextmanager
def _removing_debris(data_dir: Path) -> Iterator[None]:
    """When the block fails, removes the partial downloads and empty folders that it made. Whole downloads stay."""
    before = {*data_dir.glob("**/"), *filter(Path.exists, data_dir.parents)}
    try:
        yield
    except BaseException:
        made = {*data_dir.glob("**/"), *data_dir.parents} - before
        for path in sorted(made, key=lambda path: len(path.parts), reverse=True):
            if ".tmp." in path.name:
                shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):
                path.rmdir()
        raise
