"""Runs that are ruined on purpose: the verdict comes, and the best checkpoint stays."""

import json

import pytest

from dcgan_tf import best, runs
from dcgan_tf.models import generator as generation
from dcgan_tf.training import health

TINY = ("--preset=tiny", "--checkpoint_every=1000", "--sample_every=1000", "--log_every=20", "--evaluate_every=100")


def verdicts(path) -> list[str]:
    rows = [json.loads(line) for line in runs.RunDirectory(path).metrics_file.read_text().splitlines()]
    return list(dict.fromkeys(row["health"] for row in rows))


def last_score(path) -> dict:
    return json.loads(runs.RunDirectory(path).scores_file.read_text().splitlines()[-1])


def test_a_generator_that_outputs_one_image_is_stopped(script, tmp_path, monkeypatch):
    """From step 200 on; the message, the exit code, the best checkpoint, and how to go on all the same."""
    images = generation.Generator.images

    def one_image(self, first, count, label=None):
        found = images(self, first, count, label)
        return found[:1].repeat(count, axis=0) if self.model.ruined else found

    def load(self, weights):
        self.model.ruined = trained["step"] >= 200
        loaded(self, weights)

    from dcgan_tf.training import loop

    loaded, advance, trained = generation.Generator.load, loop.Trainer._advance, {"step": 0}

    def advanced(self):
        trained["step"] = self.step + 20
        advance(self)

    monkeypatch.setattr(generation.Generator, "images", one_image)
    monkeypatch.setattr(generation.Generator, "load", load)
    monkeypatch.setattr(loop.Trainer, "_advance", advanced)
    arguments = (*TINY, f"--run={tmp_path}/run", "--steps=340", "--steps_per_execution=20")
    outcome = script("train", *arguments, "--stop_on_collapse")
    assert outcome.code == 3, outcome.err
    assert "step 300: collapsing: the samples differ far less" in outcome.err
    assert "stopped at step 300: collapsing" in outcome.err and f"--run={tmp_path}/run --checkpoint=best" in outcome.err
    assert outcome.last_line.strip() == f"python train.py --run={tmp_path}/run --nostop_on_collapse"
    run = runs.RunDirectory(tmp_path / "run")
    assert best.of(run) and runs.step_of(run.checkpoint_files()[-1]) == 300
    assert script("train", f"--run={run.path}", "--nostop_on_collapse").code == 0
    assert verdicts(run.path)[-1] == health.COLLAPSING


def test_a_discriminator_that_is_far_too_strong(script, tmp_path, monkeypatch):
    """It learns, and the generator does not."""
    from dcgan_tf.training import loop

    opened = loop.Trainer._open

    def unequal(self):
        self.state.generator_optimizer.learning_rate.assign(0.0)
        opened(self)

    monkeypatch.setattr(loop.Trainer, "_open", unequal)
    arguments = ("--learning_rate=0.02", "--steps=300", "--steps_per_execution=20", "--evaluate_every=300")
    outcome = script("train", *TINY, *arguments, f"--run={tmp_path}/run")
    assert outcome.code == 0, outcome.err
    assert verdicts(tmp_path / "run") == [health.STARTING, health.STRONG_DISCRIMINATOR]
    assert "discriminator too strong: the discriminator rejects" in outcome.err


def test_values_that_are_not_finite(script, tmp_path, monkeypatch):
    from dcgan_tf.training import loop

    advance = loop.Trainer._advance

    def broken(self):
        if self.step == 4:
            self.state.sums.assign(self.state.sums * float("nan"))
        advance(self)

    monkeypatch.setattr(loop.Trainer, "_advance", broken)
    outcome = script("train", "--preset=tiny", f"--run={tmp_path}/run")
    assert outcome.code == 1 and "diverged: d_loss is not finite" in outcome.last_line
    assert best.of(runs.RunDirectory(tmp_path / "run")).step == 0


@pytest.mark.slow
def test_the_collapse_run(script, tmp_path):
    """A learning rate of 0.1: named in words, stopped, and the best checkpoint is better than the last."""
    settings = ("--preset=digits_32", "--base_filters=16", "--learning_rate=0.1", "--steps=2500", "--sample_every=500")
    outcome = script("train", *settings, "--evaluate_every=50", "--stop_on_collapse", f"--run={tmp_path}/run")
    assert outcome.code == 3, outcome.err
    assert "collapsing: " in outcome.err
    kept, last = best.of(runs.RunDirectory(tmp_path / "run")), last_score(tmp_path / "run")
    assert kept.step < last["step"] and kept.value < 0.8 * last[kept.name]
    assert script("generate", f"--run={tmp_path}/run", "--checkpoint=best", f"--out={tmp_path}/grid.png").code == 0
