"""A run that was stopped and continued ends bit-equal to one that was not, with every setting."""

import json
import os
import signal
import threading

import numpy as np
import pytest

from dcgan_tf import progress, runs

SETTINGS = [
    (),
    ("--update=algorithm1", "--d_steps=2"),
    ("--flip", "--label_smoothing=0.1", "--l2=1e-4"),
    ("--steps_per_execution=4", "--precision=mixed_bfloat16"),
    ("--precision=mixed_float16", "--loss=lsgan"),
    ("--ema_decay=0", "--latent_law=uniform"),
    ("--conditional", "--update=algorithm1", "--flip"),
    ("--decay_start=3", "--decay_steps=20"),
]


def content(path) -> tuple[dict, list, dict]:
    run = runs.RunDirectory(path)
    with np.load(run.checkpoint_files()[-1]) as archive:
        arrays = {name: archive[name] for name in archive.files}
    rows = [json.loads(line) for line in run.metrics_file.read_text().splitlines()]
    plain = [{name: value for name, value in row.items() if name not in runs.TIMES} for row in rows]
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
    assert [row["step"] for row in content(tmp_path / "parts")[1]] == [3, 5]  # the second one is provisional
    outcome = script("train", *common, f"--run={tmp_path}/parts", "--steps=12")
    assert outcome.code == 0 and "continuing at step 5 of 12" in outcome.err
    whole, parts = content(tmp_path / "whole"), content(tmp_path / "parts")
    del parts[2]["000005.png"]  # drawn because the first part ended there
    assert_same(whole, parts)


def test_what_came_after_the_last_checkpoint_is_made_again(script, tmp_path):
    """As after SIGKILL: rows and grids of steps that no checkpoint holds."""
    common = ("--preset=tiny", "--log_every=2", "--sample_every=2", "--checkpoint_every=4")
    for name in ("whole", "killed"):
        assert script("train", *common, f"--run={tmp_path}/{name}", "--steps=8").code == 0
    run = runs.RunDirectory(tmp_path / "killed")
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


def test_a_finished_run_says_how_to_train_on_and_changes_nothing(script, trained_run):
    before = runs.RunDirectory(trained_run).config_file.read_bytes()
    for steps in ((), ("--steps=7",)):
        outcome = script("train", f"--run={trained_run}", *steps)
        assert outcome.code == 0 and "stands at step 10" in outcome.err
        assert outcome.last_line.strip() == f"python train.py --run={trained_run} --steps=20"
    assert runs.RunDirectory(trained_run).config_file.read_bytes() == before


def test_a_damaged_last_checkpoint_is_trained_again(script, tmp_path):
    common = ("--preset=tiny", "--steps=12", "--checkpoint_every=4")
    for name in ("whole", "damaged"):
        assert script("train", *common, f"--run={tmp_path}/{name}").code == 0
    path = runs.RunDirectory(tmp_path / "damaged").checkpoint_file(12)
    path.write_bytes(path.read_bytes()[:1000])
    outcome = script("train", *common, f"--run={tmp_path}/damaged")
    assert outcome.code == 0 and "step-00000012.npz: damaged" in outcome.err
    assert "continuing at step 8 of 12" in outcome.err
    assert path.with_name(f"{path.name}.damaged").exists()
    assert_same(content(tmp_path / "whole"), content(tmp_path / "damaged"))


def test_a_damaged_checkpoint_never_pushes_out_a_good_one(script, tmp_path):
    run = runs.RunDirectory(tmp_path / "run")
    assert script("train", "--preset=tiny", "--steps=12", "--checkpoint_every=4", f"--run={run.path}").code == 0
    run.checkpoint_file(12).write_bytes(b"")
    arguments = (f"--run={run.path}", "--steps=10", "--checkpoint_every=1", "--keep_checkpoints=1")
    assert script("train", *arguments).code == 0
    assert [runs.step_of(path) for path in run.checkpoint_files()] == [10]


def test_a_run_whose_checkpoints_are_gone_is_not_started_again(script, tmp_path):
    run = runs.RunDirectory(tmp_path / "run")
    assert script("train", "--preset=tiny", f"--run={run.path}").code == 0
    for path in run.checkpoint_files():
        path.unlink()
    outcome = script("train", f"--run={run.path}", "--steps=20")
    assert outcome.code == 1 and "there is no checkpoint" in outcome.last_line
    assert len(run.samples_files()) == 3 and len(content_rows(run)) == 5


def content_rows(run):
    return run.metrics_file.read_text().splitlines()


def test_a_run_that_was_killed_at_its_very_beginning(script, tmp_path):
    run = runs.RunDirectory(tmp_path / "run")
    run.create()
    run.log_file.write_text("started\n")
    assert script("train", "--preset=tiny", f"--run={run.path}").code == 0


def test_reports_may_come_at_another_pace(script, tmp_path):
    """The course of the run stays the same; rows are means since the row before."""
    assert script("train", "--preset=tiny", f"--run={tmp_path}/whole", "--steps=12").code == 0
    assert script("train", "--preset=tiny", f"--run={tmp_path}/parts", "--steps=6").code == 0
    other = ("--log_every=3", "--sample_every=2", "--sample_count=4", "--keep_checkpoints=1")
    assert script("train", f"--run={tmp_path}/parts", "--steps=12", *other).code == 0
    whole, parts = content(tmp_path / "whole"), content(tmp_path / "parts")
    assert [row["step"] for row in parts[1]] == [2, 4, 6, 9, 12]
    for name in whole[0]:
        if name not in ("sums", "summed_steps"):
            assert np.array_equal(whole[0][name], parts[0][name]), name


def test_a_run_goes_on_from_another_directory(script, tmp_path, monkeypatch):
    from tests.test_train import make_photos

    make_photos(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    assert script("train", "--preset=tiny", "--dataset=./photos", "--run=run", "--steps=2").code == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert script("train", "--run=../run", "--steps=4").code == 0
