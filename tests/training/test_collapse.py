"""Runs that are ruined on purpose: the verdict comes, and the best checkpoint stays."""

import pytest

from dcgan_tf import checkpoints
from dcgan_tf.models.generator import Generator
from dcgan_tf.runs import RunDirectory, step_of
from dcgan_tf.training import health
from tests import processes

TINY = ("--preset=tiny", "--checkpoint_every=1000", "--sample_every=1000", "--log_every=20", "--evaluate_every=100")


def verdicts(path) -> list[str]:
    return list(dict.fromkeys(row["health"] for row in processes.rows(path)))


@pytest.mark.full
def test_a_generator_that_outputs_one_image_is_stopped(script, tmp_path, monkeypatch):
    """From step 200 on; the message, the exit code, the best checkpoint, and how to continue anyway."""
    blocks = Generator.blocks

    def one_image(self, seeds, label=None):
        for images in blocks(self, seeds, label):
            yield images if self.step < 200 else images[:1].repeat(len(images), axis=0) * 0

    monkeypatch.setattr(Generator, "blocks", one_image)
    arguments = (*TINY, f"--run={tmp_path}/run", "--steps=340", "--steps_per_execution=20")
    outcome = script("train", *arguments, "--stop_on_collapse")
    assert outcome.code == 3, outcome.err
    assert "step 300: collapsing: the samples differ far less" in outcome.err
    assert "stopped at step 300: collapsing" in outcome.err and f"--run={tmp_path}/run --checkpoint=best" in outcome.err
    assert outcome.last_line.strip().endswith(f"--run={tmp_path}/run --nostop_on_collapse")
    run = RunDirectory(tmp_path / "run")
    assert checkpoints.best_score(run) and step_of(run.checkpoint_files()[-1]) == 300
    assert script("train", f"--run={run.path}", "--nostop_on_collapse").code == 0
    assert verdicts(run.path)[-1] == health.COLLAPSING


@pytest.mark.full
def test_a_discriminator_that_is_far_too_strong(script, tmp_path, at_step):
    """It learns, and the generator does not."""
    at_step(1, lambda state: state.rates[0].assign(0.0))
    arguments = ("--learning_rate=0.02", "--steps=300", "--steps_per_execution=20", "--evaluate_every=300")
    outcome = script("train", *TINY, *arguments, f"--run={tmp_path}/run")
    assert outcome.code == 0, outcome.err
    assert verdicts(tmp_path / "run") == [health.STARTING, health.STRONG_DISCRIMINATOR]
    assert "discriminator too strong: the discriminator rejects" in outcome.err and "try --d_steps=1" in outcome.err


@pytest.mark.full
def test_values_that_are_not_finite(script, tmp_path, at_step):
    at_step(4, lambda state: state.sums.assign(state.sums * float("nan")))
    outcome = script("train", "--preset=tiny", f"--run={tmp_path}/run")
    assert outcome.code == 1 and "step 4: diverged: d_loss is not finite" in outcome.last_line
    assert "--learning_rate=5e-05 in a new run (the last good one is step 0)" in outcome.last_line
    assert checkpoints.best_score(RunDirectory(tmp_path / "run")).step == 0


@pytest.mark.slow
def test_the_collapse_run(script, tmp_path):
    """A learning rate of 0.1: named in words, stopped, and the best checkpoint is better than the last."""
    settings = ("--preset=digits_32", "--base_filters=16", "--learning_rate=0.1", "--steps=2500", "--sample_every=500")
    outcome = script("train", *settings, "--evaluate_every=50", "--stop_on_collapse", f"--run={tmp_path}/run")
    assert outcome.code == 3, outcome.err
    assert "collapsing: " in outcome.err
    best, last = checkpoints.best_score(RunDirectory(tmp_path / "run")), processes.scores(tmp_path / "run")[-1]
    assert best.step < last["step"] and best.value < 0.8 * last[best.name]
    assert script("generate", f"--run={tmp_path}/run", "--checkpoint=best", f"--out={tmp_path}/grid.png").code == 0
