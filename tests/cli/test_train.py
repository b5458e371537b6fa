"""`dcgan train` as its user meets it."""

import json
import shlex
import sys

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import checkpoints, presets, runs
from dcgan_tf.cli import train
from dcgan_tf.models import summary


def test_a_run_leaves_what_the_readme_promises(trained_run):
    run = runs.RunDirectory(trained_run)
    config, recorded = run.read_config()
    assert recorded["preset"] == "tiny" and config.training.steps == 10
    assert recorded["data"]["count"] == 1797 and recorded["versions"]["keras"]
    rows = [json.loads(line) for line in run.metrics_file.read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4, 6, 8, 10]
    assert rows[-1]["epoch"] == pytest.approx(80 / 1797, abs=1e-4)
    assert [path.name for path in run.samples_files()] == ["000000.png", "000005.png", "000010.png"]
    assert [runs.step_of(path) for path in run.checkpoint_files()] == [0, 5, 10]
    with Image.open(run.animation_file) as movie:
        assert movie.n_frames == 3
    for picture in (run.reals_file, run.curves_file):
        with Image.open(picture) as opened:
            assert min(opened.size) > 100
    assert list(run.tensorboard_dir.glob("events.*"))
    assert not list(run.path.rglob("*.tmp"))


@pytest.mark.full
def test_it_ends_with_commands_that_work_each_time_they_are_typed(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dcgan"])
    outcome = script("train", "--preset=tiny", "--run=my run", "--devices=1")
    assert outcome.code == 0 and "1,797 images" in outcome.err and "best checkpoint: step 0" not in outcome.err
    commands = [line.strip() for line in outcome.err.split("next:\n")[1].splitlines()]
    assert commands == [
        "dcgan generate --run='my run'",
        "dcgan train --run='my run' --devices=1 --steps=20",
        "tensorboard --logdir='my run'",
    ]
    for command in commands[:2] * 2:
        outcome = script(*shlex.split(command)[1:])
        assert outcome.code == 0, outcome.err
    assert {path.name for path in tmp_path.iterdir()} == {"my run", "grid.png", "grid-2.png"}


@pytest.mark.parametrize(("step", "announced"), [(None, False), (0, False), (5, True), (10, False)])
def test_the_best_checkpoint_is_announced_where_it_is_another_than_the_first_and_the_last(
    tmp_path, monkeypatch, step, announced
):
    score = None if step is None else checkpoints.Score(step, "distance", 0.5)
    monkeypatch.setattr(checkpoints, "best_score", lambda _: score)
    assert ("--checkpoint=best" in train._best(runs.RunDirectory(tmp_path), 10)) == announced


def test_runs_are_numbered(script, tmp_path):
    for expected in ("00000-tiny", "00001-tiny"):
        script("train", "--preset=tiny", "--steps=1", f"--runs_dir={tmp_path}")
        assert (tmp_path / expected / "config.json").exists()


@pytest.mark.full
def test_epochs_become_steps(script, tmp_path):
    script("train", "--preset=tiny", "--batch_size=512", "--epochs=2", f"--run={tmp_path}/run")
    config, _ = runs.RunDirectory(tmp_path / "run").read_config()
    assert config.training.steps == 8  # 2 x 1797 images at 512 a step: 7.02


@pytest.mark.slow
def test_the_same_command_twice_gives_the_same_pictures(script, tmp_path):
    pictures = []
    for name in ("a", "b"):
        assert script("train", "--preset=tiny", f"--run={tmp_path}/{name}").code == 0
        pictures.append(runs.RunDirectory(tmp_path / name).samples_file(10).read_bytes())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_a_dry_run_shows_settings_layers_counts_and_memory_and_makes_nothing(script, tmp_path, monkeypatch, preset):
    monkeypatch.chdir(tmp_path)
    outcome = script("train", "--dry_run", f"--preset={preset}", "--dataset=digits", "--channels=3")
    assert outcome.code == 0
    for expected in ("--learning_rate=0.000", "generator total", "discriminator total", "GiB"):
        assert expected in outcome.out
    assert not list(tmp_path.iterdir())


def make_photos(folder, count=12, size=(40, 50)):
    generator = np.random.default_rng(0)
    for index in range(count):
        path = folder / ("cats" if index % 2 else "dogs") / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (*size, 3), np.uint8)).save(path)


def test_a_folder_of_images_needs_nothing_but_its_name(script, tmp_path):
    make_photos(tmp_path / "photos")
    outcome = script("train", f"--dataset={tmp_path}/photos", "--dry_run")
    assert "preset photos_64" in outcome.out and "--channels=3" in outcome.out
    outcome = script(
        "train", f"--dataset={tmp_path}/photos", "--preset=tiny", "--image_size=16x24", f"--run={tmp_path}/run"
    )
    assert outcome.code == 0 and "cats" in outcome.err
    with Image.open(runs.RunDirectory(tmp_path / "run").samples_file(10)) as grid:
        assert grid.mode == "RGB"


def test_changed_images_are_noticed_when_a_run_continues(script, tmp_path):
    make_photos(tmp_path / "photos")
    arguments = ("--preset=tiny", f"--dataset={tmp_path}/photos", f"--run={tmp_path}/run")
    assert script("train", *arguments, "--steps=1").code == 0
    make_photos(tmp_path / "photos", count=14)
    outcome = script("train", *arguments, "--steps=2")
    assert outcome.code == 1 and "other images" in outcome.last_line


