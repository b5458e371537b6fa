"""Checkpoints, without any training: whole or absent, verified, found, and the best one kept."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import checkpoints
from dcgan_tf.checkpoints import Score, best_score, keep_if_best, undo
from dcgan_tf.errors import UserError
from dcgan_tf.runs import RunDirectory, step_of


@pytest.fixture
def run(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    directory.create()
    return directory


def variables(value: float) -> dict[str, tf.Variable]:
    return {"generator/a/kernel": tf.Variable(tf.fill([3, 2], value)), "step": tf.Variable(int(value), dtype=tf.int64)}


def damage(path, how):
    content = bytearray(path.read_bytes())
    if how == "truncated":
        content = content[: len(content) // 2]
    elif how == "bit flipped":
        content[len(content) // 3] ^= 4
    else:
        content = bytearray()
    path.write_bytes(bytes(content))


def test_every_value_and_type_comes_back(run):
    assert checkpoints.restore_latest(run, variables(0.0)) is None
    saved = variables(7.25)
    checkpoints.save(run, 7, saved, keep=3)
    fresh = variables(0.0)
    assert checkpoints.restore_latest(run, fresh) == 7
    for name, variable in saved.items():
        assert np.array_equal(fresh[name].numpy(), variable.numpy()) and fresh[name].dtype == variable.dtype


def test_only_the_latest_are_kept(run):
    for step in range(1, 6):
        checkpoints.save(run, step, variables(step), keep=2)
    assert [path.name for path in run.checkpoint_files()] == ["step-00000004.npz", "step-00000005.npz"]


@pytest.mark.parametrize("how", ["truncated", "bit flipped", "emptied"])
def test_a_damaged_checkpoint_is_noticed_and_the_previous_one_is_used(run, how, caplog):
    for step in (1, 2):
        checkpoints.save(run, step, variables(step), keep=3)
    damage(run.checkpoint_file(2), how)
    fresh = variables(0.0)
    assert checkpoints.restore_latest(run, fresh) == 1
    assert fresh["generator/a/kernel"].numpy()[0, 0] == 1
    assert "step-00000002.npz" in caplog.text and len(caplog.records) == 1


@pytest.mark.parametrize("wanted", [{"other": 0.0}, {"generator/a/kernel": np.zeros((2, 2)), "step": 0}])
def test_checkpoints_of_other_networks_are_an_error_and_no_fresh_start(run, wanted):
    checkpoints.save(run, 1, variables(1), keep=3)
    with pytest.raises(UserError, match="none of the 1 checkpoints"):
        checkpoints.restore_latest(run, {name: tf.Variable(value) for name, value in wanted.items()})


def test_a_value_that_is_not_finite_is_never_saved(run):
    checkpoints.save(run, 1, variables(1), keep=3)
    bad = variables(1) | {"generator/a/kernel": tf.Variable([np.nan])}
    with pytest.raises(UserError, match=r"step 2: generator/a/kernel is not finite.*last good one is step 1"):
        checkpoints.save(run, 2, bad, keep=3)
    with pytest.raises(UserError, match="not finite"):
        keep_if_best(run, bad, Score(2, "frechet_x", 1.0))
    assert [path.name for path in run.checkpoint_files()] == ["step-00000001.npz"] and not kept(run)


def offer(run, step: int, value: float, name: str = "frechet_x", **more) -> None:
    keep_if_best(run, variables(step), Score(step, name, value, **more))


def kept(run) -> list[int]:
    return [step_of(path) for path in run.best_checkpoint_files()]


def test_only_a_better_one_replaces_the_best(run):
    for step, value in ((0, 9.0), (5, 4.0), (10, 4.0), (15, 6.0)):
        offer(run, step, value)
    assert kept(run) == [5] and best_score(run) == Score(5, "frechet_x", 4.0)
    assert sorted(path.name for path in run.best_dir.iterdir()) == ["step-00000005.json", "step-00000005.npz"]
    assert checkpoints.read(run.best_checkpoint_files()[0])["step"] == 5


def test_the_best_where_higher_is_better(run):
    for step, value in ((0, 1.0), (5, 3.0), (10, 2.0)):
        offer(run, step, value, lower_is_better=False)
    assert kept(run) == [5]


def test_a_different_score_cannot_be_compared_and_takes_over(run):
    offer(run, 5, 4.0)
    offer(run, 10, 400.0, name="other")
    assert kept(run) == [10]


def test_a_provisional_one_stands_beside_the_best_and_is_forgotten(run):
    offer(run, 5, 4.0)
    offer(run, 7, 3.0, provisional=True)
    assert best_score(run).step == 7 and kept(run) == [5, 7]
    undo(run, 7)
    assert best_score(run).step == 5 and kept(run) == [5]


def test_one_whose_score_is_lost_does_not_count(run):
    offer(run, 5, 4.0)
    (run.best_dir / "step-00000005.json").write_text("{")
    assert best_score(run) is None
    offer(run, 10, 8.0)
    assert kept(run) == [10]


def test_find_by_name_and_by_step(run):
    with pytest.raises(UserError, match="no checkpoint yet"):
        checkpoints.find(run)
    for step in (5, 10):
        checkpoints.save(run, step, variables(step), keep=3)
    with pytest.raises(UserError, match=r"the steps 5, 10; latest is step 10, there is no best one"):
        checkpoints.find(run, "best")
    offer(run, 2, 4.0)
    assert checkpoints.find(run, "best") == checkpoints.find(run, "2") == run.best_dir / "step-00000002.npz"
    assert checkpoints.find(run, "latest") == checkpoints.find(run) == checkpoints.find(run, 10)
    for wrong in ("worst", "-1", 7, "²"):
        with pytest.raises(UserError, match=r"the steps 2, 5, 10; latest is step 10, best is step 2 with frechet_x 4"):
            checkpoints.find(run, wrong)
