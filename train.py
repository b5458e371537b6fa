"""Trains a DCGAN.

python train.py                            the digits that come with scikit-learn
python train.py --dataset=mnist            any image data set of TensorFlow Datasets
python train.py --dataset=~/photos         your own images: a folder, a .zip or an .npz
python train.py --run=runs/00000-mnist_28  goes on where that run stopped
"""

import contextlib
import math
import sys
import time

from dcgan_tf import console

with console.quiet_stderr():
    import keras
    import numpy as np
    import tensorflow as tf

    tf.config.list_physical_devices()  # the first look at the devices prints as well

import dcgan_tf
from dcgan_tf import data, images, presets, runs, seeds, summary
from dcgan_tf.config import Config
from dcgan_tf.errors import SettingError, UserError
from dcgan_tf.flags import Flags
from dcgan_tf.training import distribution, loop

FLAGS = Flags(__doc__)
FLAGS.choice("preset", presets.names(), "named configuration; default: the one that fits the data set")
FLAGS.text("run", None, "run directory; one that holds a run is continued; default: the next number")
FLAGS.text("runs_dir", "runs", "where numbered run directories are made")
FLAGS.number("epochs", None, "passes through the data to train, instead of --steps")
FLAGS.switch("dry_run", False, "print configuration, layers, parameters and memory, and end")
FLAGS.settings()


def main() -> None:
    """Flags to configuration, data to store, then one call."""
    settings = FLAGS.given_settings()
    _check_flags(settings)
    run = runs.Run(FLAGS.run) if FLAGS.run else None
    if run and run.exists():
        config, preset, recorded = _continued(run, settings)
        source = data.open_source(config.data)
    else:
        source = data.open_source(presets.base(FLAGS.preset).with_settings(settings).data)
        config, preset = _new(source, settings)
        recorded = None
    if FLAGS.dry_run:
        print(summary.describe(config, preset))
        return
    strategy = distribution.make_strategy(config.device)
    distribution.replica_batch(strategy, config.training.batch_size)
    run = run or _numbered_run(strategy, preset)
    if distribution.is_chief(strategy):
        run.check()
    store = data.prepare_store(
        source, config.model.image_size, config.model.channels, config.data.crop, config.data.cache_dir
    )
    config = _with_duration(config, len(store))
    _check_images(run, config, store, recorded)
    with contextlib.ExitStack() as stack:
        if distribution.is_chief(strategy):
            run.create()
            stack.enter_context(run.locked())
            _start(run, config, preset, store)
        _train(run, config, store, strategy)


def _check_flags(settings: dict) -> None:
    if FLAGS.epochs is not None and "steps" in settings:
        raise SettingError("epochs", f"{FLAGS.epochs:g}", "give either --epochs or --steps, not both")
    if FLAGS.epochs is not None and not (math.isfinite(FLAGS.epochs) and FLAGS.epochs > 0):
        raise SettingError("epochs", f"{FLAGS.epochs:g}", "it must be above 0")


def _new(source: data.Source, settings: dict) -> tuple[Config, str]:
    """The configuration of a new run: the preset, what the data set says, what the user says."""
    info = source.info()
    preset = FLAGS.preset or presets.fitting(settings.get("dataset", "digits"), info.image_size, info.channels)
    config = presets.base(preset).with_settings({"channels": info.channels, **settings})
    return config, preset


def _continued(run: runs.Run, settings: dict) -> tuple[Config, str, dict]:
    """The configuration of an existing run with what may change changed.

    Raises:
        UserError: when a setting differs on which the course of the run depends.
    """
    stored, recorded = run.read_config()
    preset = FLAGS.preset or recorded["preset"]
    base = stored if preset == recorded["preset"] else presets.base(preset)
    config = base.with_settings(settings)
    if differing := stored.trajectory_differences(config):
        changes = ", ".join(f"--{name}={stored.value(name)} (not {config.value(name)})" for name in differing)
        raise UserError(f"--run={run.path}: this run was started with {changes}; give a new --run for other settings")
    return config, preset, recorded


def _numbered_run(strategy: tf.distribute.Strategy, preset: str) -> runs.Run:
    if distribution.worker_count(strategy) > 1:
        raise SettingError("run", "", "several workers need one directory that all of them see (--run=/shared/run)")
    return runs.new_run(FLAGS.runs_dir, preset)


def _with_duration(config: Config, count: int) -> Config:
    """Steps from epochs; at least one row of metrics."""
    steps = config.training.steps
    if FLAGS.epochs is not None:
        steps = math.ceil(FLAGS.epochs * count / (config.training.batch_size * config.training.d_steps))
    return config.with_settings({"steps": steps, "log_every": min(config.report.log_every, steps)})


def _check_images(run: runs.Run, config: Config, store: data.ImageStore, recorded: dict | None) -> None:
    """A run that is continued must have the same images."""
    if recorded and recorded["data"]["checksum"] != store.checksum:
        raise UserError(
            f"--dataset={config.data.dataset}: these are not the images that {run.path} was started with; "
            "give it the same data, or start a new --run"
        )


def _start(run: runs.Run, config: Config, preset: str, store: data.ImageStore) -> None:
    """Writes the configuration, shows the data."""
    console.log_to_file(run.log_file)
    log = console.logger()
    log.info("%s", store.report())
    versions = {"dcgan_tf": dcgan_tf.__version__, "tensorflow": tf.__version__, "keras": keras.__version__}
    run.write_config(
        config,
        {"preset": preset, "data": {"checksum": store.checksum, **store.manifest}, "versions": versions},
    )
    if not run.reals_file.exists():
        chosen = seeds.generator(config.training.seed, "reals", 0).permutation(len(store))[:64]
        images.write_png(run.reals_file, images.magnified(images.grid(np.asarray(store.images[np.sort(chosen)]))))
    log.info("run directory: %s", run.path)


def _train(run: runs.Run, config: Config, store: data.ImageStore, strategy: tf.distribute.Strategy) -> None:
    log = console.logger()
    found = run.checkpoint_files()
    if found and runs.step_of(found[-1]) >= config.training.steps:
        done = runs.step_of(found[-1])
        log.info("nothing to do: %s stands at step %d; give --steps=%d to train on", run.path, done, 2 * done)
        return
    if found:
        log.info("continuing at step %d of %d", runs.step_of(found[-1]), config.training.steps)
    started = time.perf_counter()
    try:
        began = loop.train(config, run, store, strategy)
    except loop.Interrupted as stop:
        log.info("%s; the command that continues:\n  python train.py --run=%s", stop, run.path)
        sys.exit(stop.exit_code)
    seconds = time.perf_counter() - started
    shown = (config.training.steps - began) * config.training.batch_size * config.training.d_steps
    log.info(
        "%d steps in %.0f s, %.0f images/s in all\n"
        "look at %s, %s and %s\nnext:\n"
        "  python generate.py --run=%s --num=64 --out=grid.png\n"
        "  python train.py --run=%s --steps=%d\n"
        "  tensorboard --logdir=%s",
        config.training.steps - began, seconds, shown / seconds,
        run.samples_file(config.training.steps), run.animation_file, run.curves_file,
        run.path, run.path, 2 * config.training.steps, run.path.parent,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
