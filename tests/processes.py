"""train.py in processes of its own, for what one process cannot show: kills, devices, machines."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from dcgan_tf import runs

ROOT = Path(__file__).resolve().parent.parent


def start(*arguments: object, **environment: str) -> subprocess.Popen:
    """Starts train.py; its output is kept in a pipe."""
    command = [sys.executable, str(ROOT / "train.py"), *map(str, arguments)]
    return subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process: subprocess.Popen, timeout: float = 300) -> str:
    """Waits for a good end and returns the output."""
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


def arrays(path: Path) -> dict[str, np.ndarray]:
    """All variables of the latest checkpoint."""
    with np.load(runs.RunDirectory(path).checkpoint_files()[-1]) as archive:
        return {name: archive[name] for name in archive.files}


def rows(path: Path) -> list[dict]:
    """The rows of metrics.jsonl without times."""
    lines = runs.RunDirectory(path).metrics_file.read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name not in runs.TIMES} for line in lines]


def grids(path: Path) -> dict[str, bytes]:
    """The sample grids."""
    return {each.name: each.read_bytes() for each in runs.RunDirectory(path).samples_files()}


def assert_bit_equal(first: Path, second: Path) -> None:
    """Every variable, every row and every grid of two runs."""
    ours, theirs = arrays(first), arrays(second)
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert np.array_equal(array, theirs[name]), name
    assert rows(first) == rows(second)
    assert grids(first) == grids(second)


def largest_difference(first: Path, second: Path) -> float:
    """Of all variables, relative to the largest value of each."""
    ours, theirs = arrays(first), arrays(second)
    assert ours.keys() == theirs.keys()
    return max(float(np.abs(ours[name] - theirs[name]).max() / (np.abs(ours[name]).max() + 1e-12)) for name in ours)
