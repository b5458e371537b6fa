"""Checkpoints: one file with every variable by name, complete or absent, verified when it is read.

The file is a NumPy archive of plain arrays, so any tool can open it; the archive's checksums reveal a damaged file; and
a single file can be renamed into place at once.

The latest few lie in one folder. The one with the best score lies in a folder of its own, with the score in a JSON file
beside it. These files are the only record of what is best.

A step is done when its checkpoint is there. Until then, whatever belongs to the step is undone when training continues.
So a checkpoint that is the best beyond the latest one stands beside the best up to the latest one, and replaces it only
when a later checkpoint is written. A checkpoint that was written only because training stopped there is provisional: it
goes when the next one comes, so that the same ones are left as if training had never stopped.
"""

import json
import logging
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dcgan_tf import files
from dcgan_tf.errors import ArgumentError, FullDiskError, UserError
from dcgan_tf.runs import RunDirectory, step_of

if TYPE_CHECKING:
    import tensorflow as tf

log = logging.getLogger(__name__)

PROVISIONAL = b"provisional"
"""The comment of the archive of a provisional checkpoint."""

SINGULAR_VECTOR = "singular_vector"
"""What spectral norm calls its variable."""


@dataclass(frozen=True)
class Score:
    """How good a checkpoint is, by the evaluation during training.

    Attributes:
        step: of the checkpoint.
        name: of the score.
        value: of the score.
        lower_is_better: whether a smaller value is better.
        provisional: whether this step was evaluated only because training ended there. Its checkpoint is kept beside
            the best of the others, and removed when training continues, so that a continued run ends with the same best
            checkpoint as one that never stopped.
    """

    step: int
    name: str
    value: float
    lower_is_better: bool = True
    provisional: bool = False

    def beats(self, other: "Score") -> bool:
        """Whether it is better; a different kind of score is always beaten, because the two cannot be compared."""
        if (self.name, self.lower_is_better) != (other.name, other.lower_is_better):
            return True
        return self.value < other.value if self.lower_is_better else self.value > other.value

    def __str__(self) -> str:
        return f"step {self.step} with {self.name} {self.value:.4g}"


def save(
    directory: RunDirectory, step: int, variables: Mapping[str, "tf.Variable"], keep: int, provisional: bool = False
) -> None:
    """Writes the checkpoint of a step, then removes what it makes superfluous, see `prune`.

    Raises:
        UserError: a value is not finite; the earlier checkpoints stay.
        FullDiskError: likewise.
    """
    _write(directory, step, variables, directory.checkpoint_file(step), PROVISIONAL if provisional else b"")
    prune(directory, step, keep)


def prune(directory: RunDirectory, step: int, keep: int) -> None:
    """Removes all but the latest `keep` checkpoints up to a step that has one, and best ones that this one replaces."""
    done = [path for path in directory.checkpoint_files() if step_of(path) <= step]
    lasting = [path for path in done[:-1] if not _is_provisional(path)] + done[-1:]
    _remove(set(done) - set(lasting[-keep:]))
    _keep_best(directory, _scores(directory), step)


def keep_if_best(directory: RunDirectory, variables: Mapping[str, "tf.Variable"], score: Score) -> None:
    """Writes the checkpoint of the scored step into the folder of the best one, unless an earlier one is as good.

    The best one up to the latest regular checkpoint stays beside it, until the next regular one is written.

    Raises:
        UserError, FullDiskError: as `save`.
    """
    best = best_score(directory)
    if best and not score.beats(best):
        return
    with files.space_explained(directory.best_dir):
        directory.best_dir.mkdir(exist_ok=True)
    path = directory.best_checkpoint_file(score.step)
    _write(directory, score.step, variables, path)
    with files.written_aside(_score_file(path)) as temporary:
        temporary.write_text(json.dumps(asdict(score)) + "\n")
    _keep_best(directory, _scores(directory), max(map(step_of, directory.checkpoint_files()), default=-1))


def best_score(directory: RunDirectory) -> Score | None:
    """The score of the best checkpoint; None if there is none."""
    return _best(_scores(directory))


def undo(directory: RunDirectory, step: int) -> None:
    """Removes the best checkpoints of later steps and the provisional one, when training continues at a step.

    Where there is no checkpoint, the step is -1: step 0 is made again, too.
    """
    kept = [score for score in _scores(directory) if score.step <= step and not score.provisional]
    _keep_best(directory, kept, step)


def _keep_best(directory: RunDirectory, scores: Iterable[Score], step: int) -> None:
    """Removes all checkpoints of the best folder but those that are the best of `scores`, or may become it again.

    That is the best one beside the provisional one, and the best one up to a step that has a regular checkpoint.
    """
    scores = list(scores)
    lasting = [score for score in scores if not score.provisional]
    best = (_best(scores), _best(lasting), _best(score for score in lasting if score.step <= step))
    wanted = {directory.best_checkpoint_file(score.step) for score in best if score}
    _remove({*directory.best_checkpoint_files()} - wanted)


def _best(scores: Iterable[Score]) -> Score | None:
    """The best of scores by step: the first one, if several are as good."""
    best: Score | None = None
    for score in scores:
        if best is None or score.beats(best):
            best = score
    return best


def _scores(directory: RunDirectory) -> Iterator[Score]:
    """The readable scores in the folder of the best checkpoint, by step; a checkpoint without one does not count."""
    for path in directory.best_checkpoint_files():
        try:
            yield Score(**json.loads(_score_file(path).read_text()))
        except (OSError, ValueError, TypeError):
            continue


def _score_file(path: Path) -> Path:
    return path.with_suffix(".json")


def _remove(paths: Collection[Path]) -> None:
    for path in paths:
        _score_file(path).unlink(missing_ok=True)
        path.unlink()


