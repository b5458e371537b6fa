"""The best checkpoint: kept, found, and the same after an interruption."""

import json

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import best, checkpoints, runs
from dcgan_tf.errors import UserError
from tests import processes
from tests.training.test_resume import assert_same, content


@pytest.fixture
def run(tmp_path):
    made = runs.RunDirectory(tmp_path / "run")
    made.create()
    return made


def offer(run, step: int, value: float, **more) -> None:
    variables = {"step": tf.Variable(step, dtype=tf.int64)}
    checkpoints.save_if_best(run, variables, best.Score(step, "frechet_x", value, **more))


def kept(run) -> list[int]:
    return [runs.step_of(path) for path in run.best_checkpoint_files()]


def test_only_a_better_one_replaces_it(run):
    for step, value in ((0, 9.0), (5, 4.0), (10, 4.0), (15, 6.0)):
        offer(run, step, value)
    assert kept(run) == [5] and best.of(run) == best.Score(5, "frechet_x", 4.0)
    assert sorted(path.name for path in run.best_dir.iterdir()) == ["step-00000005.json", "step-00000005.npz"]
    assert checkpoints.read(run.best_checkpoint_files()[0])["step"] == 5


def test_where_higher_is_better(run):
    for step, value in ((0, 1.0), (5, 3.0), (10, 2.0)):
        offer(run, step, value, lower_is_better=False)
    assert kept(run) == [5]


def test_another_score_cannot_be_compared_and_takes_over(run):
    offer(run, 5, 4.0)
    checkpoints.save_if_best(run, {"step": tf.Variable(10)}, best.Score(10, "other", 400.0))
    assert kept(run) == [10]


def test_a_provisional_one_stands_beside_the_best_and_is_forgotten(run):
    offer(run, 5, 4.0)
    offer(run, 7, 3.0, provisional=True)
    assert best.of(run).step == 7 and kept(run) == [5, 7]
    best.forget_provisional(run)
    assert best.of(run).step == 5 and kept(run) == [5]


def test_one_whose_score_is_lost_does_not_count(run):
    offer(run, 5, 4.0)
    (run.best_dir / "step-00000005.json").write_text("{")
    assert best.of(run) is None
    offer(run, 10, 8.0)
    assert kept(run) == [10]


def test_a_value_that_is_not_finite_is_not_the_best(run):
    offer(run, 5, 4.0)
    with pytest.raises(UserError, match="not finite"):
        checkpoints.save_if_best(run, {"a": tf.Variable([np.nan])}, best.Score(10, "frechet_x", 1.0))
    assert kept(run) == [5]


def test_find_by_name_and_by_step(run):
    for step in (5, 10):
        checkpoints.save(run, step, {"step": tf.Variable(step)}, keep=3)
    with pytest.raises(UserError, match=r"the steps 5, 10; latest is step 10, and no best one"):
        checkpoints.find(run, "best")
    offer(run, 2, 4.0)
    assert checkpoints.find(run, "best") == checkpoints.find(run, "2") == run.best_dir / "step-00000002.npz"
    assert checkpoints.find(run, "latest") == checkpoints.find(run) == checkpoints.find(run, 10)
    for wrong in ("worst", "-1", "7", "²"):
        with pytest.raises(UserError, match=r"the steps 2, 5, 10; latest is step 10, best is step 2 with frechet_x 4"):
            checkpoints.find(run, wrong)


def scores(path) -> list[dict]:
    lines = runs.RunDirectory(path).scores_file.read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


def assert_same_judgement(first, second):
    assert_same(content(first), content(second))
    assert scores(first) == scores(second)
    ours, theirs = runs.RunDirectory(first), runs.RunDirectory(second)
    assert best.scores(ours) == best.scores(theirs)
    for mine, other in zip(ours.best_checkpoint_files(), theirs.best_checkpoint_files(), strict=True):
        one, two = checkpoints.read(mine), checkpoints.read(other)
        assert all(np.array_equal(one[name], two[name]) for name in one | two)


COMMON = ("--preset=tiny", "--log_every=3", "--sample_every=4", "--checkpoint_every=4", "--evaluate_every=2")


def test_a_run_that_was_continued_has_the_same_scores_best_and_verdicts(script, tmp_path):
    """Stopped where no evaluation was due, and after a crash beyond the last checkpoint."""
    common = (*COMMON, "--learning_rate=0.01")
    assert script("train", *common, f"--run={tmp_path}/whole", "--steps=12").code == 0
    assert script("train", *common, f"--run={tmp_path}/parts", "--steps=5").code == 0
    assert [row["step"] for row in scores(tmp_path / "parts") if row.get("provisional")] == [5]
    assert script("train", *common, f"--run={tmp_path}/parts", "--steps=12").code == 0
    runs.RunDirectory(tmp_path / "parts").samples_file(5).unlink()
    assert_same_judgement(tmp_path / "whole", tmp_path / "parts")
    runs.RunDirectory(tmp_path / "parts").checkpoint_file(12).unlink()
    assert script("train", f"--run={tmp_path}/parts").code == 0
    assert_same_judgement(tmp_path / "whole", tmp_path / "parts")
    assert [row["step"] for row in scores(tmp_path / "whole")] == [0, 2, 4, 6, 8, 10, 12]


def test_scoring_does_not_change_the_run(script, tmp_path):
    for name, every in (("with", 2), ("without", 0)):
        assert script("train", *COMMON, f"--evaluate_every={every}", f"--run={tmp_path}/{name}", "--steps=8").code == 0
    processes.assert_bit_equal(tmp_path / "with", tmp_path / "without")
    assert not runs.RunDirectory(tmp_path / "without").scores_file.exists() and not kept(
        runs.RunDirectory(tmp_path / "without")
    )


def test_a_run_from_before_there_were_scores_goes_on(script, tmp_path):
    """Its config.json lacks the settings, its rows the verdict."""
    run = runs.RunDirectory(tmp_path / "old")
    assert script("train", *COMMON, "--evaluate_every=0", f"--run={run.path}", "--steps=6").code == 0
    config = json.loads(run.config_file.read_text())
    del config["config"]["report"]["evaluate_every"], config["config"]["report"]["stop_on_collapse"]
    run.config_file.write_text(json.dumps(config))
    rows = [json.loads(line) for line in run.metrics_file.read_text().splitlines()]
    run.metrics_file.write_text(
        "".join(json.dumps({k: v for k, v in row.items() if k != "health"}) + "\n" for row in rows)
    )
    assert script("train", f"--run={run.path}", "--steps=9", "--evaluate_every=8").code == 0
    assert [row["step"] for row in scores(run.path)] == [8, 9]
    rows = [json.loads(line) for line in run.metrics_file.read_text().splitlines()]
    assert [row.get("health") for row in rows] == [None, None, "starting"]


def test_generate_takes_the_best(script, trained_run, tmp_path):
    step = best.of(runs.RunDirectory(trained_run)).step
    outcome = script("generate", f"--run={trained_run}", "--checkpoint=best", f"--out={tmp_path}/a.png")
    assert outcome.code == 0 and f"at step {step}" in outcome.err
    assert script("generate", f"--run={trained_run}", f"--checkpoint={step}", f"--out={tmp_path}/b.png").code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
