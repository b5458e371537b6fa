"""The checkpoint with the best score, in a folder of its own, its score in a JSON file beside it.

The files themselves are the record, so nothing has to be restored when a run goes on. A step that is trained again gets
the same score again and replaces nothing. An evaluation that was made only because training ended there is provisional:
its checkpoint is kept beside the best of the others, and forgotten when training goes on, so that a continued run ends
with the same best as one that was never stopped.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from dcgan_tf import files, runs


@dataclass(frozen=True)
class Score:
    """What a checkpoint is worth.

    Attributes:
        step: of the checkpoint.
        name: of the score.
        value: of the score.
        lower_is_better: whether a smaller value is better.
        provisional: whether no evaluation was due at this step.
    """

    step: int
    name: str
    value: float
    lower_is_better: bool = True
    provisional: bool = False

    def beats(self, other: "Score") -> bool:
        """Whether it is better; any other kind of score is beaten, since there is no comparing them."""
        if (self.name, self.lower_is_better) != (other.name, other.lower_is_better):
            return True
        return self.value < other.value if self.lower_is_better else self.value > other.value

    def __str__(self) -> str:
        return f"step {self.step} with {self.name} {self.value:.4g}"


def scores(run: runs.RunDirectory) -> list[Score]:
    """The scores of the kept checkpoints, the best first; a checkpoint whose score cannot be read does not count."""
    found: list[Score] = []
    for path in run.best_checkpoint_files():
        try:
            score = Score(**json.loads(_beside(path).read_text()))
        except (OSError, ValueError, TypeError):
            continue
        found.insert(0 if not found or score.beats(found[0]) else 1, score)
    return found


def of(run: runs.RunDirectory) -> Score | None:
    """The best there is."""
    return next(iter(scores(run)), None)


def keep(run: runs.RunDirectory, score: Score, write: Callable[[Path], None]) -> None:
    """Keeps a checkpoint if its score is the best.

    Args:
        run: where.
        score: what it is worth.
        write: writes the checkpoint to a path, whole or not at all.
    """
    if (best := of(run)) and not score.beats(best):
        return
    run.best_dir.mkdir(exist_ok=True)
    path = run.best_checkpoint_file(score.step)
    write(path)
    with files.written_aside(_beside(path)) as temporary:
        temporary.write_text(json.dumps(asdict(score)) + "\n")
    if not score.provisional:
        _remove(run, lambda other: other != path)


def forget_provisional(run: runs.RunDirectory) -> None:
    """Called when training goes on."""
    steps = {score.step for score in scores(run) if score.provisional}
    _remove(run, lambda path: runs.step_of(path) in steps)


def _remove(run: runs.RunDirectory, unwanted: Callable[[Path], bool]) -> None:
    for path in filter(unwanted, run.best_checkpoint_files()):
        _beside(path).unlink(missing_ok=True)
        path.unlink()


def _beside(path: Path) -> Path:
    return path.with_suffix(".json")
