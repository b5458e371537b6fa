"""A whole training by `train.py` in a process of its own, watched from outside. Imports no TensorFlow."""

import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf import geometry
from dcgan_tf.config import Config
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.runs import RunDirectory

TRAIN = Path(__file__).resolve().parent.parent / "train.py"
POLL_SECONDS = 0.1
_FINAL = re.compile(r"([\d,]+) images/s in all")


@dataclass(frozen=True)
class Speeds:
    """Training images per second of one run.

    Attributes:
        steps: the steps after the first row, over which the first two are taken.
        in_steps: from the rows of metrics.jsonl after the first: steps and waiting for data, nothing else.
        overall: by the clock, from the first row to the end: sample grids, checkpoints and pictures included.
        with_start: as the last line of train.py says: building, tracing and the first samples included as well.
        waiting: share of the time of the steps spent waiting for data.
    """

    steps: int
    in_steps: float
    overall: float
    with_start: float
    waiting: float


def check(steps: int, config: Config) -> None:
    """Refuses a number of steps that gives no more than the row with the start in it."""
    if steps < 2 * config.report.log_every:
        remedy = f"it must be at least {2 * config.report.log_every}, two rows of metrics; better, a minute's worth"
        raise ArgumentError("end_to_end", steps, remedy)


def noise(path: Path, config: Config, count: int) -> None:
    """Writes `count` random images of the configuration's size as an .npz, with its classes where it has any."""
    shape = (count, *config.model.image_size, config.model.channels)
    labels = {"labels": np.arange(count) % config.model.classes} if config.model.conditional else {}
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, shape, np.uint8), **labels)


def train(preset: str, settings: dict[str, Any], config: Config, steps: int) -> Speeds:
    """Trains in a temporary directory, on noise unless the settings name a data set.

    Raises:
        UserError: when train.py failed; the message is its last line.
    """
    with tempfile.TemporaryDirectory(prefix="dcgan_tf-benchmark-") as folder:
        run = RunDirectory(Path(folder) / "run")
        fixed = {"steps": steps, "channels": config.model.channels}
        if "dataset" not in settings:
            noise(Path(folder) / "noise.npz", config, 8 * 1024)
            fixed |= {"dataset": Path(folder) / "noise.npz", "cache_dir": Path(folder) / "cache"}
        arguments = [argument(name, value) for name, value in (settings | fixed).items()]
        command = [sys.executable, str(TRAIN), f"--preset={preset}", f"--run={run.path}", *arguments]
        with (Path(folder) / "output").open("w+") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
            try:
                began, ended = _watched(process, run)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
            output.seek(0)
            lines = output.read().strip().splitlines()
        if process.returncode != 0:
            raise UserError(f"train.py ended with code {process.returncode}: {lines[-1] if lines else 'no output'}")
        return _speeds(run, config, ended - began)


def _watched(process: subprocess.Popen, run: RunDirectory) -> tuple[float, float]:
    """When the first row was there, and when the last line was said (or the process ended)."""
    began = ended = None
    while process.poll() is None and ended is None:
        time.sleep(POLL_SECONDS)
        now = time.perf_counter()
        if began is None:
            began = now if _size(run.metrics_file) else None
        elif _FINAL.search(_text(run.log_file)):
            ended = now
    process.wait()
    now = time.perf_counter()
    return began or now, ended or now


def _speeds(run: RunDirectory, config: Config, seconds: float) -> Speeds:
    rows = [json.loads(line) for line in _text(run.metrics_file).splitlines()]
    images = config.training.batch_size * config.training.d_steps
    steps, timed = rows[-1]["step"] - rows[0]["step"], sum(row["seconds"] for row in rows[1:])
    final = _FINAL.search(_text(run.log_file))
    return Speeds(
        steps=steps,
        in_steps=steps * images / timed,
        overall=steps * images / max(seconds, 1e-9),
        with_start=float(final.group(1).replace(",", "")),
        waiting=sum(row["waiting"] * row["seconds"] for row in rows[1:]) / timed,
    )


def argument(name: str, value: Any) -> str:
    """A setting as train.py takes it."""
    if isinstance(value, tuple):
        return f"--{name}={geometry.size_text(value)}"
    return f"--{name}={str(value).lower() if isinstance(value, bool) else value}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
