"""The loop: decides when. What a step is, what a file looks like and what a pixel means is decided elsewhere."""

import logging
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from dcgan_tf import best, checkpoints
from dcgan_tf.config import Config
from dcgan_tf.data import ImageStore, batches, settle
from dcgan_tf.errors import UserError
from dcgan_tf.models.generator import Generator
from dcgan_tf.progress import Progress
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training import distribution, health
from dcgan_tf.training.diversity import Diversity
from dcgan_tf.training.evaluator import Evaluator, one_blas_thread, random_frechet
from dcgan_tf.training.reporting import Reporter, read_rows
from dcgan_tf.training.state import SCALARS, TrainingState
from dcgan_tf.training.step import make_train_steps

log = logging.getLogger(__name__)


COLLAPSED = 1000
"""Beside the numbers of signals, why all workers stop."""


class Stopped(Exception):
    """Training was stopped, after a checkpoint was written.

    Attributes:
        step: where it stands.
        exit_code: what the process should end with.
    """

    def __init__(self, step: int, reason: str, exit_code: int):
        super().__init__(f"stopped at step {step}: {reason}")
        self.step, self.exit_code = step, exit_code


class Interrupted(Stopped):
    """It was stopped by a signal; the exit code is 128 plus its number."""

    def __init__(self, step: int, number: int):
        super().__init__(step, signal.Signals(number).name, 128 + number)


class Collapsed(Stopped):
    """It was stopped since its samples had collapsed or its losses diverged (`report.stop_on_collapse`)."""

    def __init__(self, step: int, verdict: health.Verdict | None):
        super().__init__(step, str(verdict) if verdict else "the first worker says so", 3)


