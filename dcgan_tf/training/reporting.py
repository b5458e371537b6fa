"""What a run leaves on the way: rows, curves, sample grids, the animation, TensorBoard."""

import json
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from dcgan_tf import files, images
from dcgan_tf.runs import Run, step_of


class Reporter:
    """Writes into one run directory.

    Args:
        run: where to write; its directory exists.
        step: where the run stands. Rows and pictures of later steps belong to a course that was interrupted before its
            next checkpoint; they are removed, and will be made again.
        provisional: whether a row of this very step, if there is one, was written because training ended there, and
            not because it was due; it is then removed as well.
    """

    def __init__(self, run: Run, step: int, provisional: bool = False):
        self.run = run
        last = step - 1 if provisional else step
        self._rows = [row for row in read_rows(run) if row["step"] <= last]
        with files.written_aside(run.metrics_file) as temporary:
            temporary.write_text("".join(json.dumps(row) + "\n" for row in self._rows))
        for path in run.samples_files():
            if step_of(path) > step:
                path.unlink()
        self._tensorboard = tf.summary.create_file_writer(str(run.tensorboard_dir))

    def row(self, row: dict[str, float]) -> None:
        """Appends a row, which has at least a "step"."""
        self._rows.append(row)
        with self.run.metrics_file.open("a") as stream:
            stream.write(json.dumps(row) + "\n")
        with self._tensorboard.as_default(step=row["step"]):
            for name, value in row.items():
                if name != "step":
                    tf.summary.scalar(name, value)

    def samples(self, step: int, pixels: np.ndarray, columns: int = 0) -> None:
        """Writes a grid of uint8 [n, height, width, channels]; without a number of columns it is about square."""
        picture = images.magnified(images.grid(pixels, columns))
        images.write_png(self.run.samples_file(step), picture)
        with self._tensorboard.as_default(step=step):
            tf.summary.image("samples", picture[None])

    def curves(self) -> None:
        """Draws all rows so far."""
        self._tensorboard.flush()
        if self._rows:
            _draw_curves(self.run, self._rows)

    def close(self) -> None:
        """Strings all grids so far together: seconds of work, so once at the end."""
        self._tensorboard.close()
        if grids := self.run.samples_files():
            images.write_gif(self.run.animation_file, grids)


def write_reals(run: Run, pixels: np.ndarray, columns: int = 0) -> None:
    """Writes a grid of training images, uint8 [n, height, width, channels], unless it is there."""
    if not run.reals_file.exists():
        images.write_png(run.reals_file, images.magnified(images.grid(pixels, columns)))


def read_rows(run: Run) -> list[dict[str, float]]:
    """The rows of `metrics.jsonl`; a last line that was cut off by a crash is left out."""
    if not run.metrics_file.exists():
        return []
    rows = []
    for line in run.metrics_file.read_text(errors="replace").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def _draw_curves(run: Run, rows: Sequence[dict[str, float]]) -> None:
    from matplotlib.figure import Figure  # takes half a second to import

    figure = Figure(figsize=(10, 6), layout="constrained")
    losses, scores = figure.subplots(2, 1, sharex=True)
    steps = [row["step"] for row in rows]
    lines = {
        losses: {"d_loss": "discriminator", "g_loss": "generator"},
        scores: {
            "d_real": "D(x), real images",
            "d_fake": "D(G(z)), generated images",
            "d_accuracy": "share D gets right",
        },
    }
    for axes, names in lines.items():
        for name, label in names.items():
            axes.plot(steps, [row[name] for row in rows], label=label, linewidth=1)
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize="small")
    losses.set_ylabel("loss")
    scores.set_ylabel("score")
    scores.set_xlabel("step")
    losses.set_title(run.path.name)
    with files.written_aside(run.curves_file) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
