"""Checkpoints: one file with every variable by name, complete or absent, checked when it is read.

The file is a NumPy archive. It holds plain arrays, so any tool can open it; the archive's own checksums tell a damaged
file from a good one; and one file can be renamed into place at once.
"""

import errno
import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from dcgan_tf import best, files, runs
from dcgan_tf.errors import ArgumentError, UserError

log = logging.getLogger(__name__)


def save(run: runs.RunDirectory, step: int, variables: Mapping[str, tf.Variable], keep: int) -> None:
    """Writes the checkpoint of a step and removes all but the latest `keep`.

    Raises:
        UserError: when a value is not finite (the earlier checkpoints stay), or the disk does not take the file.
    """
    _write(run, step, variables, run.checkpoint_file(step))
    done = [path for path in run.checkpoint_files() if runs.step_of(path) <= step]
    for old in done[:-keep]:
        old.unlink()


def save_if_best(run: runs.RunDirectory, variables: Mapping[str, tf.Variable], score: best.Score) -> None:
    """Writes the checkpoint of a step that was scored, if none was better.

    Raises:
        UserError: as `save`.
    """
    best.keep(run, score, lambda path: _write(run, score.step, variables, path))


def _write(run: runs.RunDirectory, step: int, variables: Mapping[str, tf.Variable], path: Path) -> None:
    arrays = {name: variable.numpy() for name, variable in variables.items()}
    bad = [name for name, array in arrays.items() if not np.all(np.isfinite(array))]
    if bad:
        raise UserError(f"step {step}: {bad[0]} is not finite, no checkpoint was written; {last_good(run)}")
    try:
        with files.written_aside(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)
    except OSError as error:
        reason = "no space left on the disk" if error.errno == errno.ENOSPC else error.strerror
        raise UserError(
            f"step {step}: cannot write a checkpoint to {path.parent} ({reason}); {last_good(run)}"
        ) from error


def last_good(run: runs.RunDirectory) -> str:
    """Half a sentence for error messages: which checkpoint is left."""
    found = run.checkpoint_files()
    return f"the last good one is step {runs.step_of(found[-1])}" if found else "there is no earlier one"


def restore_latest(run: runs.RunDirectory, variables: Mapping[str, tf.Variable]) -> int | None:
    """Sets all variables from the latest checkpoint that can be read.

    Returns:
        Its step, or None when there is no checkpoint at all.

    Raises:
        UserError: when there are checkpoints and none of them can be used.
    """
    found = run.checkpoint_files()
    for path in reversed(found):
        try:
            arrays = read(path)
            require_fit(path, arrays, variables)
        except UserError as error:
            log.warning("%s; trying the checkpoint before", error)
            continue
        for name, variable in variables.items():
            variable.assign(arrays[name])
        return runs.step_of(path)
    if found:
        raise UserError(f"{run.checkpoints_dir}: none of the {len(found)} checkpoints can be used; start a new --run")
    return None


def set_aside_later(run: runs.RunDirectory, step: int) -> None:
    """Renames the checkpoints beyond a step: damaged ones, when an earlier one had to be restored."""
    for path in run.checkpoint_files():
        if runs.step_of(path) > step:
            path.rename(path.with_name(f"{path.name}.damaged"))


def find(run: runs.RunDirectory, wanted: int | str | None = None) -> Path:
    """The checkpoint that is asked for.

    Args:
        run: where to look.
        wanted: "latest" (so does None), "best", or a step, as a number or its digits.

    Raises:
        ArgumentError: when there is none; the message names those that there are.
    """
    latest = {runs.step_of(path): path for path in run.checkpoint_files()}
    if not latest:
        raise ArgumentError("run", run.path, "this run holds no checkpoint yet; train on until it has one")
    if wanted in (None, "latest"):
        return latest[max(latest)]
    kept = best.of(run)
    if wanted == "best" and kept:
        return run.best_checkpoint_file(kept.step)
    found = {runs.step_of(path): path for path in run.best_checkpoint_files()} | latest
    if str(wanted).isdecimal() and int(wanted) in found:
        return found[int(wanted)]
    there = f"this run holds those of the steps {', '.join(map(str, sorted(found)))}"
    the_best = f"best is {kept}" if kept else "and no best one, which train.py --evaluate_every keeps"
    raise ArgumentError("checkpoint", wanted, f"{there}; latest is step {max(latest)}, {the_best}")


def read(path: Path, prefix: str = "") -> dict[str, np.ndarray]:
    """The arrays of a checkpoint whose names start with `prefix`, by the rest of their names.

    Raises:
        UserError: when the file is damaged or cannot be read.
    """
    try:
        with np.load(path) as archive:
            return {name.removeprefix(prefix): archive[name] for name in archive.files if name.startswith(prefix)}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: damaged or unreadable checkpoint ({error})") from error


def require_fit(path: Path, arrays: Mapping[str, np.ndarray], variables: Mapping[str, tf.Variable]) -> None:
    """Raises UserError unless both have the same names and shapes."""
    if missing := sorted(set(variables) ^ set(arrays)):
        raise UserError(f"{path}: not a checkpoint of this configuration ({missing[0]} is in only one of them)")
    for name, variable in variables.items():
        if arrays[name].shape != tuple(variable.shape):
            raise UserError(f"{path}: {name} has shape {arrays[name].shape}, this configuration needs {variable.shape}")


def sampling_weights(path: Path, kind: str = "") -> dict[str, np.ndarray]:
    """The generator's trainable variables of a checkpoint, by "layer/variable".

    Args:
        path: the checkpoint.
        kind: "ema" for the moving average, "raw" for the generator itself, "" for the average where there is one.

    Raises:
        UserError: when the file cannot be read, or holds no moving average and one was asked for.
    """
    averages = read(path, "ema/") if kind != "raw" else {}
    if kind == "ema" and not averages:
        raise UserError("--weights=ema: this run was trained without a moving average; use --weights=raw")
    if averages:
        return averages
    return {name: array for name, array in read(path, "generator/").items() if "/moving_" not in name}
