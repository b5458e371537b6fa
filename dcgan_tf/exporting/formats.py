"""The export formats: their files, who writes and who reads each, and how close its images must be.

No module of a format is imported before something is written, so the names are known without TensorFlow.
"""

import importlib
import importlib.util
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcgan_tf.errors import ArgumentError
from dcgan_tf.exporting.description import Description

if TYPE_CHECKING:
    from dcgan_tf.models import Generator

Writer = Callable[["Generator", Description, Path], None]


@dataclass(frozen=True)
class Limit:
    """How far images may be from those of the Keras generator before a file is refused.

    Attributes:
        largest: absolute difference of one value, in units of the range [-1, 1].
        relative: root mean square difference, divided by the standard deviation of the generator's own values.
    """

    largest: float
    relative: float


# One gray level is 0.0078. The error of 8-bit weights grows with the contrast of the images, so int8 is held mainly to
# the relative limit; swapped channels, a wrong range or lost weights are far beyond it. Full int8 rounds the latent
# too: a stroke that moves by a third of a pixel changes single pixels at its edge by a third of the range.
FLOAT32, FLOAT16 = Limit(1e-5, 1e-5), Limit(8e-3, 2e-3)
INT8_WEIGHTS, INT8 = Limit(0.5, 0.04), Limit(1.0, 0.06)


OLDEST_KERAS = "3.4"
"""The oldest version that reads every .keras file; 3.0 to 3.3 read those of unconditional generators only."""

BACKENDS = {"jax": "JAX", "torch": "PyTorch"}
"""Keras's backends that can check a .keras file beside TensorFlow, by package; the first that is installed does."""

READER_TITLES = {
    "saved_model_v1": "TensorFlow 1 loader, as TF Serving",
    "saved_model": "TensorFlow",
    "tflite": "LiteRT, 1 thread",
    "keras": "Keras on TensorFlow",
    **{f"keras_{name}": f"Keras on {title}" for name, title in BACKENDS.items()},
    "onnx": "ONNX Runtime, 1 thread",
}
"""The keys of `reader.READERS`, for a person."""


@dataclass(frozen=True)
class Artefact:
    """One file or folder of a format.

    Attributes:
        name: what tables and errors call it.
        suffix: the file is "<model name><suffix>" in the version's folder; empty: the folder itself.
        write: writes it.
        readers: the programs that read it back; keys of `reader.READERS`.
        limit: holds for the images of each reader.
    """

    name: str
    suffix: str
    write: Writer
    readers: tuple[str, ...]
    limit: Limit

    def path(self, folder: Path, name: str) -> Path:
        """Its place in the folder of a version."""
        return folder / f"{name}{self.suffix}" if self.suffix else folder


@dataclass(frozen=True)
class Format:
    """Artefacts that share a folder, and the packages that writing them takes beyond this one's own."""

    artefacts: tuple[Artefact, ...]
    packages: tuple[str, ...] = ()

    def available(self) -> bool:
        """Whether the packages are installed."""
        return all(importlib.util.find_spec(name) for name in self.packages)


def _writer(module: str, **options: str) -> Writer:
    def write(generator: "Generator", description: Description, path: Path) -> None:
        importlib.import_module(f"{__package__}.{module}").write(generator, description, path, **options)

    return write


KERAS_READERS = ("keras", *[f"keras_{name}" for name in BACKENDS if importlib.util.find_spec(name)][:1])

_TFLITE = {"float32": FLOAT32, "float16": FLOAT16, "int8_dynamic": INT8_WEIGHTS, "int8": INT8}

FORMATS = {
    "saved_model": Format(
        (Artefact("saved_model", "", _writer("saved_model"), ("saved_model_v1", "saved_model"), FLOAT32),)
    ),
    "tflite": Format(
        tuple(
            Artefact(f"tflite {kind}", f"-{kind}.tflite", _writer("tflite", kind=kind), ("tflite",), limit)
            for kind, limit in _TFLITE.items()
        )
    ),
    "keras": Format((Artefact("keras", ".keras", _writer("keras_file"), KERAS_READERS, FLOAT32),)),
    "onnx": Format(
        (Artefact("onnx", ".onnx", _writer("onnx_file"), ("onnx",), FLOAT32),), ("tf2onnx", "onnx", "onnxruntime")
    ),
}


def chosen(names: Sequence[str] | None = None) -> list[str]:
    """Keys of `FORMATS`, checked and each once; None: every format whose packages are installed.

    Raises:
        ArgumentError: an unknown format, or one whose packages are missing.
    """
    if names is None:
        return [name for name, entry in FORMATS.items() if entry.available()]
    names = [names] if isinstance(names, str) else list(dict.fromkeys(names))
    for name in names or [""]:
        if name not in FORMATS:
            raise ArgumentError("formats", ",".join(names), f"there is no {name!r}; choose from {', '.join(FORMATS)}")
        if not FORMATS[name].available():
            raise ArgumentError("formats", name, f"writing it takes pip install {' '.join(FORMATS[name].packages)}")
    return names


def check_license(license: str | None) -> None:
    """Raises ArgumentError unless it is None or has the form of a license's identifier on the Hugging Face Hub."""
    if license is not None and not re.fullmatch(r"[a-z][a-z0-9.+-]{0,63}", license):
        remedy = "use an identifier of the Hugging Face Hub (cc-by-4.0, mit, other), or leave it out"
        raise ArgumentError("license", license, remedy)
