"""The files of a run that a person looks at: rows, scores, curves, sample grids, the animation, TensorBoard."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf import files, images
from dcgan_tf.runs import RunDirectory, step_of
from dcgan_tf.training import curves

Row = dict[str, Any]
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

    Attributes:
        rows: those of `metrics.jsonl`.
        scores: those of `scores.jsonl`.
    """

    def __init__(self, directory: RunDirectory, step: int, provisional: bool, on_samples: OnSamples | None = None):
        self.directory, self._on_samples = directory, on_samples
        last = step - 1 if provisional else step
        self.rows = [row for row in read_rows(directory) if row["step"] <= last]
        self.scores = [row for row in read_scores(directory) if row["step"] <= step and not row.get("provisional")]
        _write_rows(directory.metrics_file, self.rows)
        if directory.scores_file.exists():
            _write_rows(directory.scores_file, self.scores)
        for path in directory.samples_files():
            if step_of(path) > step:
                path.unlink()
        self._tensorboard = tf.summary.create_file_writer(str(directory.tensorboard_dir))

    def row(self, row: Row) -> None:
        """Appends a row, which has at least a "step"."""
        self.rows.append(row)
        self._append(self.directory.metrics_file, row, "")

    def score(self, row: Row) -> None:
        """Appends a row of scores, which has at least a "step"."""
        self.scores.append(row)
        self._append(self.directory.scores_file, row, "samples/")

    def _append(self, path: Path, row: Row, prefix: str) -> None:
        with path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")
        with self._tensorboard.as_default(step=row["step"]):
            for name, value in row.items():
                if name != "step" and isinstance(value, float):
                    tf.summary.scalar(prefix + name, value)

    def samples(self, step: int, pixels: np.ndarray, columns: int = 0) -> None:
        """Writes a sample grid.

        Args:
            step: where the run stands.
            pixels: uint8 [n, height, width, channels].
            columns: images per row; 0 makes the grid about square.
        """
        picture = images.magnified(images.grid(pixels, columns))
        images.write_png(self.directory.samples_file(step), picture)
        with self._tensorboard.as_default(step=step):
            tf.summary.image("samples", picture[None])
        if self._on_samples:
            self._on_samples(step, picture)

    def curves(self) -> None:
        """Draws all rows so far."""
        self._tensorboard.flush()
        if self.rows:
            curves.draw(self.directory, self.rows, self.scores)

    def close(self) -> None:
        """Writes the animation of all sample grids; that takes seconds, so it is done once, at the end."""
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
    return _read(directory.metrics_file)


def read_scores(directory: RunDirectory) -> list[Row]:
    """The rows of `scores.jsonl`; none if the run was never evaluated."""
    return _read(directory.scores_file)


def _write_rows(path: Path, rows: list[Row]) -> None:
    with files.written_aside(path) as temporary:
        temporary.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _read(path: Path) -> list[Row]:
    rows = []
    for line in path.read_text(errors="replace").splitlines() if path.exists() else ():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows
