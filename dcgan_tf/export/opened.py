"""An exported file as a generator of images by seed, for programs that have TensorFlow at hand."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.export import keras_file, onnx_file, saved_model, tflite
from dcgan_tf.export.description import Description
from dcgan_tf.models import latent, pixels
from dcgan_tf.models.generator import blocks
from dcgan_tf.quiet import quiet_stderr

Call = Callable[..., np.ndarray]
"""z float32 [n, latent_dim], and where there are classes label int32 [n], by keyword; to float32 images."""


class ExportedGenerator:
    """Images by seed from a SavedModel, .keras, .tflite or .onnx file; the interface of `Generator`.

    Args:
        path: the file, a SavedModel's folder, or a folder of versions, of which the highest is taken.

    Attributes:
        description: what the file says about itself.
        image_shape: (height, width, channels).

    Raises:
        ArgumentError: when there is no such file, or it is damaged or none of ours.
        UserError: when its format cannot be read here.
    """

    def __init__(self, path: Path):
        self.path = _file(path)
        describe, load = _handlers(self.path)
        try:
            self.description = Description.from_dict(describe(self.path))
            self._call = load(self.path)
            self._images(tf.zeros([1], tf.int64), None)
        except UserError:
            raise
        except Exception as error:  # a damaged file fails in every way there is
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise ArgumentError(
                "model", path, f"damaged, or not a file that export.py has written ({reason})"
            ) from error
        self.image_shape = (self.description.height, self.description.width, self.description.channels)

    @property
    def conditional(self) -> bool:
        """Whether images have a class."""
        return bool(self.description.class_names)

    def labels(self, image_seeds: tf.Tensor, label: int | None = None) -> tf.Tensor:
        """See `Generator.labels`."""
        own = latent.labels_of_seeds(image_seeds, max(1, len(self.description.class_names)))
        return own if label is None else tf.fill(tf.shape(own), label)

    def blocks(self, seeds: Iterable[int], label: int | str | None = None) -> Iterator[np.ndarray]:
        """See `Generator.blocks`."""
        return blocks(lambda image_seeds: self._images(image_seeds, label), seeds)

    def _images(self, image_seeds: tf.Tensor, label: int | None) -> np.ndarray:
        z = latent.of_seeds(image_seeds, self.description.latent_dim, self.description.latent_law)
        inputs = {"z": z.numpy()}
        if self.conditional:
            inputs["label"] = self.labels(image_seeds, label).numpy()
        images = np.asarray(self._call(**inputs))
        if not np.isfinite(images).all():
            raise UserError(f"{self.path}: this generator's images are not finite; the file is damaged")
        return pixels.to_pixels(images).numpy()


def _file(path: Path) -> Path:
    """The file itself; in a folder of versions, that of the highest one."""
    if not path.exists():
        raise ArgumentError("model", path, "there is no such file")
    while path.is_dir() and not (path / "saved_model.pb").is_file():
        path = _entry(path)
    return path


def _entry(folder: Path) -> Path:
    """What a folder of an export leads to."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    if versions := [entry for entry in entries if entry.is_dir() and re.fullmatch("[1-9][0-9]*", entry.name)]:
        return max(versions, key=lambda entry: int(entry.name))
    models = [entry for entry in entries if entry.suffix.lower() in _HANDLERS]
    if len(models) == 1:
        return models[0]
    found = ", ".join(sorted(str(each.relative_to(folder)) for each in _models_below(folder)))
    remedy = f"name one of {found}" if found else "this folder holds no exported model; for a run use --run"
    raise ArgumentError("model", folder, remedy)


def _models_below(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.suffix.lower() in _HANDLERS or path.name == "saved_model.pb"]
    return [path.parent if path.name == "saved_model.pb" else path for path in files][:20]


def _handlers(path: Path) -> tuple[Callable[[Path], dict], Callable[[Path], Call]]:
    """How to read the description and the generator itself."""
    if path.is_dir():
        return saved_model.describe, _saved_model
    if path.suffix.lower() not in _HANDLERS:
        raise ArgumentError("model", path, "name a SavedModel folder, or a .keras, .tflite or .onnx file")
    return _HANDLERS[path.suffix.lower()]


def _saved_model(path: Path) -> Call:
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    return lambda **inputs: signature(**{name: tf.constant(value) for name, value in inputs.items()})["images"]


def _keras(path: Path) -> Call:
    import keras

    model = keras.saving.load_model(path)
    return lambda z, label=None: model(models.inputs(z, label), training=False)


def _tflite(path: Path) -> Call:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        Interpreter = tf.lite.Interpreter
    with quiet_stderr():  # it announces itself
        runner = Interpreter(model_path=str(path)).get_signature_runner()

    def call(**inputs: np.ndarray) -> np.ndarray:
        rows = ({name: value[row : row + 1] for name, value in inputs.items()} for row in range(len(inputs["z"])))
        return np.concatenate([runner(**one)["images"] for one in rows])

    return call


def _onnx(path: Path) -> Call:
    session = onnx_file.session(path)
    return lambda **inputs: session.run(["images"], inputs)[0]


_HANDLERS = {
    ".keras": (keras_file.describe, _keras),
    ".tflite": (tflite.describe, _tflite),
    ".onnx": (onnx_file.describe, _onnx),
}
