"""What a run leaves on the way: rows, scores, curves, sample grids, the animation, TensorBoard."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf import files, images
from dcgan_tf.runs import RunDirectory, step_of
from dcgan_tf.training import curves

Row = dict[str, Any]


class Reporter:
    """Writes into one run directory.

    Args:
        run: where to write; its directory exists.
        step: where the run stands. Rows and pictures of later steps belong to a course that was interrupted before its
            next checkpoint; they are removed, and will be made again.
        provisional: whether a row of this very step, if there is one, was written because training ended there, and
            not because it was due; it is then removed as well. Rows of scores say so themselves.

    Attributes:
        rows: those of `metrics.jsonl`.
        scores: those of `scores.jsonl`.
    """

    def __init__(self, run: RunDirectory, step: int, provisional: bool = False):
        self.run = run
        last = step - 1 if provisional else step
        self.rows = [row for row in read_rows(run) if row["step"] <= last]
        self.scores = [row for row in read_scores(run) if row["step"] <= step and not row.get("provisional")]
        _write_rows(run.metrics_file, self.rows)
        if run.scores_file.exists():
            _write_rows(run.scores_file, self.scores)
        for path in run.samples_files():
            if step_of(path) > step:
                path.unlink()
        self._tensorboard = tf.summary.create_file_writer(str(run.tensorboard_dir))

    def row(self, row: Row) -> None:
        """Appends a row, which has at least a "step"."""
        self.rows.append(row)
        self._append(self.run.metrics_file, row, "")

    def score(self, row: Row) -> None:
        """Appends a row of scores, which has at least a "step"."""
        self.scores.append(row)
        self._append(self.run.scores_file, row, "samples/")

    def _append(self, path: Path, row: Row, prefix: str) -> None:
        with path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")
        with self._tensorboard.as_default(step=row["step"]):
            for name, value in row.items():
                if name != "step" and isinstance(value, float):
                    tf.summary.scalar(prefix + name, value)

    def samples(self, step: int, pixels: np.ndarray, columns: int = 0) -> None:
        """Writes a grid of uint8 [n, height, width, channels]; without a number of columns it is about square."""
        picture = images.magnified(images.grid(pixels, columns))
        images.write_png(self.run.samples_file(step), picture)
        with self._tensorboard.as_default(step=step):
            tf.summary.image("samples", picture[None])

    def curves(self) -> None:
        """Draws all rows so far."""
        self._tensorboard.flush()
        if self.rows:
            curves.draw(self.run, self.rows, self.scores)

    def close(self) -> None:
        """Strings all grids so far together: seconds of work, so once at the end."""
        self._tensorboard.close()
        if grids := self.run.samples_files():
            images.write_gif(self.run.animation_file, grids)


def write_reals(run: RunDirectory, pixels: np.ndarray, columns: int = 0) -> None:
    """Writes a grid of training images, uint8 [n, height, width, channels], unless it is there."""
    if not run.reals_file.exists():
        images.write_png(run.reals_file, images.magnified(images.grid(pixels, columns)))


def read_rows(run: RunDirectory) -> list[Row]:
    """The rows of `metrics.jsonl`; a last line that was cut off by a crash is left out.

    Those of runs before there was a health monitor have no "health".
    """
    return _read(run.metrics_file)


def read_scores(run: RunDirectory) -> list[Row]:
    """The rows of `scores.jsonl`, likewise; none where nothing was evaluated."""
    return _read(run.scores_file)


def _write_rows(path: Path, rows: list[Row]) -> None:
    with files.written_aside(path) as temporary:
        temporary.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _read(path: Path) -> list[Row]:
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(errors="replace").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows
