"""TensorFlow Datasets: any data set with an image feature, by name."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from absl import logging

from dcgan_tf import files
from dcgan_tf.data import download
from dcgan_tf.data.source import Item, SourceInfo, UnusableImage
from dcgan_tf.errors import ArgumentError

NAME = re.compile(r"\w+(/[\w.+\-]+)?(:[\d.*]+)?")
BATCH = 64


class UnknownDataset(Exception):
    """TensorFlow Datasets has no data set of that name."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
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
        dataset: its name, with configuration and version where wanted ("mnist", "lsun/bedroom", "mnist:3.0.1").
        split: in TFDS's notation.
        data_dir: where prepared data is; "" takes TFDS's own default.

    Raises:
        UnknownDataset: no such name.
        ArgumentError: no such configuration or version, or no image feature.
    """

    def __init__(self, dataset: str, split: str, data_dir: str):
        import tensorflow_datasets as tfds

        if not NAME.fullmatch(dataset):
            raise UnknownDataset(dataset)
        self._dataset, self._split = dataset, split
        folder = str(files.expanded(data_dir)) if data_dir else None
        with quiet():
            try:
                self._builder = tfds.builder(dataset, data_dir=folder)
            except tfds.core.DatasetNotFoundError as fault:
                raise UnknownDataset(dataset) from fault
            except (ValueError, AssertionError, KeyError, TypeError) as fault:
                raise ArgumentError("dataset", dataset, _configurations(dataset, fault)) from fault
        self.path = None
        self.name = re.sub(r"[^\w.-]+", "_", dataset)
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
        """Name, version, split and number of examples; downloads when there is no prepared data."""
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
                label = None if labels is None else int(labels[index])
                unlabelled = label is not None and label < 0  # -1 marks the hidden labels of some test splits
                yield Item(str(number), None if unlabelled else label, lambda image=image: _bytes(image), image.nbytes)
                number += 1

    def _blocks(self) -> Iterator[tuple[Any, np.ndarray | None]]:
        """Batches where all images have one size, which costs far less per image; else one image at a time."""
        import tensorflow as tf
        import tensorflow_datasets as tfds

        keys = [key for key in (self._image_key, self._label_key) if key]
        with quiet(), tf.device("CPU"):
            dataset = self._builder.as_dataset(
                split=self._split,
                decoders=tfds.decode.PartialDecoding(dict.fromkeys(keys, True)),
                read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
            )
            batch = BATCH if None not in self._features[self._image_key].shape else 1
            for block in tfds.as_numpy(dataset.batch(batch).prefetch(2)):
                yield block[self._image_key], block[self._label_key] if self._label_key else None

    @property
    def _features(self) -> Any:
        return self._builder.info.features

    def _find_image(self) -> str:
        import tensorflow_datasets as tfds

        features = dict(self._features.items()) if isinstance(self._features, tfds.features.FeaturesDict) else {}
        keys = [key for key, feature in features.items() if type(feature) is tfds.features.Image]
        keys = keys or [key for key, feature in features.items() if isinstance(feature, tfds.features.Image)]
        if not keys:
            known = ", ".join(features) or type(self._features).__name__
            raise ArgumentError("dataset", self._dataset, f"it has no image feature; its features are {known}")
        return "image" if "image" in keys else keys[0]

    def _find_label(self) -> str | None:
        import tensorflow_datasets as tfds

        keys = [key for key, feature in self._features.items() if isinstance(feature, tfds.features.ClassLabel)]
        if "label" in keys:
            return "label"
        return keys[0] if len(keys) == 1 else None

    def _prepared(self) -> bool:
        return bool(self._builder.info.splits)

    def _prepare(self) -> None:
        if not self._prepared():
            with quiet():
                download.download(self._builder, self._dataset)
        if self._count() < 1:
            raise ArgumentError("split", self._split, f"it has no examples; {self._split_names()}")

    def _count(self) -> int:
        try:
            with quiet():
                return int(self._builder.info.splits[self._split].num_examples)
        except (ValueError, KeyError, AssertionError, IndexError) as fault:
            raise ArgumentError(
                "split", self._split, f"{self._dataset} has no such split; {self._split_names()}"
            ) from fault

    def _split_names(self) -> str:
        splits = self._builder.info.splits.items()
        return "it has " + ", ".join(f"{name} ({split.num_examples:,})" for name, split in splits)


def _bytes(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return np.rint(image / 257.0).astype(np.uint8)
    raise UnusableImage(f"pixels of type {image.dtype}; uint8 or uint16 are needed")


def _configurations(dataset: str, fault: Exception) -> str:
    """One line for a configuration or version that is not there."""
    import tensorflow_datasets as tfds

    base = re.split("[/:]", dataset)[0]
    with contextlib.suppress(Exception):
        names = [config.name for config in tfds.builder_cls(base).BUILDER_CONFIGS]
        if names:
            more = ", ..." if len(names) > 12 else ""
            return f"{base} has no such configuration or version; it has {', '.join(names[:12])}{more}"
    return str(fault).splitlines()[0]


def all_names() -> list[str]:
    """Every name that TensorFlow Datasets knows."""
    import tensorflow_datasets as tfds

    with quiet():
        return tfds.list_builders(with_community_datasets=False)