class Trainer:
    """A run, restored to its latest checkpoint and ready to go on.

    Args:
        config: all settings.
        run: the run directory; it exists.
        store: the images.
        strategy: the devices.
        evaluator: what scores the generator every `report.evaluate_every` steps; by default `random_frechet`.

    Attributes:
        step: generator updates done.
        verdict: how the training is doing; None before the first row, and where another worker is the chief.

    Raises:
        UserError: when the run's checkpoints cannot be used or are gone, or workers do not agree.
    """

    def __init__(
        self,
        config: Config,
        run: RunDirectory,
        store: ImageStore,
        strategy: tf.distribute.Strategy,
        evaluator: Evaluator | None = None,
    ):
        self.config, self.run, self.store, self.strategy, self.evaluator = config, run, store, strategy, evaluator
        self.verdict: health.Verdict | None = None
        with _failures_explained(config, strategy):
            with strategy.scope():
                self.state = TrainingState(config)
            restored = checkpoints.restore_latest(run, self.state.variables())
            self.step = restored or 0
            distribution.require_agreement(
                strategy, {"the images": int(store.checksum[:15], 16), "the step": self.step}
            )
        if restored is None and (rows := read_rows(run)):
            raise UserError(
                f"{run.checkpoints_dir}: there is no checkpoint, but {run.metrics_file.name} reaches step "
                f"{rows[-1]['step']}; put the checkpoints back, or start a new --run"
            )

    def train(self) -> None:
        """Trains until `config.training.steps`.

        Raises:
            Interrupted: on SIGINT or SIGTERM, after a checkpoint.
            Collapsed: where `report.stop_on_collapse` asks for it, after a checkpoint.
            UserError: when a value is no longer finite, memory is too small, or a worker is lost.
        """
        self.batches = None
        try:
            with _failures_explained(self.config, self.strategy):
                self._open()
                self._run()
        finally:
            settle()
            self.batches = None

    def _run(self) -> None:
        with _signals() as received, self.progress:
            while self.step < self.config.training.steps:
                self._advance()
                ruined = self.config.report.stop_on_collapse and self.verdict and self.verdict.ruined
                own = received[0] if received else COLLAPSED if ruined else 0
                if number := self._stop(own):  # the same step on every worker
                    self._save()
                    self._close()
                    raise Collapsed(self.step, self.verdict) if number == COLLAPSED else Interrupted(self.step, number)
        self._close()

    def _open(self) -> None:
        self.reporter = None
        if distribution.is_chief(self.strategy):
            checkpoints.set_aside_later(self.run, self.step)
            best.forget_provisional(self.run)
            self.reporter = Reporter(self.run, self.step, provisional=self.state.summed_steps.numpy() > 0)
            self.sampler, self._sampled = Generator(self.config.model), -1
            self._open_evaluation()
        self._stop = distribution.largest_of_workers(self.strategy)
        self.train_steps = make_train_steps(self.state, self.config, self.strategy)
        self.batches = iter(distribution.distribute(self.strategy, self._parts_of_batches))
        self.progress = Progress(self.config.training.steps, "steps", "training", start=self.step)
        self._seconds, self._reported = 0.0, self.step
        if self.step == 0:
            score = self._evaluate(due=True)
            self._draw_samples()
            self._keep_best(score)
            self._save()

    def _open_evaluation(self) -> None:
        if self.config.report.evaluate_every:
            with one_blas_thread():
                self.evaluator = self.evaluator or random_frechet(self.store)
                self.diversity = Diversity(self.store)

    def _parts_of_batches(self, parts: int, own: list[int]) -> tf.data.Dataset:
        training = self.config.training
        first = self.step * training.d_steps
        return batches(self.store, training.batch_size, training.seed, self.config.data.flip, first, parts, own)

    def _advance(self) -> None:
        """Runs up to the next thing to report, or as many steps as one execution takes, and reports what is due."""
        report, total = self.config.report, self.config.training.steps
        periods = (report.log_every, report.sample_every, report.checkpoint_every, report.evaluate_every)
        due = min(total, *(self.step - self.step % period + period for period in periods if period))
        count = min(self.config.training.steps_per_execution, due - self.step)
        start = time.perf_counter()
        self.train_steps(self.batches, tf.constant(count, tf.int64))
        self._seconds += time.perf_counter() - start
        self.step += count
        if self.step == due:
            self._report(ended=self.step == total)
        self.progress.advance(count)

    def _report(self, ended: bool) -> None:
        report = self.config.report
        row = self._row()
        due = report.evaluate_every > 0 and self.step % report.evaluate_every == 0
        score = self._evaluate(due) if due or ended else None
        self._judge(row)
        if self.step % report.log_every == 0:
            self._log(row)
            self._reset_sums()
        elif ended:
            self._log(row)  # provisional: its sums go on if training does
        if self.step % report.sample_every == 0 or ended:
            self._draw_samples()
        self._keep_best(score)
        if self.step % report.checkpoint_every == 0 or ended:
            self._save()

    def _evaluate(self, due: bool) -> best.Score | None:
        """Scores the weights of now; a row says so if it was written only because training ends."""
        if not self.reporter or not self.config.report.evaluate_every:
            return None
        start = time.perf_counter()
        self._load_sampler()
        with one_blas_thread():
            values = self.evaluator.evaluate(self.sampler) | self.diversity(self.sampler)
        values = {name: float(f"{value:.6g}") for name, value in values.items()}  # what may be compared
        seconds = {"seconds": round(time.perf_counter() - start, 3)}
        self.reporter.score({"step": self.step, **values, **seconds, **({} if due else {"provisional": True})})
        name = self.evaluator.score
        return best.Score(self.step, name, values[name], self.evaluator.lower_is_better, provisional=not due)

    def _keep_best(self, score: best.Score | None) -> None:
        """Keeps the checkpoint if it is the best. The regular one is written later: it says that the step is done."""
        if score:
            checkpoints.save_if_best(self.run, self.state.variables(), score)

    def _judge(self, row: dict[str, Any]) -> None:
        """Adds the verdict to a row, and says so when it is another one."""
        if not self.reporter:
            return
        before = next((old["health"] for old in reversed(self.reporter.rows) if "health" in old), health.STARTING)
        before = self.verdict.state if self.verdict else before
        self.verdict = health.judge([*self.reporter.rows, row], self.reporter.scores)
        row["health"] = self.verdict.state
        if self.verdict.state != before:
            log.info("step %d: %s", self.step, self.verdict)

    def _row(self) -> dict[str, float]:
        """The means of the scalars since the last row, fetched from the device; all of them finite."""
        start = time.perf_counter()
        means = self.state.sums.numpy() / self.state.summed_steps.numpy()  # waits for the device
        self._seconds += time.perf_counter() - start
        values = dict(zip(SCALARS, map(float, means), strict=True))
        self._require_finite(values)
        training, seconds = self.config.training, max(self._seconds, 1e-9)
        images = training.d_steps * training.batch_size
        return {
            "step": self.step,
            "epoch": round(self.step * images / len(self.store), 4),
            **values,
            "seconds": round(seconds, 3),
            "images_per_second": round((self.step - self._reported) * images / seconds, 1),
            "waiting": round(float(self.state.seconds_waiting.numpy()) / seconds, 4),
        }

    def _log(self, row: dict[str, float]) -> None:
        if self.reporter:
            self.reporter.row(row)
        self.progress.note(describe(row))

    def _reset_sums(self) -> None:
        self.state.sums.assign(tf.zeros_like(self.state.sums))
        self.state.summed_steps.assign(0)
        self.state.seconds_waiting.assign(0.0)
        self._seconds, self._reported = 0.0, self.step

    def _draw_samples(self) -> None:
        """Draws the sample grid with the weights of now."""
        if self.reporter:
            self._load_sampler()
            self.reporter.samples(self.step, *self.sampler.samples(self.config.report.sample_count))

    def _load_sampler(self) -> None:
        """Gives the sampler the weights of now, once a step."""
        if self._sampled != self.step:
            self.sampler.load(self.state.sampling_weights())
            self._sampled = self.step

    def _save(self) -> None:
        """Writes a checkpoint, and draws the curves."""
        if self.reporter:
            checkpoints.save(self.run, self.step, self.state.variables(), self.config.report.keep_checkpoints)
            self.reporter.curves()

    def _close(self) -> None:
        if self.reporter:
            self.reporter.close()

    def _require_finite(self, values: dict[str, float]) -> None:
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if not bad:
            return
        optimizer, precision = self.config.optimizer, self.config.training.precision
        hints = [f"--learning_rate={optimizer.learning_rate / 4:g}"]
        hints += ["--precision=float32"] if precision != "float32" else []
        raise UserError(
            f"step {self.step}: {health.DIVERGED}: {bad[0]} is not finite; try {' or '.join(hints)} in a new run "
            f"({checkpoints.last_good(self.run)})"
        )


@contextmanager
def _failures_explained(config: Config, strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Turns what the devices raise when memory runs out or a worker has gone into one line."""
    try:
        with distribution.lost_worker_explained(strategy):
            yield
    except tf.errors.ResourceExhaustedError as error:
        half = max(2, config.training.batch_size // 2)
        raise UserError(f"the device's memory is too small; try --batch_size={half} in a new run") from error


def describe(row: dict[str, Any]) -> str:
    """A row as the progress bar shows it."""
    return (
        f"D loss {row['d_loss']:.3f}  G loss {row['g_loss']:.3f}  "
        f"D(x) {row['d_real']:.2f}  D(G(z)) {row['d_fake']:.2f}  "
        f"{row['images_per_second']:,.0f} images/s  waiting for data {row['waiting']:.0%}"
        + (f"  {row['health']}" if "health" in row else "")  # only the chief judges
    )


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM instead of dying of them; a second one acts as usual."""
    received: list[int] = []
    old = {}

    def note(number: int, _frame) -> None:
        received.append(number)
        for each, handler in old.items():
            signal.signal(each, handler)
        log.warning("%s: ending this step and writing a checkpoint; again to stop at once", signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM):
        old[number] = signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
