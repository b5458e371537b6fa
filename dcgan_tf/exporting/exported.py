"""An exported file as a generator of images by seed."""

import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from dcgan_tf import files
from dcgan_tf.errors import ArgumentError, MissingPathError, UserError
from dcgan_tf.exporting import keras_file, onnx_file, reader, saved_model, tflite
from dcgan_tf.exporting.description import Description
from dcgan_tf.models import generator, latent, pixels
from dcgan_tf.quiet import quiet_stderr


class ExportedGenerator:
    """Makes the images of seeds from an exported file, with the methods of `models.Generator`.

    Args:
        path: a .keras, .tflite or .onnx file, a SavedModel's folder, or a folder of versions (the highest is taken).

    Attributes:
        path: the file or folder that was read.
        description: what the file says about itself.

    Raises:
        ArgumentError: there is no such file, or it is damaged or not an exported generator.
        UserError: the package that reads its format is not installed.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = _file(files.expanded(path))
        describe, open_call = _handlers(self.path)
        try:
            self.description = Description.from_dict(describe(self.path))
            with quiet_stderr():  # runtimes announce themselves
                self._call = open_call(str(self.path))
            self.images([0])
        except UserError:
            raise
        except ModuleNotFoundError as error:
            raise UserError(f"{self.path}: reading it takes pip install {error.name}") from None
        except Exception as error:  # a damaged file can fail in any way
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise ArgumentError("model", path, f"damaged, or not an exported generator ({reason})") from error

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.description.height, self.description.width, self.description.channels

    @property
    def class_names(self) -> tuple[str, ...]:
        """By class number; empty where the generator is not conditional."""
        return self.description.class_names

    @property
    def conditional(self) -> bool:
        """Whether images have a class."""
        return bool(self.class_names)

    def labels(self, image_seeds: tf.Tensor, label: int | str | None = None) -> tf.Tensor:
        """The classes of images: int64 [n] to int32 [n]; see `Generator.labels`."""
        own = latent.labels_of_seeds(image_seeds, max(1, len(self.class_names)))
        return own if label is None else tf.fill(tf.shape(own), generator.class_number(label, self.class_names))

    def blocks(self, seeds: Iterable[int], label: int | str | None = None) -> Iterator[np.ndarray]:
        """Images of some seeds, a part at a time: uint8 [up to 64, height, width, channels]; see `Generator.blocks`."""
        return generator.blocks(lambda block: self._images(block, label), seeds)

    def images(self, seeds: Sequence[int] = range(generator.BLOCK), label: int | str | None = None) -> np.ndarray:
        """Images of some seeds: uint8 [n, height, width, channels]; see `Generator.images`.

        Raises:
            ArgumentError: no seeds, a seed outside 0 to 2^62, or no such class.
            UserError: the file gives numbers that are not finite.
        """
        return generator.together(self, seeds, label)

    def _images(self, image_seeds: tf.Tensor, label: int | str | None) -> np.ndarray:
        inputs = {
            "z": latent.of_seeds(image_seeds, self.description.latent_dim, self.description.latent_distribution).numpy()
        }
        labels = self.labels(image_seeds, label)
        if self.conditional:
            inputs["label"] = labels.numpy()
        images = np.asarray(self._call(**inputs))
        if not np.isfinite(images).all():
            raise UserError(f"{self.path}: this generator's images are not finite; the file is damaged")
        return pixels.to_pixels(images).numpy()


def load(path: str | os.PathLike) -> ExportedGenerator:
    """Opens an exported generator; see `ExportedGenerator`."""
    return ExportedGenerator(path)


def _file(path: Path) -> Path:
    """The file itself; from a folder of versions, the highest one."""
    if not path.exists():
        raise MissingPathError("model", path, "there is no such file")
    while path.is_dir() and not (path / "saved_model.pb").is_file():
        path = _entry(path)
    return path


def _entry(folder: Path) -> Path:
    """The version or the file to take from a folder of an export."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    if versions := [entry for entry in entries if entry.is_dir() and re.fullmatch("[1-9][0-9]*", entry.name)]:
        return max(versions, key=lambda entry: int(entry.name))
    models = [entry for entry in entries if entry.suffix.lower() in _HANDLERS]
    if len(models) == 1:
        return models[0]
    below = [path for path in folder.rglob("*") if path.suffix.lower() in _HANDLERS or path.name == "saved_model.pb"]
    places = [path.parent if path.name == "saved_model.pb" else path for path in below][:20]
    names = ", ".join(sorted(str(each.relative_to(folder)) for each in places))
    raise ArgumentError(
        "model", folder, f"name one of {names}" if names else "this folder holds no exported model; for a run use `run`"
    )


def _handlers(path: Path) -> tuple[Callable[[Path], dict], Callable[[str], reader.Call]]:
    """The functions that read the description and the generator itself."""
    if path.is_dir():
        return saved_model.describe, _saved_model
    if path.suffix.lower() not in _HANDLERS:
        raise ArgumentError("model", path, "name a SavedModel folder, or a .keras, .tflite or .onnx file")
    return _HANDLERS[path.suffix.lower()]


def _saved_model(path: str) -> reader.Call:
    return functools.partial(reader.open_saved_model(path), "serving_default", "images")


_HANDLERS = {
    ".keras": (keras_file.describe, lambda path: reader.open_keras(path)[0]),
    ".tflite": (tflite.describe, lambda path: reader.open_tflite(path)[0]),
    ".onnx": (onnx_file.describe, lambda path: reader.open_onnx(path)[0]),
}
