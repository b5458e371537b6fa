"""A run that was stopped and continued ends bit-equal to one that never stopped, with every setting."""

import json
import os
import shutil
import signal
import threading

import pytest

from dcgan_tf.cli.main import main
from dcgan_tf.runs import RunDirectory, step_of
from tests import processes
from tests.conftest import make_classes

pytestmark = pytest.mark.full

COMMON = ("--preset=tiny", "--log_every=3", "--sample_every=4", "--checkpoint_every=4", "--evaluate_every=2")
SETTINGS = [  # each schedule, loss, precision and data setting once
    ("--update=algorithm1", "--d_steps=2", "--conditional", "--flip"),
    (
        "--precision=mixed_float16",
        "--loss=lsgan",
        "--ema_decay=0",
        "--latent_distribution=uniform",
        "--steps_per_execution=4",
    ),
    (
        "--loss=hinge",
        "--d_norm=spectral",
        "--r1=10",
        "--r1_every=4",
        "--augment=color,cutout",
        "--precision=mixed_bfloat16",
    ),
    ("--precision=mixed_bfloat16", "--label_smoothing=0.1", "--l2=1e-4", "--decay_start=3", "--decay_steps=20"),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of 12 steps that never stopped."""
    path = tmp_path_factory.mktemp("resume") / "run"
    assert main(["train", *COMMON, f"--run={path}", "--steps=12"]) == 0
    assert [row["step"] for row in processes.scores(path)] == [0, 2, 4, 6, 8, 10, 12]
    return path


@pytest.fixture
def copy(whole, tmp_path):
    """The same, to be damaged."""
    return RunDirectory(shutil.copytree(whole, tmp_path / "run"))


def test_what_is_provisional_goes_when_training_continues(script, whole, tmp_path):
    """Stopped where neither a row, a score, a grid nor a checkpoint was due: they go when training continues."""
    assert script("train", *COMMON, f"--run={tmp_path}/run", "--steps=5").code == 0
    assert [row["step"] for row in processes.rows(tmp_path / "run")] == [3, 5]
    assert [row["step"] for row in processes.scores(tmp_path / "run") if row.get("provisional")] == [5]
    outcome = script("train", f"--run={tmp_path}/run", "--steps=12")
    assert outcome.code == 0 and "continuing at step 5 of 12" in outcome.err
    processes.assert_bit_equal(whole, tmp_path / "run")


@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
def test_every_setting(script, tmp_path, settings):
    common = (*COMMON[:-1], "--evaluate_every=0", *settings)
    assert script("train", *common, f"--run={tmp_path}/whole/run", "--steps=12").code == 0
    for steps in (5, 12):
        assert script("train", *common, f"--run={tmp_path}/parts/run", f"--steps={steps}").code == 0
    processes.assert_bit_equal(tmp_path / "whole" / "run", tmp_path / "parts" / "run")


def test_reports_do_not_change_the_run(script, whole, tmp_path):
    """Rows are means since the row before, at whatever pace they come; scoring changes nothing."""
    assert script("train", "--preset=tiny", f"--run={tmp_path}/run", "--steps=6", "--evaluate_every=0").code == 0
    other = ("--log_every=3", "--sample_every=2", "--sample_count=4", "--keep_checkpoints=1")
    assert script("train", f"--run={tmp_path}/run", "--steps=12", *other, "--evaluate_every=0").code == 0
    assert [row["step"] for row in processes.rows(tmp_path / "run")] == [2, 4, 6, 9, 12]
    processes.assert_same_variables(whole, tmp_path / "run")
    assert not processes.scores(tmp_path / "run") and not RunDirectory(tmp_path / "run").best_dir.exists()


def test_what_came_after_the_last_checkpoint_is_made_again(script, whole, copy):
    """As after SIGKILL: rows and grids of steps that no checkpoint holds, and half a row."""
    copy.checkpoint_file(12).unlink()
    with copy.metrics_file.open("a") as stream:
        stream.write('{"step": 15, "d_lo')
    assert script("train", f"--run={copy.path}").code == 0
    processes.assert_bit_equal(whole, copy.path)


def test_a_damaged_last_checkpoint_is_trained_again(script, whole, copy):
    path = copy.checkpoint_file(12)
    path.write_bytes(path.read_bytes()[:1000])
    outcome = script("train", f"--run={copy.path}")
    assert outcome.code == 0 and "step-00000012.npz: damaged" in outcome.err
    assert "continuing at step 8 of 12" in outcome.err
    path.with_name(f"{path.name}.damaged").unlink()
    processes.assert_bit_equal(whole, copy.path)


def test_a_damaged_checkpoint_never_pushes_out_a_good_one(script, copy):
    copy.checkpoint_file(12).write_bytes(b"")
    assert script("train", f"--run={copy.path}", "--steps=10", "--checkpoint_every=1", "--keep_checkpoints=1").code == 0
    assert [step_of(path) for path in copy.checkpoint_files()] == [10]


def test_a_run_whose_checkpoints_are_gone_is_not_started_again(script, copy):
    for path in copy.checkpoint_files():
        path.unlink()
    rows = copy.metrics_file.read_text()
    outcome = script("train", f"--run={copy.path}", "--steps=20")
    assert outcome.code == 1 and "there is no checkpoint" in outcome.last_line
    assert copy.samples_files() and copy.metrics_file.read_text() == rows


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_in_a_checkpoint_and_the_command_that_continues(
    script, whole, tmp_path, monkeypatch, at_step, number, code
):
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    at_step(3, lambda state: os.kill(os.getpid(), number))
    outcome = script("train", *COMMON, f"--run={tmp_path}/run", "--steps=12")
    assert outcome.code == code and f"stopped at step 3: {number.name}" in outcome.err
    assert outcome.last_line.strip().endswith(f"--run={tmp_path}/run")
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    monkeypatch.undo()
    assert script("train", f"--run={tmp_path}/run").code == 0
    processes.assert_bit_equal(whole, tmp_path / "run")


def test_a_thread_trains_too_and_leaves_signals_alone(whole, tmp_path, at_step):
    handlers = []
    at_step(1, lambda state: handlers.append(signal.getsignal(signal.SIGINT)))
    codes = []
    command = ["train", *COMMON, f"--run={tmp_path}/run", "--steps=12"]
    thread = threading.Thread(target=lambda: codes.append(main(command)))
    before = signal.getsignal(signal.SIGINT)
    thread.start()
    thread.join()
    assert codes == [0] and set(handlers) == {before}
    processes.assert_bit_equal(whole, tmp_path / "run")


def test_a_finished_run_says_how_to_train_on_and_changes_nothing(script, trained_run):
    before = RunDirectory(trained_run).config_file.read_bytes()
    for steps in ((), ("--steps=7",)):
        outcome = script("train", f"--run={trained_run}", *steps)
        assert outcome.code == 0 and "at step 10" in outcome.err
        assert outcome.last_line.strip().endswith(f"--run={trained_run} --steps=20")
    assert RunDirectory(trained_run).config_file.read_bytes() == before


def test_a_run_that_was_killed_at_its_very_beginning(script, tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.create()
    run.log_file.write_text("started\n")
    assert script("train", "--preset=tiny", f"--run={run.path}", "--steps=2").code == 0


def test_a_run_continues_in_another_working_directory(script, tmp_path, monkeypatch):
    make_classes(tmp_path / "photos", {"cats": 4, "dogs": 4})
    monkeypatch.chdir(tmp_path)
    assert script("train", "--preset=tiny", "--dataset=./photos", "--run=run", "--steps=2").code == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert script("train", "--run=../run", "--steps=4").code == 0


def test_a_run_from_before_there_were_scores_continues(script, tmp_path):
    """Its config.json lacks the settings, its rows the verdict."""
    run = RunDirectory(tmp_path / "old")
    assert script("train", *COMMON, "--evaluate_every=0", f"--run={run.path}", "--steps=6").code == 0
    config = json.loads(run.config_file.read_text())
    del config["config"]["report"]["evaluate_every"], config["config"]["report"]["stop_on_collapse"]
    run.config_file.write_text(json.dumps(config))
    rows = [json.loads(line) for line in run.metrics_file.read_text().splitlines()]
    old = [{name: value for name, value in row.items() if name != "health"} for row in rows]
    run.metrics_file.write_text("".join(json.dumps(row) + "\n" for row in old))
    assert script("train", f"--run={run.path}", "--steps=9", "--evaluate_every=8").code == 0
    assert [row["step"] for row in processes.scores(run.path)] == [8, 9]
    assert [row.get("health") for row in processes.rows(run.path)] == [None, None, "starting"]
