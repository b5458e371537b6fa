"""What is done every so many steps: evaluation, verdict, rows, sample grids, checkpoints, the best one.

Only the chief does it, for all workers. `reporting` and `checkpoints` know what the files look like.
"""

import logging
import time

from dcgan_tf import checkpoints
from dcgan_tf.checkpoints import Score
from dcgan_tf.config import Config
from dcgan_tf.data import ImageStore
from dcgan_tf.models.generator import Generator
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training.diversity import Diversity
from dcgan_tf.training.evaluator import Evaluator, one_blas_thread, random_frechet
from dcgan_tf.training.reporting import OnSamples, Reporter
from dcgan_tf.training.row_file import Row
from dcgan_tf.training.state import TrainingState

log = logging.getLogger(__name__)


class PeriodicWork:
    """Decides what is due at a step, and writes it.

    Args:
        config: all settings.
        directory: the run directory; what it holds beyond `restored` is removed, because it will be made again.
        restored: the step of the checkpoint in `state`; None without one.
        state: what is trained.
        store: the training images.
        sampler: a generator for samples; it takes its weights from `state`.
        evaluator: what scores the generator every `report.evaluate_every` steps; None for `random_frechet`.
        on_samples: see `Reporter`.

    Attributes:
        verdict: how training is doing.
    """

    def __init__(
        self, config: Config, directory: RunDirectory, restored: int | None, state: TrainingState, store: ImageStore,
        sampler: Generator, evaluator: Evaluator | None = None, on_samples: OnSamples | None = None,
    ):  # fmt: skip
        self._settings, self._directory, self._state, self._sampler = config.report, directory, state, sampler
        done = -1 if restored is None else restored
        checkpoints.set_aside_later(directory, done)
        checkpoints.undo(directory, done)
        checkpoints.prune(directory, done, self._settings.keep_checkpoints)
        self._reporter = Reporter(directory, done, bool(state.summed_steps.numpy() > 0), on_samples)
        self.verdict = self._reporter.verdict()
        self._health = self._reporter.state
        if self._settings.evaluate_every:
            with one_blas_thread():
                self._evaluator, self._diversity = evaluator or random_frechet(store), Diversity(store)

    def report(self, step: int, row: Row | None, ended: bool = False) -> None:
        """Writes what is due at a step, and everything when training has ended there.

        The checkpoint says that all the rest is done, so it comes last. What is written only because training has ended
        is provisional: it is removed when training continues, so that a continued run leaves the same files as one that
        never stopped. What may stay, as the verdict in a row, does not depend on it.

        Args:
            step: generator updates done.
            row: the means since the last row; it gets a "health". None at step 0.
            ended: whether this is the last step.
        """
        settings = self._settings
        scored = settings.evaluate_every > 0 and step % settings.evaluate_every == 0
        drawn = step % settings.sample_every == 0
        score = self._evaluate(step) if scored else None
        if row:
            self._judge(row)
            if step % settings.log_every == 0 or ended:
                self._reporter.row(row)
        if ended and settings.evaluate_every and not scored:
            score = self._evaluate(step, provisional=True)
            self.verdict = self._reporter.verdict()
        if drawn or ended:
            samples = self._loaded_sampler(step).samples(settings.sample_count)
            self._reporter.samples(step, *samples, provisional=not drawn)
        if score:
            checkpoints.keep_if_best(self._directory, self._state.variables(), score)
        if step % settings.checkpoint_every == 0 or ended:
            self.save(step)

    def save(self, step: int) -> None:
        """Draws the curves, and writes a checkpoint."""
        self._reporter.curves()
        provisional = step % self._settings.checkpoint_every != 0
        checkpoints.save(self._directory, step, self._state.variables(), self._settings.keep_checkpoints, provisional)

    def close(self) -> None:
        """Writes what is written once, when training ends."""
        self._reporter.close()

    def _evaluate(self, step: int, provisional: bool = False) -> Score:
        start = time.perf_counter()
        sampler = self._loaded_sampler(step)
        with one_blas_thread():
            values = self._evaluator.evaluate(sampler) | self._diversity(sampler)
        values = {name: float(f"{value:.6g}") for name, value in values.items()}  # further digits are noise
        seconds = {"seconds": round(time.perf_counter() - start, 3)}
        self._reporter.score({"step": step, **values, **seconds, **({"provisional": True} if provisional else {})})
        name = self._evaluator.score_name
        return Score(step, name, values[name], self._evaluator.lower_is_better, provisional=provisional)

    def _judge(self, row: Row) -> None:
        """Adds the verdict to a row, and logs it when it has changed."""
        self.verdict = self._reporter.verdict(row)
        row["health"] = self.verdict.state
        if self.verdict.state != self._health:
            level = logging.WARNING if self.verdict.ruined else logging.INFO
            log.log(level, "step %d: %s", row["step"], self.verdict)
        self._health = self.verdict.state

    def _loaded_sampler(self, step: int) -> Generator:
        """The sampler with the weights of this step; loading them is the costly part."""
        if self._sampler.step != step:
            self._sampler.load(self._state.sampling_weights())
            self._sampler.step, self._sampler.weights = step, "ema" if self._state.averages else "raw"
        return self._sampler
