"""Proves an exported file: another process reads it without this package, and its images are compared with Keras's."""

import io
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from dcgan_tf import models
from dcgan_tf.export import reader
from dcgan_tf.export.formats import Artefact, Limit
from dcgan_tf.models import latent, pixels
from dcgan_tf.models.generator import BLOCK, Generator

SAMPLES = BLOCK

# Runs a program with the packages of this process, wherever they were found, but without this package.
_APART = """
import json, runpy, sys
sys.path[:] = [place for place in json.loads(sys.argv[1]) if place]
sys.modules["dcgan_tf"] = None
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
FLOAT_ROUNDING = 1e-6  # so that a generator that always gives the same has a tolerance as well
PREDICT = "tensorflow/serving/predict"
LONGEST = 900  # seconds for one reader


@dataclass
class Finding:
    """What one reader found in one artefact.

    Attributes:
        artefact, reader: their names.
        bytes: size on disk.
        largest, mean: absolute difference from the Keras generator, in units of the range [-1, 1].
        relative: root mean square of the differences over the standard deviation of the generator's own values.
        levels: the largest difference after rounding to uint8.
        ms_per_image: for one image a call, median.
        operators: how many of each.
        problem: why it is refused; empty when it is not.
    """

    artefact: str
    reader: str
    bytes: int
    largest: float | None = None
    mean: float | None = None
    relative: float | None = None
    levels: int | None = None
    ms_per_image: float | None = None
    operators: dict[str, int] = field(default_factory=dict)
    problem: str = ""

    def to_dict(self) -> dict:
        """Plain values, as JSON holds them."""
        return asdict(self)


class _Refused(Exception):
    """A file does not do what it must; the text says how."""


class Verifier:
    """Compares exported files with one generator. Use as a context manager.

    Args:
        generator: the original, with its weights.
    """

    def __init__(self, generator: Generator):
        self._generator = generator
        self._workplace = tempfile.TemporaryDirectory()
        self._requests = Path(self._workplace.name) / "requests.npz"
        config = generator.config
        self._seeds = tf.range(SAMPLES, dtype=tf.int64)
        self._z = latent.draw(0, "verification", 0, SAMPLES, config.latent_dim, config.latent_law)
        self._labels = generator.labels(self._seeds) if config.conditional else None
        labels = {} if self._labels is None else {"label": self._labels.numpy()}
        np.savez(self._requests, z=self._z.numpy(), seed=self._seeds.numpy(), **labels)

    def __enter__(self) -> "Verifier":
        return self

    def __exit__(self, *_) -> None:
        self._workplace.cleanup()

    @cached_property
    def _images(self) -> np.ndarray:
        return self._run(self._z, self._labels)

    @cached_property
    def _generated(self) -> np.ndarray:
        return self._generator.images(range(SAMPLES))

    @cached_property
    def _path(self) -> np.ndarray:
        ends = self._generator.latents(self._seeds[:2])
        fractions = tf.linspace(0.0, 1.0, reader.PATH_STEPS)
        z = latent.between(ends[0], ends[1], fractions, self._generator.config.latent_law)
        labels = None if self._labels is None else tf.repeat(self._labels[:1], reader.PATH_STEPS)
        return pixels.to_pixels(self._run(z, labels)).numpy()

    def _run(self, z: tf.Tensor, labels: tf.Tensor | None) -> np.ndarray:
        return self._generator.model(models.inputs(z, labels), training=False).numpy()

    def find(self, artefact: Artefact, name: str, path: Path) -> Finding:
        """Reads the artefact at `path` with one of its readers and judges what comes back; a bad file never raises."""
        finding = Finding(artefact.name, name, _size(path))
        try:
            answers = self._read(name, path)
            facts = json.loads(str(answers["facts"]))
            finding.ms_per_image, finding.operators = facts.get("ms_per_image"), facts.get("operators", {})
            self._compare(finding, answers["images"], artefact.limit)
            _check_graph(facts)
            if "generated" in answers:
                self._check_seeds(answers)
            if name == "saved_model_cpp":
                self._check_variables(path)
        except _Refused as refusal:
            finding.problem = str(refusal)
        return finding

    def _read(self, name: str, path: Path) -> dict[str, np.ndarray]:
        answers = Path(self._workplace.name) / "answers.npz"
        answers.unlink(missing_ok=True)
        command = [sys.executable, "-I", "-c", _APART, json.dumps(sys.path), reader.__file__]
        quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        try:
            ended = subprocess.run(
                [*command, name, str(path.resolve()), str(self._requests), str(answers)],
                env=quiet, cwd=self._workplace.name, capture_output=True, text=True, timeout=LONGEST,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise _Refused(f"reading it took more than {LONGEST} seconds") from None
        if ended.returncode:
            lines = ended.stderr.strip().splitlines() or [f"the reader ended with code {ended.returncode}"]
            raise _Refused(lines[-1])
        with np.load(answers) as found:
            return dict(found)

    def _compare(self, finding: Finding, images: np.ndarray, limit: Limit) -> None:
        expected = self._images
        if images.shape != expected.shape or images.dtype != np.float32:
            raise _Refused(f"images are {images.dtype} {list(images.shape)}, not float32 {list(expected.shape)}")
        if not np.isfinite(images).all():
            raise _Refused("images are not finite")
        difference = np.abs(images - expected)
        finding.largest, finding.mean = float(difference.max()), float(difference.mean())
        finding.levels = _levels(pixels.to_pixels(images).numpy(), pixels.to_pixels(expected).numpy())
        rms, spread = float(np.sqrt(np.mean(difference**2))), float(expected.std())
        finding.relative = rms / (spread + FLOAT_ROUNDING)
        if finding.largest > limit.largest:
            raise _Refused(f"largest difference {finding.largest:.2g}, allowed is {limit.largest:g}")
        if rms > limit.relative * spread + FLOAT_ROUNDING:
            allowed = f"allowed is {limit.relative:g}"
            raise _Refused(f"root mean square difference {finding.relative:.2g} of the contrast, {allowed}")

    def _check_seeds(self, answers: dict[str, np.ndarray]) -> None:
        """The signatures that take seeds: the same images as `generate.py`, within one level; PNG without loss."""
        generated = answers["generated"]
        if generated.shape != self._generated.shape or generated.dtype != np.uint8:
            raise _Refused(f"generate gives {generated.dtype} {list(generated.shape)}")
        if (levels := _levels(generated, self._generated)) > 1:
            raise _Refused(f"generate: images of seeds differ by {levels} grey levels")
        if not np.array_equal(_pictures(answers, "png", generated.shape), generated):
            raise _Refused("generate_png: the pictures are not the images of generate")
        if (levels := _levels(_pictures(answers, "path_png", self._path.shape), self._path)) > 1:
            raise _Refused(f"interpolate: images differ by {levels} grey levels")

    def _check_variables(self, folder: Path) -> None:
        """Each variable is stored once."""
        stored = [name for name, _ in tf.train.list_variables(str(folder / "variables" / "variables"))]
        stored = [name for name in stored if not name.startswith("_CHECKPOINTABLE")]
        if len(stored) != (needed := len(self._generator.model.variables)):
            raise _Refused(f"{len(stored)} variables are stored, {needed} are needed")


def _check_graph(facts: dict) -> None:
    if facts.get("python_operators"):
        raise _Refused(f"the graph calls Python ({', '.join(facts['python_operators'])})")
    if facts.get("devices"):
        raise _Refused(f"the graph is bound to {', '.join(facts['devices'])}")
    wrong = [name for name, method in facts.get("methods", {}).items() if method != PREDICT]
    if wrong:
        raise _Refused(f"TF Serving would not answer to {', '.join(wrong)}")


def _pictures(answers: dict[str, np.ndarray], name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The images inside PNG files that were stored one after the other."""
    ends = np.cumsum(answers[f"{name}_lengths"])[:-1]
    files = np.split(answers[f"{name}_bytes"], ends)
    try:
        return np.stack([np.asarray(Image.open(io.BytesIO(file.tobytes()))) for file in files]).reshape(shape)
    except (OSError, ValueError) as error:
        raise _Refused(f"{name}: {error}") from None


def _levels(first: np.ndarray, second: np.ndarray) -> int:
    return int(np.abs(first.astype(np.int16) - second.astype(np.int16)).max())


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
