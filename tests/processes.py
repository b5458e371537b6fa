"""Training in processes of its own (kills, devices, workers), and what two runs must have in common."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from dcgan_tf import checkpoints
from dcgan_tf.runs import TIMES, RunDirectory

ROOT = Path(__file__).resolve().parent.parent


def start(*arguments: object, **environment: str) -> subprocess.Popen:
    """Starts `train`; its output goes to a pipe."""
    command = [sys.executable, str(ROOT / "train.py"), *map(str, arguments)]
    return subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process: subprocess.Popen, timeout: float = 300) -> str:
    """Waits until the process ends without an error; returns its output."""
    output, _ = process.communicate(timeout=timeout)
    assert process.returncode == 0, output
    return output


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def arrays(path: Path, step: int | None = None) -> dict[str, np.ndarray]:
    """All variables of the checkpoint of a step, the latest by default."""
    return checkpoints.read(checkpoints.find(RunDirectory(path), step))


def rows(path: Path) -> list[dict]:
    """The rows of metrics.jsonl without times."""
    return _without_times(RunDirectory(path).metrics_file)


def scores(path: Path) -> list[dict]:
    """The rows of scores.jsonl without times."""
    return _without_times(RunDirectory(path).scores_file)


def _without_times(path: Path) -> list[dict]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [{name: value for name, value in json.loads(line).items() if name not in TIMES} for line in lines]


def assert_same_variables(first: Path, second: Path, but: tuple[str, ...] = ()) -> None:
    """Every variable of the latest checkpoints of two runs, to the bit."""
    ours, theirs = arrays(first), arrays(second)
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - set(but):
        assert np.array_equal(ours[name], theirs[name]), name


def tree(path: Path) -> dict[str, object]:
    """What lies in a run directory, by name: everything that has to be the same when a run is repeated.

    That is all but the log, the event files of TensorBoard, times, the versions of packages, and where it ran.
    """
    return {
        name: _content(file)
        for file in sorted(path.rglob("*"))
        if (name := str(file.relative_to(path))) != "log.txt" and not name.startswith("tensorboard")
    }


def _content(file: Path) -> object:
    if file.is_dir():
        return "folder"
    if file.suffix == ".jsonl":
        return _without_times(file)
    if file.name == "config.json":
        content = json.loads(file.read_text())
        del content["versions"], content["data"]["prepared"], content["data"]["seconds"], content["config"]["device"]
        return content
    return file.read_bytes()


def differences(first: Path, second: Path) -> list[str]:
    """The names of what differs between two run directories.

    Both have the same name, because it is the title of the curves.
    """
    assert first.name == second.name
    ours, theirs = tree(first), tree(second)
    assert {"config.json", "metrics.jsonl", "reals.png", "curves.png", "checkpoints"} <= ours.keys()
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def assert_bit_equal(first: Path, second: Path) -> None:
    """Every file of two run directories, see `tree`."""
    assert differences(first, second) == []


def largest_difference(first: Path, second: Path, step: int | None = None) -> float:
    """Of all variables at a step, relative to the largest value of each."""
    ours, theirs = arrays(first, step), arrays(second, step)
    assert ours.keys() == theirs.keys()
    return max(float(np.abs(ours[name] - theirs[name]).max() / (np.abs(ours[name]).max() + 1e-12)) for name in ours)
