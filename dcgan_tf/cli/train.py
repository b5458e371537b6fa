"""Trains a DCGAN.

python train.py                            the digits that come with scikit-learn
python train.py --dataset=mnist            any image data set of TensorFlow Datasets
python train.py --dataset=~/photos         your own images: a folder, a .zip or an .npz
python train.py --dataset=mnist --conditional
                                           with the labels: the generator makes the class that is asked for
python train.py --run=runs/00000-mnist_28  goes on where that run stopped
"""

import math
import shlex
import sys
import time

import tensorflow as tf

from dcgan_tf import best, data, presets, runs
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.config import Config
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.models import summary
from dcgan_tf.runs import versions
from dcgan_tf.training import distribution, loop, reporting, resolution

FLAGS = Flags(__doc__)
FLAGS.choice("preset", presets.names(), "named configuration; default: the one that fits the data set")
FLAGS.text("run", None, "run directory; one that holds a run is continued; default: the next number")
FLAGS.text("runs_dir", "runs", "where numbered run directories are made")
FLAGS.number("epochs", None, "passes through the data to train, instead of --steps")
FLAGS.switch("dry_run", False, "print configuration, layers, parameters and memory, and end")
FLAGS.settings()


def main() -> None:
    """Flags to configuration, data to store, then one call."""
    _check_flags()
    given = FLAGS.given_settings()
    run = runs.RunDirectory(FLAGS.run) if FLAGS.run else None
    recorded = None
    if run and run.exists():
        config, recorded = resolution.continued(run, FLAGS.preset, given)
        source, preset = data.open_source(config.data), recorded["preset"]
    else:
        source = data.open_source(resolution.data_settings(FLAGS.preset, given))
        info = source.info()
        config, preset = resolution.new(FLAGS.preset, given, info.image_size, info.channels, len(info.class_names))
    if FLAGS.dry_run:
        print(summary.describe(_with_duration(config, source.info().count), preset))
        return
    strategy = distribution.make_strategy(config.device)
    distribution.check(strategy, config.training)
    if run is None and distribution.worker_count(strategy) > 1:
        raise ArgumentError("run", "", "several workers need one directory that all of them see (--run=/shared/run)")
    if run and distribution.is_chief(strategy):
        run.check()
    store = data.prepare_store(
        source, config.model.image_size, config.model.channels, config.data.crop, config.data.cache_dir
    )
    if config.model.conditional:
        resolution.require_classes(len(store.class_names), config.model.classes)
    config = _with_duration(config, len(store)).with_settings(vars(data.located(config.data, source)))
    if not distribution.is_chief(strategy):
        _train_with_chief(run, config, store, strategy)
        return
    run = run or runs.numbered_run(FLAGS.runs_dir, preset)
    run.create()
    with run.locked():
        _check_unchanged(run, store, recorded)
        console.log_to_file(run.log_file)
        console.logger().info("%s\nrun directory: %s", store.report(), run.path)
        _train(run, config, preset, store, strategy)


def _check_flags() -> None:
    if FLAGS.epochs is None:
        return
    if FLAGS.steps is not None:
        raise ArgumentError("epochs", f"{FLAGS.epochs:g}", "give either --epochs or --steps, not both")
    if not (math.isfinite(FLAGS.epochs) and FLAGS.epochs > 0):
        raise ArgumentError("epochs", f"{FLAGS.epochs:g}", "it must be above 0")


def _with_duration(config: Config, count: int | None) -> Config:
    known = FLAGS.epochs is not None and count is not None
    return resolution.with_epochs(config, FLAGS.epochs, count) if known else config


def _check_unchanged(run: runs.RunDirectory, store: data.ImageStore, recorded: dict | None) -> None:
    """Nobody may have started a run here while the data were prepared; a run goes on with its own images."""
    if run.exists() and recorded is None:
        raise UserError(f"--run={run.path}: another process has started a run there just now; name another directory")
    if recorded and recorded["data"]["checksum"] != store.checksum:
        raise UserError(
            f"--dataset={store.manifest['source']}: these are not the images that {run.path} was started with; "
            "give it the same data, or start a new --run"
        )


def _train(
    run: runs.RunDirectory, config: Config, preset: str, store: data.ImageStore, strategy: tf.distribute.Strategy
) -> None:
    log, steps, command = console.logger(), config.training.steps, f"python train.py --run={shlex.quote(str(run.path))}"
    if not run.exists():
        _write_beginning(run, config, preset, store)
    trainer = loop.Trainer(config, run, store, strategy)
    began = trainer.step
    if began >= steps:
        log.info(
            "nothing to do: the run stands at step %d%s", began, _train_on(config, command, began, "; to train on:\n")
        )
        return
    if began:
        log.info("continuing at step %d of %d", began, steps)
        _write_config(run, config, preset, store)
    started = time.perf_counter()
    try:
        trainer.train()
    except loop.Collapsed as stop:
        log.info("%s%s\nto train on all the same:\n  %s --nostop_on_collapse", stop, _best_of(run), command)
        sys.exit(stop.exit_code)
    except loop.Interrupted as stop:
        log.info("%s; the command that continues:\n  %s", stop, command)
        sys.exit(stop.exit_code)
    seconds = time.perf_counter() - started
    shown = (steps - began) * config.training.batch_size * config.training.d_steps
    log.info(
        "%d steps in %.0f s, %.0f images/s in all\n%s%s\nlook at %s, %s and %s\nnext:\n"
        "  python generate.py --run=%s --num=64 --out=grid.png\n"
        "%s"
        "  tensorboard --logdir=%s",
        steps - began, seconds, shown / seconds, trainer.verdict, _best_of(run),
        run.samples_file(steps), run.animation_file, run.curves_file,
        shlex.quote(str(run.path)), _train_on(config, command, steps, end="\n"), shlex.quote(str(run.path)),
    )  # fmt: skip


def _train_on(config: Config, command: str, done: int, start: str = "", end: str = "") -> str:
    """The command that trains twice as long; nothing where the learning rate falls to 0."""
    return "" if config.optimizer.decay_steps else f"{start}  {command} --steps={2 * done}{end}"


def _best_of(run: runs.RunDirectory) -> str:
    """A line about the best checkpoint, and the command that uses it, where there is one."""
    if not (score := best.of(run)):
        return ""
    return f"\nbest checkpoint: {score}\n  python generate.py --run={shlex.quote(str(run.path))} --checkpoint=best"


def _train_with_chief(
    run: runs.RunDirectory, config: Config, store: data.ImageStore, strategy: tf.distribute.Strategy
) -> None:
    """What the other workers do: the same steps, and nothing on the disk."""
    log = console.logger()
    trainer = loop.Trainer(config, run, store, strategy)
    try:
        if trainer.step < config.training.steps:
            trainer.train()
    except loop.Stopped as stop:
        log.info("%s; the first worker wrote the checkpoint", stop)
        sys.exit(stop.exit_code)
    log.info("done; the first worker wrote the results")


def _write_beginning(run: runs.RunDirectory, config: Config, preset: str, store: data.ImageStore) -> None:
    _write_config(run, config, preset, store)
    reporting.write_reals(run, *data.examples(store, config.training.seed, by_class=config.model.conditional))


def _write_config(run: runs.RunDirectory, config: Config, preset: str, store: data.ImageStore) -> None:
    run.write_config(config, {"preset": preset, "data": store.manifest, "versions": versions()})
