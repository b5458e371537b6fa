"""A plan to a trained run: prepares the images, makes the run directory, trains."""

import contextlib
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import tensorflow as tf

from dcgan_tf import checkpoints, data, files, runs
from dcgan_tf.config import Config
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.models import summary
from dcgan_tf.training import distribution, reporting
from dcgan_tf.training.loop import Trainer
from dcgan_tf.training.plan import Plan
from dcgan_tf.training.reporting import OnSamples

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Session:
    """A run that is ready to train, or to be trained further.

    Attributes:
        config: all settings, with the steps that were counted from epochs.
        directory: the run directory.
        trainer: restored to the latest checkpoint.
        began: the step it stands at before training.
        is_chief: whether this process writes the run directory.
    """

    config: Config
    directory: runs.RunDirectory
    trainer: Trainer
    began: int
    is_chief: bool

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to train."""
        return self.began >= self.config.training.steps


@contextlib.contextmanager
def opened(
    plan: Plan,
    runs_dir: str = "runs",
    on_samples: OnSamples | None = None,
    on_directory: Callable[[runs.RunDirectory], None] = lambda directory: None,
) -> Iterator[Session]:
    """Prepares everything up to the first step; the run directory is locked as long as the block lasts.

    Args:
        plan: what to train.
        runs_dir: where a numbered run directory is made when the plan names none.
        on_samples: is given the step and each sample grid, uint8 [height, width, channels].
        on_directory: is given the run directory as soon as it is there.

    Raises:
        UserError: whatever keeps the run from starting; what was there before is unchanged.
    """
    directory, workers = plan.directory, distribution.workers(plan.config.device)
    if workers and directory is None:
        raise ArgumentError("run", "", "several workers need one directory that all of them see (`run=/shared/run`)")
    chief = workers is None or workers.is_chief
    if directory and chief:
        directory.check()
    if workers:
        distribution.meet(workers, plan.must_agree(), plan.config.device.worker_timeout)
    strategy = distribution.make_strategy(plan.config.device)
    distribution.check(strategy, plan.config.training)
    plan.custom.check_replicas(strategy.num_replicas_in_sync)
    store = plan.prepare_store()
    config = plan.with_store(store)
    if not chief:
        trainer = Trainer(config, directory, store, strategy, custom=plan.custom)
        yield Session(config, directory, trainer, trainer.step, chief)
        return
    made = directory is None or not directory.path.exists()
    directory = directory or runs.numbered_run(runs_dir, plan.preset)
    directory.create()
    with directory.locked(), _removed_if_nothing_came_of_it(directory) if made else contextlib.nullcontext():
        if plan.recorded is None and directory.exists():
            raise UserError(f"`run={directory.path}`: another process has just started a run there; name another")
        on_directory(directory)
        log.info("%s\nrun directory: %s", store.report(config.training.batch_size), directory.path)
        yield _started(plan, config, directory, store, strategy, on_samples)


@files.undone_at_the_end
def _removed_if_nothing_came_of_it(directory: runs.RunDirectory) -> Iterator[None]:
    """Removes a directory that was made for a run which ended before its first checkpoint."""
    try:
        yield
    except (Exception, KeyboardInterrupt):
        if not directory.checkpoint_files():
            shutil.rmtree(directory.path, ignore_errors=True)
        raise


def _started(
    plan: Plan, config: Config, directory: runs.RunDirectory, store: data.ImageStore,
    strategy: tf.distribute.Strategy, on_samples: OnSamples | None,
) -> Session:  # fmt: skip
    new = not directory.exists()
    if new or not directory.reals_file.exists():
        examples = data.examples(store, config.training.seed, by_class=config.model.conditional)
        reporting.write_reals(directory, *examples)
    plan.custom.write(directory)
    if new:  # last, because it says that there is a run
        _write_config(plan, config, directory, store)
    trainer = Trainer(config, directory, store, strategy, custom=plan.custom, on_samples=on_samples)
    session = Session(config, directory, trainer, trainer.step, True)
    if warning := summary.memory_warning(config, trainer.state.generator, trainer.state.discriminator):
        log.warning("%s", warning)
    if session.finished:
        _complete(session)
    elif not new:
        if session.began:
            log.info("continuing at step %d of %d", session.began, config.training.steps)
        _write_config(plan, config, directory, store)
    return session


def _complete(session: Session) -> None:
    """Does what a process that was killed after its last checkpoint had left to do."""
    checkpoints.prune(session.directory, session.began, session.config.report.keep_checkpoints)
    reporting.complete(session.directory)


def _write_config(plan: Plan, config: Config, directory: runs.RunDirectory, store: data.ImageStore) -> None:
    recorded = {"preset": plan.preset, "data": store.manifest, "versions": runs.versions()}
    directory.write_config(config, recorded)
