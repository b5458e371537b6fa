"""An exported file as a generator of images by seed, for programs that have TensorFlow at hand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from dcgan_tf import console, models, pixels, seeds
from dcgan_tf.errors import SettingError, UserError
from dcgan_tf.export import keras_file, onnx_file, saved_model, tflite
from dcgan_tf.export.description import Description
from dcgan_tf.generation import blocks

Call = Callable[..., np.ndarray]
"""z float32 [n, latent_dim], and where there are classes label int32 [n], by keyword; to float32 images."""


class ExportedGenerator:
    """Images by seed from a SavedModel, .keras, .tflite or .onnx file; the interface of `InferenceGenerator`.

    Args:
        path: the file; a SavedModel's version folder, or the folder of its versions, of which the highest is taken.

    Attributes:
        description: what the file says about itself.
        image_shape: (height, width, channels).

    Raises:
        SettingError: when there is no such file, or it is none of ours.
        UserError: when its format cannot be read here.
    """

    def __init__(self, path: Path):
        self.path = _version(path)
        describe, load = _handlers(self.path)
        try:
            self.description = Description.from_dict(describe(self.path))
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise SettingError("model", path, f"not a file that export.py has written ({error})") from error
        self.image_shape = (self.description.height, self.description.width, self.description.channels)
        self._call = load(self.path)

    @property
    def conditional(self) -> bool:
        """Whether images have a class."""
        return bool(self.description.class_names)

    def labels(self, image_seeds: tf.Tensor, label: int | None = None) -> tf.Tensor:
        """See `InferenceGenerator.labels`."""
        own = seeds.labels_of_images(image_seeds, max(1, len(self.description.class_names)))
        return own if label is None else tf.fill(tf.shape(own), label)

    def blocks(self, first: int, count: int, label: int | None = None) -> Iterator[np.ndarray]:
        """See `InferenceGenerator.blocks`."""
        return blocks(lambda image_seeds: self._images(image_seeds, label), first, count)

    def _images(self, image_seeds: tf.Tensor, label: int | None) -> np.ndarray:
        z = seeds.latents_of_images(image_seeds, self.description.latent_dim, self.description.latent_law)
        inputs = {"z": z.numpy()}
        if self.conditional:
            inputs["label"] = self.labels(image_seeds, label).numpy()
        return pixels.to_pixels(self._call(**inputs)).numpy()


def _version(path: Path) -> Path:
    if not path.exists():
        raise SettingError("model", path, "there is no such file")
    versions = [entry for entry in path.iterdir() if entry.name.isdecimal()] if path.is_dir() else []
    if versions and not (path / "saved_model.pb").exists():
        return max(versions, key=lambda entry: int(entry.name))
    return path


def _handlers(path: Path) -> tuple[Callable[[Path], dict], Callable[[Path], Call]]:
    """How to read the description and the generator itself."""
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise SettingError("model", path, "this folder holds no SavedModel; for a run use --run")
        return saved_model.describe, _saved_model
    handlers = {
        ".keras": (keras_file.describe, _keras),
        ".tflite": (tflite.describe, _tflite),
        ".onnx": (onnx_file.describe, _onnx),
    }
    if path.suffix not in handlers:
        raise SettingError("model", path, "name a SavedModel folder, or a .keras, .tflite or .onnx file")
    return handlers[path.suffix]


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
    with console.quiet_stderr():  # it announces itself
        runner = Interpreter(model_path=str(path)).get_signature_runner()

    def call(**inputs: np.ndarray) -> np.ndarray:
        rows = ({name: value[row : row + 1] for name, value in inputs.items()} for row in range(len(inputs["z"])))
        return np.concatenate([runner(**one)["images"] for one in rows])

    return call


def _onnx(path: Path) -> Call:
    if not onnx_file.available():
        raise UserError(f"--model={path}: reading it takes pip install {' '.join(onnx_file.PACKAGES)}")
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda **inputs: session.run(["images"], inputs)[0]
