"""Verifies an exported file: a process without this package reads it, and its images are compared with Keras's own."""

import io
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from dcgan_tf import models
from dcgan_tf.exporting import reader
from dcgan_tf.exporting.formats import READER_TITLES, Artefact, Limit
from dcgan_tf.models import latent, pixels
from dcgan_tf.models.generator import BLOCK, Generator

log = logging.getLogger(__name__)

SAMPLES = BLOCK
ROUNDING = 1e-6  # keeps the relative tolerance above zero for a generator whose images are all the same
PREDICT = "tensorflow/serving/predict"
TIMEOUT = 900  # seconds for one reader

# Runs a program with the packages of this process, wherever they were found, but without this package.
_APART = """
import json, runpy, sys
sys.path[:] = [place for place in json.loads(sys.argv[1]) if place]
sys.modules["dcgan_tf"] = None
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass
class Finding:
    """The verdict of one reader on one artefact.

    Attributes:
        artefact, reader: their names; no reader where the artefact could not be written.
        bytes: size on disk.
        largest, mean: absolute difference from the Keras generator, in units of the range [-1, 1].
        relative: root mean square difference, divided by the standard deviation of the generator's own values.
        levels: the largest difference after rounding to uint8.
        ms_per_image: median time of a call with one image.
        operators: how often each occurs.
        problem: why the artefact is refused; empty when it is not.
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


class _Refused(Exception):
    """Why a file is refused."""


class _NoReaderError(Exception):
    """Why a reader cannot run here, whatever the file."""


class Verifier:
    """Compares exported files with one generator.

    What is expected is computed on the CPU, as the readers compute: a GPU rounds differently.

    Args:
        generator: the original, with its weights.
        folder: for requests to the readers and their answers.
    """

    def __init__(self, generator: Generator, folder: Path):
        self._variables = len(generator.model.variables)
        self._folder = folder.resolve()  # the readers work in this folder
        self._requests = self._folder / "requests.npz"
        with tf.device("CPU:0"):
            self._expect(generator)

    def _expect(self, generator: Generator) -> None:
        """Writes the requests and computes what the answers must be close to."""
        config = generator.config

        def images(z: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
            return generator.model(models.inputs(z, labels if config.conditional else None), training=False)

        seeds = tf.range(SAMPLES, dtype=tf.int64)
        z = latent.draw(0, "verification", 0, SAMPLES, config.latent_dim, config.latent_distribution)
        labels = generator.labels(seeds)
        label_request = {"label": labels.numpy()} if config.conditional else {}
        np.savez(self._requests, z=z.numpy(), seed=seeds.numpy(), **label_request)

        ends, fractions = generator.latents(seeds[:2]), tf.linspace(0.0, 1.0, reader.PATH_STEPS)
        path = latent.between(ends[0], ends[1], fractions, config.latent_distribution)
        self._images = images(z, labels).numpy()
        self._generated = generator.images(range(SAMPLES))
        self._path = pixels.to_pixels(images(path, tf.repeat(labels[:1], reader.PATH_STEPS))).numpy()

    def verify(self, artefact: Artefact, name: str, path: Path) -> Finding | None:
        """Reads the artefact at `path` with one of its readers and judges the answers; a bad file never raises.

        None if the reader is a second backend that does not work on this machine, which says nothing about the file.
        """
        finding = Finding(artefact.name, name, _size(path))
        try:
            answers = self._read(name, path)
            facts = json.loads(str(answers["facts"]))
            finding.ms_per_image, finding.operators = facts.get("ms_per_image"), facts.get("operators", {})
            self._compare(finding, answers["images"], artefact.limit)
            _check_graph(facts)
            if "generated" in answers:
                self._check_seeds(**answers)
            if name == "saved_model_v1":
                self._check_variables(path)
        except _Refused as refusal:
            finding.problem = str(refusal)
        except _NoReaderError as reason:
            log.warning(
                "%s was not read with %s, which does not work here: %s", artefact.name, READER_TITLES[name], reason
            )
            return None
        return finding

    def _read(self, name: str, path: Path) -> dict[str, np.ndarray]:
        answers = self._folder / "answers.npz"
        answers.unlink(missing_ok=True)
        command = [sys.executable, "-I", "-c", _APART, json.dumps(sys.path), reader.__file__]
        quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        try:
            ended = subprocess.run(
                [*command, name, str(path.resolve()), str(self._requests), str(answers)],
                env=quiet, cwd=self._folder, capture_output=True, text=True, timeout=TIMEOUT,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise _Refused(f"reading it took more than {TIMEOUT} seconds") from None
        if ended.returncode:
            lines = ended.stderr.strip().splitlines() or [f"the reader ended with code {ended.returncode}"]
            raise (_NoReaderError if ended.returncode == reader.NO_BACKEND else _Refused)(lines[-1])
        with np.load(answers) as archive:
            return dict(archive)

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
        finding.relative = rms / (spread + ROUNDING)
        if finding.largest > limit.largest:
            raise _Refused(f"largest difference {finding.largest:.2g}, allowed is {limit.largest:g}")
        if rms > limit.relative * spread + ROUNDING:
            allowed = f"allowed is {limit.relative:g}"
            raise _Refused(f"root mean square difference {finding.relative:.2g} of the contrast, {allowed}")

    def _check_seeds(self, generated: np.ndarray, png: np.ndarray, path_png: np.ndarray, **_: np.ndarray) -> None:
        """The signatures that take seeds give the generator's images, within one level, and lossless PNG files."""
        if generated.shape != self._generated.shape or generated.dtype != np.uint8:
            raise _Refused(f"generate gives {generated.dtype} {list(generated.shape)}")
        if (levels := _levels(generated, self._generated)) > 1:
            raise _Refused(f"generate: images of seeds differ by {levels} gray levels")
        if not np.array_equal(_pictures("generate_png", png, generated.shape), generated):
            raise _Refused("generate_png: the pictures are not the images of generate")
        if (levels := _levels(_pictures("interpolate", path_png, self._path.shape), self._path)) > 1:
            raise _Refused(f"interpolate: images differ by {levels} gray levels")

    def _check_variables(self, folder: Path) -> None:
        """Each variable is stored once."""
        stored = [name for name, _ in tf.train.list_variables(str(folder / "variables" / "variables"))]
        stored = [name for name in stored if not name.startswith("_CHECKPOINTABLE")]
        if len(stored) != self._variables:
            raise _Refused(f"{len(stored)} variables are stored, {self._variables} are needed")


def _check_graph(facts: dict) -> None:
    if facts.get("python_operators"):
        raise _Refused(f"the graph calls Python ({', '.join(facts['python_operators'])})")
    if facts.get("devices"):
        raise _Refused(f"the graph is bound to {', '.join(facts['devices'])}")
    wrong = [name for name, method in facts.get("methods", {}).items() if method != PREDICT]
    if wrong:
        raise _Refused(f"TF Serving would not answer to {', '.join(wrong)}")


def _pictures(signature: str, files: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    try:
        return np.stack([np.asarray(Image.open(io.BytesIO(each))) for each in files]).reshape(shape)
    except (OSError, ValueError) as error:
        raise _Refused(f"{signature}: {error}") from None


def _levels(first: np.ndarray, second: np.ndarray) -> int:
    return int(np.abs(first.astype(np.int16) - second.astype(np.int16)).max())


def _size(path: Path) -> int:
    contents = path.rglob("*") if path.is_dir() else [path]
    return sum(each.stat().st_size for each in contents if each.is_file())
