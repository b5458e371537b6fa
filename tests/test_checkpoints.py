import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import checkpoints
from dcgan_tf.errors import UserError
from dcgan_tf.runs import RunDirectory


@pytest.fixture
def run(tmp_path):
    made = RunDirectory(tmp_path / "run")
    made.create()
    return made


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
def test_a_damaged_checkpoint_is_noticed_and_the_one_before_is_used(run, how, caplog):
    for step in (1, 2):
        checkpoints.save(run, step, variables(step), keep=3)
    damage(run.checkpoint_file(2), how)
    fresh = variables(0.0)
    assert checkpoints.restore_latest(run, fresh) == 1
    assert fresh["generator/a/kernel"].numpy()[0, 0] == 1
    assert "step-00000002.npz" in caplog.text and len(caplog.records) == 1


def test_when_none_is_usable_that_is_an_error_and_no_fresh_start(run):
    checkpoints.save(run, 1, variables(1), keep=3)
    damage(run.checkpoint_file(1), "truncated")
    with pytest.raises(UserError, match="none of the 1 checkpoints"):
        checkpoints.restore_latest(run, variables(0.0))


def test_a_new_run_has_nothing_to_restore(run):
    assert checkpoints.restore_latest(run, variables(0.0)) is None


def test_other_variables_are_refused(run):
    checkpoints.save(run, 1, {"other": tf.Variable(1.0)}, keep=3)
    with pytest.raises(UserError, match="none of the 1"):
        checkpoints.restore_latest(run, variables(0.0))


def test_a_value_that_is_not_finite_is_never_saved(run):
    checkpoints.save(run, 1, variables(1), keep=3)
    with pytest.raises(UserError, match=r"step 2: generator/a/kernel is not finite.*last good one is step 1"):
        checkpoints.save(run, 2, variables(1) | {"generator/a/kernel": tf.Variable([np.nan])}, keep=3)
    assert [path.name for path in run.checkpoint_files()] == ["step-00000001.npz"]


def test_a_step_that_is_not_there_names_those_that_are(run):
    for step in (5, 10):
        checkpoints.save(run, step, variables(step), keep=3)
    assert checkpoints.find(run).name == "step-00000010.npz"
    with pytest.raises(UserError, match="5, 10"):
        checkpoints.find(run, 7)