def test_training_that_diverges_stops_and_keeps_the_last_good_checkpoint(script, tmp_path):
    outcome = script(
        "train", "--preset=tiny", "--loss=lsgan", "--learning_rate=1", "--l2=1", "--beta_1=0", "--beta_2=0",
        "--epsilon=1e-30", "--steps=3000", "--checkpoint_every=100000", "--sample_every=100000",
        f"--run={tmp_path}/run",
    )  # fmt: skip
    assert outcome.code == 1
    assert "is not finite" in outcome.last_line and "--learning_rate=0.25" in outcome.last_line
    assert runs.RunDirectory(tmp_path / "run").checkpoint_files()


def test_a_dry_run_says_what_to_expect_of_data_memory_and_disk(script, tmp_path, monkeypatch):
    make_photos(tmp_path / "photos/train", size=(20, 50))
    make_photos(tmp_path / "photos/test", count=4)
    monkeypatch.setattr(summary, "memory_limit", lambda config: (1.0, "this machine has"))
    outcome = script("train", f"--dataset={tmp_path}/photos", "--dry_run", "--batch_size=4096", "--steps=30")
    for expected in (
        "data: 12 images, most of them of size 20x50, 2 classes",
        "split: train/ is used; left aside: test/ (4 files); --split takes another folder",
        "cropped: 12 lose more than half of their area; --crop=none",
        "few: 12 different images, fewer than a batch of 4,096,",
        "steps: 30, which are 10,240 passes through them",
        "prepared images: 147.5 KB in ",
    ):
        assert expected in outcome.out
    (warning,) = (line for line in outcome.out.splitlines() if line.startswith("warning: training needs about"))
    again = script("train", f"--dataset={tmp_path}/photos", "--dry_run", warning.split()[-3])
    assert "--batch_size=" in warning and "warning" not in again.out


def test_memory_is_that_of_the_container_if_it_has_a_limit(tmp_path, monkeypatch):
    (tmp_path / "max").write_text("max\n")
    monkeypatch.setattr(summary, "CONTAINER_LIMITS", (tmp_path / "none", tmp_path / "max"))
    whole, _ = summary.memory_limit(presets.PRESETS["tiny"])
    (tmp_path / "max").write_text(f"{3 * 2**28}\n")
    assert summary.memory_limit(presets.PRESETS["tiny"]) == (0.75, "this machine has")
    assert whole > 0.75


def test_a_dry_run_counts_epochs_and_shows_a_run_that_would_go_on(script, trained_run):
    outcome = script("train", "--dry_run", "--preset=tiny", "--epochs=100")
    assert "--steps=22463" in outcome.out  # 100 x 1797 / 8
    outcome = script("train", "--dry_run", f"--run={trained_run}", "--steps=30")
    assert outcome.code == 0 and "--steps=30" in outcome.out and "preset tiny" in outcome.out


def test_a_short_run_has_curves_all_the_same(script, tmp_path):
    assert script("train", "--preset=tiny", "--steps=3", "--log_every=20", f"--run={tmp_path}/run").code == 0
    run = runs.RunDirectory(tmp_path / "run")
    assert run.read_config()[0].report.log_every == 20
    assert run.curves_file.exists()


def test_the_log_holds_the_error_that_ended_a_run(script, tmp_path):
    run = runs.RunDirectory(tmp_path / "run")
    assert script("train", "--preset=tiny", "--steps=2", f"--run={run.path}").code == 0
    outcome = script("train", "--preset=tiny", "--steps=5000", "--learning_rate=1", "--beta_2=0", "--loss=lsgan",
                     "--l2=1", f"--run={tmp_path}/bad", "--log_every=5000", "--checkpoint_every=4999")  # fmt: skip
    assert outcome.code == 1
    text = runs.RunDirectory(tmp_path / "bad").log_file.read_text()
    assert "1,797 images" in text and "is not finite" in text and "try --learning_rate" in text


def test_tensorboard_gets_every_row_and_grid(trained_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(runs.RunDirectory(trained_run).tensorboard_dir))
    events.Reload()
    assert {"settings", "training images", "loss/generator", "samples/diversity"} <= set(events.Tags()["tensors"])
    assert [event.step for event in events.Tensors("loss/discriminator")] == [2, 4, 6, 8, 10]
    assert [event.step for event in events.Tensors("samples")] == [0, 5, 10]


def test_two_starts_at_once_take_two_directories(tmp_path):
    first, second = runs.numbered_run(tmp_path, "a"), runs.numbered_run(tmp_path, "a")
    assert (first.path.name, second.path.name) == ("00000-a", "00001-a")


def test_a_run_that_somebody_else_started_meanwhile_is_left_alone(script, tmp_path, monkeypatch):
    from dcgan_tf import data

    prepare = data.prepare_store

    def slowly(*arguments):
        store = prepare(*arguments)
        monkeypatch.undo()
        assert script("train", "--preset=tiny", "--seed=2", f"--run={tmp_path}/run").code == 0
        return store

    monkeypatch.setattr(data, "prepare_store", slowly)
    outcome = script("train", "--preset=tiny", "--seed=1", f"--run={tmp_path}/run")
    assert outcome.code == 1 and "another process" in outcome.last_line
    assert runs.RunDirectory(tmp_path / "run").read_config()[0].training.seed == 2


def test_a_flag_goes_on_working_under_its_old_name(script):
    outcome = script("train", "--dry_run", "--preset=tiny", "--latent_law=uniform")
    assert outcome.code == 0 and "--latent_distribution=uniform" in outcome.out
