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
from dcgan_tf.data.source import Item, SourceInfo, UnusableImage
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


class TfdsImages:
    """A data set of TensorFlow Datasets.

    Args:
        dataset: its name, optionally with configuration and version ("mnist", "lsun/bedroom", "mnist:3.0.1").
        split: in TFDS's notation.
        data_dir: where prepared data is; "" takes TFDS's own default.

    Raises:
        UnknownDataset: no such name.
        ArgumentError: no such configuration or version, or no image feature.
    """

    path = None

    def __init__(self, dataset: str, split: str, data_dir: str):
        if not NAME.fullmatch(dataset):
            raise UnknownDataset(dataset)
        self.name = re.sub(r"[^\w.-]+", "_", dataset)
        self._dataset, self._split = dataset, split
        with _quiet():
            try:
                self._builder = tfds.builder(dataset, data_dir=str(files.expanded(data_dir)) if data_dir else None)
            except tfds.core.DatasetNotFoundError as fault:
                raise UnknownDataset(dataset) from fault
            except (ValueError, AssertionError, KeyError, TypeError) as fault:
                raise ArgumentError("dataset", dataset, _configurations(dataset, fault)) from fault
        self._features = self._builder.info.features
        self._image_key = self._find_image()
        self._label_key = self._find_label()

    def info(self) -> SourceInfo:
        """From the features and, once prepared, the number of examples. Downloads nothing."""
        shape = self._features[self._image_key].shape
        size = shape[:2] if None not in shape[:2] else None
        names = tuple(self._features[self._label_key].names) if self._label_key else ()
        channels = shape[-1] if shape[-1] in (1, 3, 4) else 3
        return SourceInfo(self._count() if self._prepared() else None, size, channels, names)

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

    def _find_image(self) -> str:
        features = dict(self._features.items()) if isinstance(self._features, tfds.features.FeaturesDict) else {}
        keys = [key for key, feature in features.items() if type(feature) is tfds.features.Image]
        keys = keys or [key for key, feature in features.items() if isinstance(feature, tfds.features.Image)]
        if not keys:
            known = ", ".join(features) or type(self._features).__name__
            raise ArgumentError("dataset", self._dataset, f"it has no image feature; its features are {known}")
        return "image" if "image" in keys else keys[0]

    def _find_label(self) -> str | None:
        keys = [key for key, feature in self._features.items() if isinstance(feature, tfds.features.ClassLabel)]
        if "label" in keys:
            return "label"
        return keys[0] if len(keys) == 1 else None

    def _prepared(self) -> bool:
        return bool(self._builder.info.splits)

    def _prepare(self) -> None:
        if not self._prepared():
            with _quiet():
                _download(self._builder, self._dataset)
        if self._count() < 1:
            raise ArgumentError("split", self._split, f"it has no examples; {self._split_names()}")

    def _count(self) -> int:
        try:
            with _quiet():
                return int(self._builder.info.splits[self._split].num_examples)
        except (ValueError, KeyError, AssertionError, IndexError) as fault:
            names = self._split_names()
            raise ArgumentError("split", self._split, f"{self._dataset} has no such split; {names}") from fault

    def _split_names(self) -> str:
        splits = self._builder.info.splits.items()
        return "it has " + ", ".join(f"{name} ({split.num_examples:,})" for name, split in splits)


def all_names() -> list[str]:
    """Every name that TensorFlow Datasets knows."""
    with _quiet():
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
        names = [config.name for config in tfds.builder_cls(base).BUILDER_CONFIGS]
        if names:
            more = ", ..." if len(names) > CONFIGURATIONS_SHOWN else ""
            shown = ", ".join(names[:CONFIGURATIONS_SHOWN])
            return f"{base} has no such configuration or version; it has {shown}{more}"
    return str(fault).splitlines()[0]


def _download(builder: tfds.core.DatasetBuilder, dataset: str) -> None:
    """Downloads and prepares a data set, with TFDS's own progress.

    Raises:
        UserError: no network, or the download failed; the message says what to do instead.
    """
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
            reason = " ".join(f"{type(fault).__name__}: {str(fault).strip()}".splitlines()[:1])[:REASON_LIMIT]
            raise UserError(
                f"`dataset={dataset}`: TensorFlow Datasets could not prepare it ({reason}); get the images another "
                "way and use a folder or .zip of them"
            ) from fault


@contextlib.contextmanager
def _removing_debris(data_dir: Path) -> Iterator[None]:
    """When the block fails, removes the partial downloads and empty folders that it made. Whole downloads stay."""

    def folders() -> set[Path]:
        return {path for path in (*data_dir.glob("**"), data_dir, *data_dir.parents) if path.is_dir()}

    before = folders()
    try:
        yield
    except BaseException:
        for path in sorted(folders() - before, key=lambda path: len(path.parts), reverse=True):
            if ".tmp." in path.name:
                shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):
                path.rmdir()
        raise
