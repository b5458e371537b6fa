"""The loop: decides when. What a step is, what a file looks like and what a pixel means is decided elsewhere."""

import logging
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.data import ImageStore, batches
from dcgan_tf.errors import UserError
from dcgan_tf.generation import InferenceGenerator
from dcgan_tf.progress import Progress
from dcgan_tf.runs import Run
from dcgan_tf.training import checkpoints, distribution
from dcgan_tf.training.reporting import Reporter
from dcgan_tf.training.state import SCALARS, TrainingState
from dcgan_tf.training.step import make_train_steps

log = logging.getLogger(__name__)


class Interrupted(Exception):
    """Training was stopped by a signal after a checkpoint was written.

    Attributes:
        step: where it stands.
        exit_code: what the process should end with: 128 plus the signal's number.
    """

    def __init__(self, step: int, number: int):
        super().__init__(f"stopped by {signal.Signals(number).name} at step {step}")
        self.step, self.exit_code = step, 128 + number


def train(config: Config, run: Run, store: ImageStore, strategy: tf.distribute.Strategy) -> int:
    """Trains until `config.training.steps`, from the latest checkpoint of the run if it has one.

    Returns:
        The step at which it began.

    Raises:
        Interrupted: on SIGINT or SIGTERM, after a checkpoint.
        UserError: when a value is no longer finite, or a file cannot be written.
    """
    with distribution.lost_worker_explained(strategy):
        return _train(_Trainer(config, run, store, strategy))


def _train(trainer: "_Trainer") -> int:
    with _signals() as received, trainer.progress:
        while trainer.step < trainer.config.training.steps:
            trainer.advance()
            if received:
                trainer.save()
                trainer.close()
                raise Interrupted(trainer.step, received[0])
    trainer.close()
    return trainer.began


class _Trainer:
    """A run under way."""

    def __init__(self, config: Config, run: Run, store: ImageStore, strategy: tf.distribute.Strategy):
        self.config, self.run, self.store = config, run, store
        with strategy.scope():
            self.state = TrainingState(config)
        self.step = self.began = checkpoints.restore_latest(run, self.state.variables()) or 0
        distribution.require_agreement(strategy, {"the images": int(store.checksum[:15], 16), "the step": self.step})
        self.reporter = Reporter(run, self.step) if distribution.is_chief(strategy) else None
        self.sampler = InferenceGenerator(config.model)
        self.train_steps = make_train_steps(self.state, config, strategy)
        training, first = config.training, self.step * config.training.d_steps
        self.batches = iter(
            distribution.distribute(
                strategy,
                lambda parts, own: batches(
                    store, training.batch_size, training.seed, config.data.flip, first, parts, own
                ),
            )
        )
        self.progress = Progress(config.training.steps, "steps", "training", start=self.step)
        self._seconds, self._reported = 0.0, self.step
        if self.step == 0:
            self.draw_samples()
            self.save()

    def advance(self) -> None:
        """Runs up to the next thing to report, or as many steps as one execution takes, and reports what is due."""
        report, total = self.config.report, self.config.training.steps
        periods = (report.log_every, report.sample_every, report.checkpoint_every)
        due = min(total, *(self.step - self.step % period + period for period in periods))
        count = min(self.config.training.steps_per_execution, due - self.step)
        self._compute(count)
        if self.step % report.log_every == 0:
            self.log_row()
        if self.step % report.sample_every == 0 or self.step == total:
            self.draw_samples()
        if self.step % report.checkpoint_every == 0 or self.step == total:
            self.save()
        self.progress.advance(count)

    def _compute(self, count: int) -> None:
        start = time.perf_counter()
        try:
            self.train_steps(self.batches, tf.constant(count, tf.int64))
        except tf.errors.ResourceExhaustedError as error:
            half = max(2, self.config.training.batch_size // 2)
            raise UserError(f"the device's memory is too small; try --batch_size={half} in a new run") from error
        self._seconds += time.perf_counter() - start
        self.step += count

    def log_row(self) -> None:
        """Fetches the scalars since the last row and writes their means."""
        start = time.perf_counter()
        means = self.state.sums.numpy() / self.state.summed_steps.numpy()  # waits for the device
        self._seconds += time.perf_counter() - start
        values = dict(zip(SCALARS, map(float, means), strict=True))
        self._check_finite(values)
        training, seconds = self.config.training, max(self._seconds, 1e-9)
        row = {
            "step": self.step,
            "epoch": round(self.step * training.d_steps * training.batch_size / len(self.store), 4),
            **values,
            "seconds": round(seconds, 3),
            "images_per_second": round(
                (self.step - self._reported) * training.d_steps * training.batch_size / seconds, 1
            ),
            "waiting": round(float(self.state.seconds_waiting.numpy()) / seconds, 4),
        }
        if self.reporter:
            self.reporter.row(row)
        self.progress.note(describe(row))
        self.state.sums.assign(tf.zeros_like(self.state.sums))
        self.state.summed_steps.assign(0)
        self.state.seconds_waiting.assign(0.0)
        self._seconds, self._reported = 0.0, self.step

    def draw_samples(self) -> None:
        """Draws the images of the seeds 0, 1, 2, ... with the weights of now."""
        if not self.reporter:
            return
        self.sampler.load(self.state.sampling_weights())
        self.reporter.samples(self.step, self.sampler.images(0, self.config.report.sample_count))

    def save(self) -> None:
        """Writes a checkpoint, and draws the curves."""
        if not self.reporter:
            return
        checkpoints.save(self.run, self.step, self.state.variables(), self.config.report.keep_checkpoints)
        self.reporter.curves()

    def close(self) -> None:
        """Draws the animation of all grids so far: seconds of work, so once at the end."""
        if self.reporter:
            self.reporter.animation()

    def _check_finite(self, values: dict[str, float]) -> None:
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if not bad:
            return
        optimizer, precision = self.config.optimizer, self.config.training.precision
        hints = [f"--learning_rate={optimizer.learning_rate / 4:g}"]
        hints += ["--precision=float32"] if precision != "float32" else []
        raise UserError(
            f"step {self.step}: {bad[0]} is not finite, training has diverged; try {' or '.join(hints)} "
            f"in a new run ({checkpoints.last_good(self.run)})"
        )


def describe(row: dict[str, float]) -> str:
    """A row as the progress bar shows it."""
    return (
        f"D loss {row['d_loss']:.3f}  G loss {row['g_loss']:.3f}  "
        f"D(x) {row['d_real']:.2f}  D(G(z)) {row['d_fake']:.2f}  "
        f"{row['images_per_second']:,.0f} images/s  waiting for data {row['waiting']:.0%}"
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
