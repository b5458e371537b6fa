"""The loop: decides when. `step` knows what a step is, `periodic` what is done every so many steps."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from dcgan_tf import checkpoints, files
from dcgan_tf.config import Config
from dcgan_tf.data import ImageStore, batches, settle
from dcgan_tf.errors import UserError
from dcgan_tf.models import Generator
from dcgan_tf.models.custom_networks import Custom
from dcgan_tf.progress import Progress
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training import distribution, health
from dcgan_tf.training.evaluator import Evaluator
from dcgan_tf.training.forecast import Forecast
from dcgan_tf.training.periodic import PeriodicWork
from dcgan_tf.training.reporting import OnSamples, read_rows
from dcgan_tf.training.state import TrainingState
from dcgan_tf.training.step import fixed_order_of_sums, make_train_steps
from dcgan_tf.training.stopping import COLLAPSED, Collapsed, Interrupted, Stopped, collected_signals
from dcgan_tf.training.window import Window, describe


class Trainer:
    """A run, restored to its latest checkpoint and ready to train on.

    Args:
        config: all settings.
        directory: the run directory; it exists.
        store: the training images.
        strategy: the devices.
        evaluator: what scores the generator every `report.evaluate_every` steps; by default `random_frechet`.
        custom: networks and a loss of the user's own, see `models.custom_networks`.
        on_samples: called with the step and the picture, uint8 [height, width, channels], of each sample grid.

    Attributes:
        state: what is trained.
        step: generator updates done.

    Raises:
        UserError: the run's checkpoints are unusable or missing, or the workers do not agree.
    """

    def __init__(
        self, config: Config, directory: RunDirectory, store: ImageStore, strategy: tf.distribute.Strategy,
        evaluator: Evaluator | None = None, custom: Custom | None = None, on_samples: OnSamples | None = None,
    ):  # fmt: skip
        self.config, self.directory, self.store, self.strategy = config, directory, store, strategy
        self._evaluator, self._custom, self._on_samples = evaluator, custom or Custom(), on_samples
        self._chief: PeriodicWork | None = None
        with self._failures_explained():
            with strategy.scope():
                self.state = TrainingState(config, self._custom)
            self._restored = checkpoints.restore_latest(directory, self.state.variables())
            self.step = self._restored or 0
            shared = {"the images": int(store.checksum[:15], 16), "the step": self.step}
            distribution.require_agreement(strategy, shared)
        if self._restored is None and (rows := read_rows(directory)):
            raise UserError(
                f"{directory.checkpoints_dir}: there is no checkpoint, but {directory.metrics_file.name} reaches step "
                f"{rows[-1]['step']}; put the checkpoints back, or start a new run"
            )

    @property
    def verdict(self) -> health.Verdict | None:
        """How training is doing; None before the first report, and where another worker is the chief."""
        return self._chief.verdict if self._chief else None

    def train(self) -> None:
        """Trains until `config.training.steps`.

        In the main thread, SIGINT, SIGTERM and SIGHUP end training with a checkpoint; while the animation is made after
        it, they do what they did before. In any other thread, training just runs.

        Raises:
            Interrupted: on such a signal, after a checkpoint.
            Collapsed: on a collapse where `report.stop_on_collapse` is set, after a checkpoint.
            UserError: a value is not finite, the memory is too small, the disk is full, or a worker is lost.
        """
        self._batches = None
        try:
            with self._failures_explained(), fixed_order_of_sums():
                with collected_signals() as signals:
                    self._start()
                    reason = self._run(signals)
                if self._chief:
                    self._chief.close()
        finally:
            settle()
            self._batches = None
        if reason:
            raise reason

    def _start(self) -> None:
        if distribution.is_chief(self.strategy):
            sampler = _sampling_generator(self.config, self._custom)
            self._chief = PeriodicWork(self.config, self.directory, self._restored, self.state, self.store, sampler,
                                self._evaluator, self._on_samples)  # fmt: skip
        self._max_over_workers = distribution.max_over_workers(self.strategy)
        self._train_steps = make_train_steps(self.state, self.config, self.strategy)
        self._batches = iter(distribution.distribute(self.strategy, self._parts_of_batches))
        self._window = Window(self.config, self.state, len(self.store), self.step)
        if self._restored is None and self._chief:
            self._chief.report(0, None)

    def _parts_of_batches(self, parts: int, own: list[int]) -> tf.data.Dataset:
        training = self.config.training
        first = self.step * training.d_steps
        return batches(self.store, training.batch_size, training.seed, self.config.data.flip, first, parts, own)

    def _run(self, signals: list[int]) -> Stopped | None:
        """Trains until the last step, or until there is a reason to stop, which is returned after a checkpoint."""
        total, forecast = self.config.training.steps, Forecast(self.config.training)
        with Progress(total, "steps", "training", start=self.step) as progress:
            reason = self._agreed_reason(signals)
            while self.step < total and not reason:
                self._advance(progress)
                if self._chief:
                    forecast.update(self.step)
                reason = self._agreed_reason(signals)
        if reason and self._chief:
            self._chief.save(self.step)
        return reason

    def _advance(self, progress: Progress) -> None:
        """Trains up to the next step at which something is due, at most as many steps as one execution takes."""
        report, total = self.config.report, self.config.training.steps
        periods = (report.log_every, report.sample_every, report.checkpoint_every, report.evaluate_every)
        due = min(total, *(self.step - self.step % period + period for period in periods if period))
        count = min(self.config.training.steps_per_execution, due - self.step)
        with self._window.timed():
            self._train_steps(self._batches, tf.constant(count, tf.int64))
        self.step += count
        if self.step == due:
            self._report(progress)
        progress.advance(count)

    def _report(self, progress: Progress) -> None:
        row = self._window.row(self.step)
        _require_finite(row, self.config, self.directory)
        if self.step % self.config.report.log_every == 0:
            self._window.restart(self.step)
        if self._chief:
            self._chief.report(self.step, row, ended=self.step == self.config.training.steps)
        progress.note(describe(row))

    def _agreed_reason(self, signals: list[int]) -> Stopped | None:
        """Why all workers stop at this very step: a reason that any of them has; a signal is none when all is done."""
        ruined = self.config.report.stop_on_collapse and self.verdict and self.verdict.ruined
        signaled = signals[0] if signals and self.step < self.config.training.steps else 0
        number = self._max_over_workers(signaled or (COLLAPSED if ruined else 0))
        if not number:
            return None
        return Collapsed(self.step, self.verdict) if number == COLLAPSED else Interrupted(self.step, number)

    @contextmanager
    def _failures_explained(self) -> Iterator[None]:
        """Turns the errors that TensorFlow raises when memory or disk are full or a worker is gone into one line."""
        try:
            with distribution.lost_worker_explained(self.strategy):
                yield
        except tf.errors.ResourceExhaustedError as error:
            if files.tells_full_disk(error):  # event files are all that TensorFlow writes here
                raise files.full_disk(self.directory.tensorboard_dir) from error
            half = max(2, self.config.training.batch_size // 2)
            raise UserError(f"the device's memory is too small; try `batch_size={half}` in a new run") from error


def _sampling_generator(config: Config, custom: Custom) -> Generator:
    """The generator that sample grids and scores are made with, in float32."""
    return Generator(config.model, model=custom.network("generator"))


def _require_finite(row: dict[str, float], config: Config, directory: RunDirectory) -> None:
    bad = [name for name, value in row.items() if not math.isfinite(value)]
    if not bad:
        return
    hints = [f"`learning_rate={config.optimizer.learning_rate / 4:g}`"]
    hints += ["`precision=float32`"] if config.training.precision != "float32" else []
    raise UserError(
        f"step {row['step']}: {health.DIVERGED}: {bad[0]} is not finite; try {' or '.join(hints)} in a new run "
        f"({checkpoints.last_good(directory)})"
    )
