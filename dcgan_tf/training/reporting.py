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


class Reporter:
    """Writes into one run directory.

    Args:
        directory: the run directory; it exists.
        step: where the run stands. Rows and sample grids of later steps were made after the checkpoint that the run
            continues from; they are removed, and will be made again.
        provisional: whether a row of this very step was written only because training ended there; it is removed too.
            Scores say so themselves.
        on_samples: called with the step and the picture, uint8 [height, width, channels], of each sample grid.
    """

    def __init__(self, directory: RunDirectory, step: int, provisional: bool, on_samples: OnSamples | None = None):
        self.directory, self._on_samples = directory, on_samples
        self._rows, self._scores = RowFile(directory.metrics_file), RowFile(directory.scores_file)
        last = step - 1 if provisional else step
        self._rows.cut(lambda row: row["step"] <= last)
        self._scores.cut(lambda row: row["step"] <= step and not row.get("provisional"))
        for path in directory.samples_files():
            if step_of(path) > step:
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

    def verdict(self, row: Row) -> health.Verdict:
        """The state after a row that follows those written so far."""
        return self._judge.verdict([*self._recent, row])

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

    def samples(self, step: int, pixels: np.ndarray, columns: int = 0) -> None:
        """Writes a sample grid.

        Args:
            step: where the run stands.
            pixels: uint8 [n, height, width, channels].
            columns: images per row; 0 makes the grid about square.
        """
        grid = images.grid(pixels, columns)
        picture = images.magnified(grid)
        images.write_png(self.directory.samples_file(step), picture)
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
        if grids := self.directory.samples_files():
            images.write_gif(self.directory.animation_file, grids)


def write_reals(directory: RunDirectory, pixels: np.ndarray, columns: int = 0) -> None:
    """Writes a grid of training images, uint8 [n, height, width, channels], unless there is one."""
    if not directory.reals_file.exists():
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