def _write(
    directory: RunDirectory, step: int, variables: Mapping[str, "tf.Variable"], path: Path, comment: bytes = b""
) -> None:
    arrays = {name: variable.numpy() for name, variable in variables.items()}
    bad = [name for name, array in arrays.items() if not np.all(np.isfinite(array))]
    if bad:
        raise UserError(f"step {step}: {bad[0]} is not finite, no checkpoint was written; {last_good(directory)}")
    size = sum(array.nbytes for array in arrays.values())
    try:
        with files.written_aside(path, size) as temporary:
            with temporary.open("wb") as stream:
                np.savez(stream, **arrays)
            if comment:
                with zipfile.ZipFile(temporary, "a") as archive:
                    archive.comment = comment
    except FullDiskError as error:
        raise FullDiskError(f"step {step}: no checkpoint was written, {last_good(directory)}; {error}") from error
    except OSError as error:
        reason = f"cannot write a checkpoint to {path.parent} ({error.strerror})"
        raise UserError(f"step {step}: {reason}; {last_good(directory)}") from error


def _is_provisional(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment == PROVISIONAL
    except (OSError, zipfile.BadZipFile):
        return False


def last_good(directory: RunDirectory) -> str:
    """The end of a sentence in error messages: which checkpoint is left."""
    paths = directory.checkpoint_files()
    return f"the last good one is step {step_of(paths[-1])}" if paths else "there is no earlier one"


def restore_latest(directory: RunDirectory, variables: Mapping[str, "tf.Variable"]) -> int | None:
    """Sets all variables from the latest readable checkpoint.

    Returns:
        Its step, or None if there are no checkpoints at all.

    Raises:
        UserError: there are checkpoints, and none of them can be used.
    """
    paths = directory.checkpoint_files()
    for path in reversed(paths):
        try:
            arrays = read(path)
            require_fit(path, arrays, variables)
        except UserError as error:
            log.warning("%s; trying the previous checkpoint", error)
            continue
        for name, variable in variables.items():
            variable.assign(arrays[name])
        return step_of(path)
    if paths:
        raise UserError(f"{directory.checkpoints_dir}: none of the {len(paths)} checkpoints can be used; "
                        "start a new run")  # fmt: skip
    return None


def set_aside_later(directory: RunDirectory, step: int) -> None:
    """Renames the checkpoints of later steps: they are damaged if an earlier one had to be restored."""
    for path in directory.checkpoint_files():
        if step_of(path) > step:
            path.rename(path.with_name(f"{path.name}.damaged"))


def find(directory: RunDirectory, checkpoint: int | str | None = None) -> Path:
    """The file of a checkpoint.

    Args:
        directory: the run directory.
        checkpoint: "latest" (as None), "best", or a step, as a number or its digits.

    Raises:
        ArgumentError: there is no such checkpoint; the message lists those that exist.
    """
    latest = {step_of(path): path for path in directory.checkpoint_files()}
    if not latest:
        raise ArgumentError("run", directory.path, "this run has no checkpoint yet; train until it has one")
    if checkpoint in (None, "latest"):
        return latest[max(latest)]
    best = best_score(directory)
    if checkpoint == "best" and best:
        return directory.best_checkpoint_file(best.step)
    paths = {step_of(path): path for path in directory.best_checkpoint_files()} | latest
    if str(checkpoint).isdecimal() and int(checkpoint) in paths:
        return paths[int(checkpoint)]
    steps = ", ".join(map(str, sorted(paths)))
    of_best = f"best is {best}" if best else "there is no best one (see `evaluate_every`)"
    remedy = f"this run has checkpoints of the steps {steps}; latest is step {max(latest)}, {of_best}"
    raise ArgumentError("checkpoint", checkpoint, remedy)


def read(path: Path, prefix: str = "") -> dict[str, np.ndarray]:
    """The arrays of a checkpoint whose names start with `prefix`, by the rest of their names.

    Raises:
        UserError: the file is damaged or cannot be read.
    """
    try:
        with np.load(path) as archive:
            return {name.removeprefix(prefix): archive[name] for name in archive.files if name.startswith(prefix)}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: damaged or unreadable checkpoint ({error})") from error


def require_fit(path: Path, arrays: Mapping[str, np.ndarray], variables: Mapping[str, "tf.Variable"]) -> None:
    """Raises UserError unless arrays and variables have the same names and shapes."""
    if missing := sorted(set(variables) ^ set(arrays)):
        raise UserError(f"{path}: not a checkpoint of this configuration ({missing[0]} is in only one of them)")
    for name, variable in variables.items():
        if arrays[name].shape != tuple(variable.shape):
            raise UserError(f"{path}: {name} has shape {arrays[name].shape}, this configuration needs {variable.shape}")


def sampling_weights(path: Path, kind: str = "") -> dict[str, np.ndarray]:
    """The generator's trainable variables in a checkpoint, by "layer/variable".

    Args:
        path: the checkpoint.
        kind: "ema" for the moving average, "raw" for the last weights, "" for the average if the run has one.

    Raises:
        UserError: the file cannot be read.
        ArgumentError: `kind` is "ema", and the run has no moving average.
    """
    averages = read(path, "ema/") if kind != "raw" else {}
    if kind == "ema" and not averages:
        raise ArgumentError("weights", kind, "this run was trained without a moving average; use `weights=raw`")
    if averages:
        return averages
    return trainable(read(path, "generator/"))


def trainable(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Without what is not trained: the statistics of batch norm and spectral norm, and the state of random layers."""
    others = ("/moving_mean", "/moving_variance", f"/{SINGULAR_VECTOR}", "/seed_generator_state")
    return {name: array for name, array in arrays.items() if not name.endswith(others)}
