"""The files of a run that a person looks at: rows, scores, curves, sample grids, the animation, TensorBoard.

What a report costs does not depend on how long the run is.
"""

from collections.abc import Callable

import numpy as np

from dcgan_tf import images
from dcgan_tf.runs import RunDirectory, step_of
from dcgan_tf.training import curves, health
from dcgan_tf.training.row_file import Row, RowFile
from dcgan_tf.training.tensorboard import TensorBoard

OnSamples = Callable[[int, np.ndarray], None]
PROVISIONAL = "provisional: training ended at this step"


class Reporter:
    """Writes into one run directory.

    Args:
        directory: the run directory; it exists.
        step: the checkpoint that the run continues from; -1 without one. Rows and sample grids of later steps are
            removed, and will be made again.
        provisional: whether a row of this very step was written only because training ended there; it is removed too.
            Scores and sample grids say so themselves.
        on_samples: called with the step and the picture, uint8 [height, width, channels], of each sample grid.
    """

    def __init__(self, directory: RunDirectory, step: int, provisional: bool, on_samples: OnSamples | None = None):
        self.directory, self._on_samples = directory, on_samples
        self._rows, self._scores = RowFile(directory.metrics_file), RowFile(directory.scores_file)
        last = step - 1 if provisional else step
        self._rows.cut(lambda row: row["step"] <= last)
        self._scores.cut(lambda row: row["step"] <= step and not row.get("provisional"))
        for path in directory.samples_files():
            if step_of(path) > step or (step_of(path) == step and images.note_of(path)):
                path.unlink()
        self._recent = self._rows.last(health.MOST_ROWS)
        self._judge = health.Judge(self._scores)
        self._drawn_rows = self._rows.thinned(curves.MOST_POINTS)
        self._drawn_scores = self._scores.thinned(curves.MOST_POINTS)
        self._tensorboard = TensorBoard(directory, step)

    @property
    def state(self) -> str:
        """The state that the last judged row is in."""
        return next((row["health"] for row in reversed(self._recent) if "health" in row), health.STARTING)

    def verdict(self, *rows: Row) -> health.Verdict:
        """The state after the rows written so far, and those that follow them."""
        return self._judge.verdict([*self._recent, *rows])

    def row(self, row: Row) -> None:
        """Appends a row, which has at least a "step"."""
        self._tensorboard.row(row, changed=row.get("health") != self.state)
        self._rows.append(row)
        self._drawn_rows.add(row)
        self._recent = [*self._recent, row][-health.MOST_ROWS :]

    def score(self, row: Row) -> None:
        """Appends a row of scores, which has at least a "step"."""
        self._scores.append(row)
        self._judge.add(row)
        self._drawn_scores.add(row)
        self._tensorboard.score(row)

    def samples(self, step: int, pixels: np.ndarray, columns: int = 0, provisional: bool = False) -> None:
        """Writes a sample grid.

        Args:
            step: where the run stands.
            pixels: uint8 [n, height, width, channels].
            columns: images per row; 0 makes the grid about square.
            provisional: whether it is drawn only because training ends there; it is removed when training continues.
        """
        grid = images.grid(pixels, columns)
        picture = images.magnified(grid)
        images.write_png(self.directory.samples_file(step), picture, PROVISIONAL if provisional else "")
        self._tensorboard.samples(step, grid)
        if self._on_samples:
            self._on_samples(step, picture)

    def curves(self) -> None:
        """Draws the rows so far."""
        self._tensorboard.flush()
        if self._drawn_rows.items:
            curves.draw(self.directory, self._drawn_rows, self._drawn_scores)

    def close(self) -> None:
        """Writes the animation of the sample grids; that takes seconds, so it is done once, at the end."""
        self._tensorboard.close()
        _write_animation(self.directory)


def complete(directory: RunDirectory) -> None:
    """Draws the curves and the animation of a run that has ended, in case that it was killed before they were."""
    rows = RowFile(directory.metrics_file).thinned(curves.MOST_POINTS)
    if rows.items:
        curves.draw(directory, rows, RowFile(directory.scores_file).thinned(curves.MOST_POINTS))
    _write_animation(directory)


def _write_animation(directory: RunDirectory) -> None:
    if grids := directory.samples_files():
        images.write_gif(directory.animation_file, grids)


def write_reals(directory: RunDirectory, pixels: np.ndarray, columns: int = 0) -> None:
    """Writes a grid of training images, uint8 [n, height, width, channels]."""
    images.write_png(directory.reals_file, images.magnified(images.grid(pixels, columns)))


def read_rows(directory: RunDirectory) -> list[Row]:
    """The rows of `metrics.jsonl`; a last line that a crash cut short is left out.

    Old runs have rows without "health".
    """
    return list(RowFile(directory.metrics_file))


def read_scores(directory: RunDirectory) -> list[Row]:
    """The rows of `scores.jsonl`; none if the run was never evaluated."""
    return list(RowFile(directory.scores_file))


def verdict(directory: RunDirectory) -> health.Verdict:
    """How the run was doing at its last row."""
    return health.Judge(RowFile(directory.scores_file)).verdict(RowFile(directory.metrics_file).last(health.MOST_ROWS))
