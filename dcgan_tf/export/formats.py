"""What can be exported: every file, who writes it, who reads it again, and how close it must come."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dcgan_tf.errors import UserError
from dcgan_tf.export import keras_file, onnx_file, saved_model, tflite
from dcgan_tf.export.description import Description
from dcgan_tf.models.generator import Generator

Writer = Callable[[Generator, Description, Path], None]


@dataclass(frozen=True)
class Limit:
    """How far images may be from the Keras generator's before a file is refused.

    Attributes:
        largest: of the absolute differences, in units of the range [-1, 1].
        relative: root mean square of the differences over the standard deviation of the generator's own values.
    """

    largest: float
    relative: float


# One grey level is 0.0078. What rounding weights to 8 bit costs grows with the contrast of the images, so int8 is held
# mainly to the relative limit; swapped channels, a wrong range or lost weights are far beyond it. Full int8 rounds the
# latent too, and a stroke that moves by a third of a pixel changes single pixels at its edge by a third of the range.
FLOAT32, FLOAT16 = Limit(1e-5, 1e-5), Limit(8e-3, 2e-3)
INT8_WEIGHTS, INT8 = Limit(0.5, 0.04), Limit(1.0, 0.06)


TITLES = {
    "saved_model_cpp": "C++ loader, as TF Serving",
    "saved_model_cli": "saved_model_cli",
    "saved_model_v1": "TensorFlow 1 loader",
    "saved_model": "TensorFlow",
    "tflite": "LiteRT, 1 thread",
    "keras": "Keras",
    "onnx": "ONNX Runtime, 1 thread",
}
"""What a person calls the readers."""


@dataclass(frozen=True)
class Artefact:
    """One file or folder of a format.

    Attributes:
        name: what tables and errors call it.
        suffix: the file is "<generator's name><suffix>" in the version's folder; empty: the folder itself.
        write: writes it.
        readers: programs that read it again, keys of `reader.READERS`.
        limit: of every reader's images.
    """

    name: str
    suffix: str
    write: Writer
    readers: tuple[str, ...]
    limit: Limit

    def path(self, folder: Path, name: str) -> Path:
        """Where it lies in the folder of a version."""
        return folder / f"{name}{self.suffix}" if self.suffix else folder


@dataclass(frozen=True)
class Format:
    """Artefacts that share a folder, and whether the packages that it needs are there."""

    artefacts: tuple[Artefact, ...]
    available: Callable[[], bool] = lambda: True
    packages: tuple[str, ...] = ()


def _tflite(kind: str, limit: Limit) -> Artefact:
    return Artefact(f"tflite {kind}", f"-{kind}.tflite", partial(tflite.write, kind=kind), ("tflite",), limit)


_SAVED_MODEL_READERS = ("saved_model_cpp", "saved_model_cli", "saved_model_v1", "saved_model")

FORMATS = {
    "saved_model": Format((Artefact("saved_model", "", saved_model.write, _SAVED_MODEL_READERS, FLOAT32),)),
    "tflite": Format(
        (
            _tflite("float32", FLOAT32),
            _tflite("float16", FLOAT16),
            _tflite("int8_dynamic", INT8_WEIGHTS),
            _tflite("int8", INT8),
        )
    ),
    "keras": Format((Artefact("keras", ".keras", keras_file.write, ("keras",), FLOAT32),)),
    "onnx": Format(
        (Artefact("onnx", ".onnx", onnx_file.write, ("onnx",), FLOAT32),), onnx_file.available, onnx_file.PACKAGES
    ),
}


def require_available(names: list[str]) -> None:
    """Looks whether the packages for some formats are installed.

    Raises:
        UserError: when they are not.
    """
    for name in names:
        entry = FORMATS[name]
        if not entry.available():
            raise UserError(f"--formats={name}: writing it takes pip install {' '.join(entry.packages)}")
