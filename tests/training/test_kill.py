"""SIGKILL at any moment costs nothing but time."""

import random
import time

import numpy as np
import pytest
from PIL import Image

from tests import processes

SETTINGS = (
    "--preset=tiny", "--log_every=3", "--sample_every=10", "--checkpoint_every=4", "--flip",
    "--update=algorithm1", "--d_steps=2", "--label_smoothing=0.1",
)  # fmt: skip


def make_photos(folder, count=400):
    generator = np.random.default_rng(0)
    folder.mkdir()
    for index in range(count):
        Image.fromarray(generator.integers(0, 256, (32, 32, 3), np.uint8)).save(folder / f"{index}.png")


def killed_and_continued(arguments: tuple[str, ...], kills: int, seconds: tuple[float, float]) -> int:
    """Kills the command `kills` times after a random while, then lets it end; returns how many hit it alive."""
    random.seed(0)
    hits = 0
    for _ in range(kills):
        process = processes.start(*arguments)
        time.sleep(random.uniform(*seconds))
        hits += process.poll() is None
        process.kill()
        process.wait()
    processes.finish(processes.start(*arguments))
    return hits


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
def test_ten_kills_at_random_moments_change_no_bit(tmp_path, devices):
    """Also during checkpoints (one every four steps) and while the images are being prepared."""
    make_photos(tmp_path / "photos")
    common = (*SETTINGS, "--steps=400", f"--dataset={tmp_path}/photos", f"--devices={devices}")
    processes.finish(processes.start(*common, f"--run={tmp_path}/whole", f"--cache_dir={tmp_path}/cache_of_whole"))
    arguments = (*common, f"--run={tmp_path}/killed", f"--cache_dir={tmp_path}/cache")
    hits = killed_and_continued(arguments, kills=10, seconds=(2.0, 16.0))
    assert hits >= 8
    processes.assert_bit_equal(tmp_path / "whole", tmp_path / "killed")
    assert not [path for path in (tmp_path / "killed" / "checkpoints").iterdir() if path.suffix == ".tmp"]


@pytest.mark.full
def test_a_kill_changes_no_bit(tmp_path):
    common = (*SETTINGS, "--steps=20", "--checkpoint_every=2")
    whole = processes.start(*common, f"--run={tmp_path}/whole")
    arguments = (*common, f"--run={tmp_path}/killed")
    process = processes.start(*arguments)
    deadline = time.monotonic() + 120
    while not (tmp_path / "killed" / "checkpoints" / "step-00000006.npz").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    process.wait()
    processes.finish(processes.start(*arguments))
    processes.finish(whole)
    processes.assert_bit_equal(tmp_path / "whole", tmp_path / "killed")
