"""A run that was stopped and continued ends bit-equal to one that was not, with every setting."""

import json
import os
import signal
import threading

import numpy as np
import pytest

from dcgan_tf import progress, runs
from dcgan_tf.training.reporting import TIMES

SETTINGS = [
    (),
    ("--update=algorithm1", "--d_steps=2"),
    ("--flip", "--label_smoothing=0.1", "--l2=1e-4"),
    ("--steps_per_execution=4", "--precision=mixed_bfloat16"),
    ("--precision=mixed_float16", "--loss=lsgan"),
    ("--ema_decay=0", "--latent_law=uniform"),
]


def content(path) -> tuple[dict, list, dict]:
    run = runs.Run(path)
    with np.load(run.checkpoint_files()[-1]) as archive:
        arrays = {name: archive[name] for name in archive.files}
    rows = [json.loads(line) for line in run.metrics_file.read_text().splitlines()]
    plain = [{name: value for name, value in row.items() if name not in TIMES} for row in rows]
    return arrays, plain, {path.name: path.read_bytes() for path in run.samples_files()}


def assert_same(first, second):
    for name, array in first[0].items():
        assert np.array_equal(array, second[0][name]), name
    assert first[1] == second[1]
    assert first[2] == second[2]


@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
def test_stopped_and_continued_is_bit_equal_to_never_stopped(script, tmp_path, settings):
    common = ("--preset=tiny", "--log_every=3", "--sample_every=4", "--checkpoint_every=4", *settings)
    assert script("train", *common, f"--run={tmp_path}/whole", "--steps=12").code == 0
    assert script("train", *common, f"--run={tmp_path}/parts", "--steps=5").code == 0
    outcome = script("train", *common, f"--run={tmp_path}/parts", "--steps=12")
    assert outcome.code == 0 and "continuing at step 5 of 12" in outcome.err
    whole, parts = content(tmp_path / "whole"), content(tmp_path / "parts")
    extra = parts[2].pop("000005.png")  # drawn because the first part ended there
    assert extra
    assert_same(whole, parts)


def test_what_came_after_the_last_checkpoint_is_made_again(script, tmp_path):
    """As after SIGKILL: rows and grids of steps that no checkpoint holds."""
    common = ("--preset=tiny", "--log_every=2", "--sample_every=2", "--checkpoint_every=4")
    for name in ("whole", "killed"):
        assert script("train", *common, f"--run={tmp_path}/{name}", "--steps=8").code == 0
    run = runs.Run(tmp_path / "killed")
    run.checkpoint_file(8).unlink()
    with run.metrics_file.open("a") as stream:
        stream.write('{"step": 10, "d_lo')
    assert script("train", f"--run={run.path}").code == 0
    assert_same(content(tmp_path / "whole"), content(run.path))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_in_a_checkpoint_and_the_command_that_continues(script, tmp_path, monkeypatch, number, code):
    common = ("--preset=tiny", "--steps=8")
    assert script("train", *common, f"--run={tmp_path}/whole").code == 0
    advance = progress.Progress.advance

    def interrupted(self, count=1):
        advance(self, count)
        if self._unit == "steps" and self._done == 3:
            os.kill(os.getpid(), number)
            threading.Event().wait(0.01)

    monkeypatch.setattr(progress.Progress, "advance", interrupted)
    outcome = script("train", *common, f"--run={tmp_path}/stopped")
    assert outcome.code == code
    assert outcome.last_line.strip() == f"python train.py --run={tmp_path}/stopped"
    monkeypatch.undo()
    assert script("train", f"--run={tmp_path}/stopped").code == 0
    assert_same(content(tmp_path / "whole"), content(tmp_path / "stopped"))


def test_a_finished_run_says_how_to_train_on(script, trained_run):
    outcome = script("train", f"--run={trained_run}")
    assert outcome.code == 0 and "stands at step 10; give --steps=20" in outcome.last_line
