"""Whole trainings by `train.py` in processes of their own, watched from outside. Imports no TensorFlow."""

import json
import os
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
PREFIX = "dcgan_tf-benchmark-"
POLL_SECONDS = 0.1
_FINAL = re.compile(r"([\d,]+) images/s overall")


@dataclass(frozen=True)
class Speeds:
    """Training images per second of one run.

    Attributes:
        steps: the steps after the first row, over which the next two are taken.
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


def noise(folder: str, config: Config, count: int) -> dict[str, str]:
    """Writes `count` random images, with classes where the configuration has any; the settings to train on them."""
    shape = (count, *config.model.image_size, config.model.channels)
    labels = {"labels": np.arange(count) % config.model.classes} if config.model.conditional else {}
    np.savez(f"{folder}/noise.npz", images=np.random.default_rng(0).integers(0, 256, shape, np.uint8), **labels)
    return {"dataset": f"{folder}/noise.npz", "cache_dir": f"{folder}/cache"}


def start(run: RunDirectory, preset: str, settings: dict[str, Any], **environment: str) -> subprocess.Popen:
    """Starts train.py with a preset and settings."""
    arguments = [_argument(name, value) for name, value in settings.items()]
    command = [sys.executable, str(TRAIN), f"--preset={preset}", f"--run={run.path}", *arguments]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=os.environ | environment, **pipes)


def finish(process: subprocess.Popen) -> None:
    """Waits for train.py.

    Raises:
        UserError: it failed; the message is its last line.
    """
    _, errors = process.communicate()
    if process.returncode:
        last = (errors.strip().splitlines() or ["no output"])[-1]
        raise UserError(f"train.py ended with code {process.returncode}: {last}")


def rows(run: RunDirectory) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl."""
    return [json.loads(line) for line in run.metrics_file.read_text(encoding="utf-8").splitlines()]


def train(preset: str, settings: dict[str, Any], config: Config, steps: int) -> Speeds:
    """Trains in a temporary directory, on noise unless the settings name a data set.

    Raises:
        UserError: train.py failed.
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        run, data = RunDirectory(f"{folder}/run"), {} if "dataset" in settings else noise(folder, config, 8 * 1024)
        process = start(run, preset, settings | data | {"steps": steps, "channels": config.model.channels})
        try:
            while process.poll() is None and not (run.metrics_file.exists() and run.metrics_file.stat().st_size):
                time.sleep(POLL_SECONDS)
            began = time.time()
            finish(process)
        finally:
            process.kill()
        return _speeds(run, config, run.log_file.stat().st_mtime - began)


def _speeds(run: RunDirectory, config: Config, seconds: float) -> Speeds:
    first, *others = rows(run)
    images = (others[-1]["step"] - first["step"]) * config.training.batch_size * config.training.d_steps
    timed = sum(row["seconds"] for row in others)
    return Speeds(
        steps=others[-1]["step"] - first["step"],
        in_steps=images / timed,
        overall=images / max(seconds, 1e-9),
        with_start=float(_FINAL.search(run.log_file.read_text(encoding="utf-8"))[1].replace(",", "")),
        waiting=sum(row["waiting"] * row["seconds"] for row in others) / timed,
    )


def _argument(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        return f"--{name}={geometry.size_text(value)}"
    return f"--{name}={str(value).lower() if isinstance(value, bool) else value}"
