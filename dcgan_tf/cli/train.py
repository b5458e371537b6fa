"""Trains a DCGAN, or continues a run.

dcgan train                              the digits that come with scikit-learn
dcgan train --dataset=mnist              any image data set of TensorFlow Datasets
dcgan train --dataset=~/photos           your own images: a folder, a .zip or an .npz
dcgan train --dataset=mnist --conditional
                                         with labels: you choose the class of each generated image
dcgan train --run=runs/00000-mnist_28    continues where that run stopped
dcgan train --dataset=mnist --dry_run    prints every setting and its value, and does not train
"""

import shlex
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from dcgan_tf import checkpoints, presets, quiet
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.config import Config, DeviceConfig, all_settings, checked_settings
from dcgan_tf.errors import FullDiskError, UserError
from dcgan_tf.runs import RunDirectory

if TYPE_CHECKING:
    from dcgan_tf.training.start import Session

EVERYDAY = (
    "dataset", "conditional", "image_size", "flip", "preset", "steps", "epochs", "batch_size", "seed", "run", "devices",
    "sample_every", "checkpoint_every", "dry_run",
)  # fmt: skip


DEVICES = tuple(item.name for item in fields(DeviceConfig) if item.name != "deterministic")  # which a run remembers


def _defaults() -> dict[str, str]:
    """By setting: what `--help` says of its value without the flag. The preset for tests does not count."""
    configs = [config for name, config in presets.PRESETS.items() if name != "tiny"]
    return {
        item.name: _most([config.text(item.name) for config in configs])
        for item in all_settings()
        if "default: " not in item.metadata["text"]
    }


def _most(values: Sequence[str]) -> str:
    value, count = Counter(values).most_common(1)[0]
    if count == len(values):
        return value
    return f"{value} in most presets" if 2 * count > len(values) else "set by the preset"


FLAGS = Flags(__doc__, EVERYDAY)
FLAGS.choice("preset", tuple(presets.PRESETS), "named configuration; default: the one that fits the data set")
FLAGS.text("run", None, "run directory; if it holds a run, that run is continued; default: the next number")
FLAGS.text("runs_dir", "runs", "directory in which numbered run directories are made")
FLAGS.number("epochs", None, "passes through the data to train, in place of --steps")
FLAGS.switch("dry_run", False, "print configuration, layers, parameters and memory, then stop")
FLAGS.settings(_defaults())


def main() -> None:
    """Flags to a plan, then one call."""
    settings = checked_settings(FLAGS.given_settings())
    quiet.load_tensorflow()
    from dcgan_tf.training import plan, start

    directory = RunDirectory(FLAGS.run) if FLAGS.run else None
    planned = plan.make(settings, FLAGS.preset, directory, FLAGS.epochs)
    if directory and not directory.exists() and not (FLAGS.preset or FLAGS.dataset):  # a wrong path, perhaps
        console.logger().info("%s holds no run: a new one starts, on %s", directory.path, planned.config.data.dataset)
    if FLAGS.dry_run:
        from dcgan_tf.cli import dry_run

        print(dry_run.describe(planned))
        return
    session = None
    try:
        with start.opened(planned, FLAGS.runs_dir, on_directory=console.log_to_file) as session:
            if not session.is_chief:
                _train_with_chief(session)
            elif session.finished:
                log = "nothing to do: the run is at step %d%s"
                console.logger().info(log, session.began, _train_on(session, session.began, "; to train on:\n"))
            else:
                _train(session)
    except KeyboardInterrupt as stop:
        if session and session.directory.checkpoint_files():
            console.logger().error("stopped; to continue:\n  %s", _command(session))
        else:
            console.logger().error("stopped before training began; the same command starts again")
        sys.exit(128 + getattr(stop, "number", signal.SIGINT))
    except FullDiskError as error:
        raise FullDiskError(f"{error}, then the same command starts again") from error


def _train(session: "Session") -> None:
    from dcgan_tf.training import stopping

    log, directory, config = console.logger(), session.directory, session.config
    started = time.perf_counter()
    try:
        session.trainer.train()
    except stopping.Collapsed as stop:
        again = f"{_command(session)} --nostop_on_collapse"
        log.info("%s%s\nto continue anyway:\n  %s", stop, _best(directory, stop.step), again)
        sys.exit(stop.exit_code)
    except stopping.Interrupted as stop:
        log.info("%s; to continue:\n  %s", stop, _command(session))
        sys.exit(stop.exit_code)
    except FullDiskError as error:
        if not directory.checkpoint_files():
            raise
        raise UserError(f"{error}, then continue with {_command(session)}") from error
    seconds, done = time.perf_counter() - started, config.training.steps - session.began
    shown = done * config.training.batch_size * config.training.d_steps
    lines = [
        f"{done} steps in {seconds:.0f} s, {shown / seconds:.0f} images/s overall",
        f"{session.trainer.verdict}{_best(directory, config.training.steps)}",
        f"look at {directory.samples_file(config.training.steps)}, {directory.animation_file} and "
        f"{directory.curves_file}",
        "next:",
        f"  {console.command('generate')} --run={_quoted(directory)}",
        f"{_train_on(session, config.training.steps)}  tensorboard --logdir={_quoted(directory)}",
    ]
    log.info("%s", "\n".join(lines))


def _train_with_chief(session: "Session") -> None:
    """What the other workers do: the same steps, and nothing on the disk."""
    from dcgan_tf.training import stopping

    try:
        if not session.finished:
            session.trainer.train()
    except stopping.Stopped as stop:
        console.logger().info("%s; the first worker wrote the checkpoint", stop)
        sys.exit(stop.exit_code)
    console.logger().info("done; the first worker wrote the results")


def _command(session: "Session") -> str:
    """The command that continues, with the devices of this start, which a run does not remember."""
    given = FLAGS.given_settings()
    devices = [f" --{name}={shlex.quote(str(given[name]))}" for name in DEVICES if name in given]
    return f"{console.command('train')} --run={_quoted(session.directory)}{''.join(devices)}"


def _train_on(session: "Session", done: int, start: str = "") -> str:
    """The command that trains twice as long; nothing if the learning rate decays to 0."""
    config: Config = session.config
    end = "" if start else "\n"
    return "" if config.optimizer.decay_steps else f"{start}  {_command(session)} --steps={2 * done}{end}"


def _best(directory: RunDirectory, last: int) -> str:
    """A line about the best checkpoint and the command that uses it, if it is a trained one and not the last."""
    score = checkpoints.best_score(directory)
    if score is None or score.step in (0, last):
        return ""
    command = f"{console.command('generate')} --run={_quoted(directory)} --checkpoint=best"
    return f"\nbest checkpoint: {score}\n  {command}"


def _quoted(directory: RunDirectory) -> str:
    return shlex.quote(str(directory.path))
