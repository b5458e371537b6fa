"""Event files for TensorBoard: curves by subject, sample grids, training images, settings, the verdict in words."""

import numpy as np
import tensorflow as tf

from dcgan_tf import images
from dcgan_tf.config import Config, all_settings
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training.curves import NO_SCORES
from dcgan_tf.training.health import Verdict
from dcgan_tf.training.row_file import Row

CURVES = {
    "d_loss": "loss/discriminator",
    "g_loss": "loss/generator",
    "d_real": "discriminator/output for real images",
    "d_fake": "discriminator/output for generated images",
    "d_accuracy": "discriminator/share that it gets right",
    "images_per_second": "speed/images per second",
    "waiting": "speed/share of time waiting for data",
}


class TensorBoard:
    """Adds one event file to those of a run.

    Event files cannot be cut, so the new one tells TensorBoard to forget what the earlier ones have after `step`; its
    fast loader forgets a point only when its step comes again. The row and the score that were written because training
    ended between two reports stay in any case, as points of their curves.

    Args:
        directory: the run directory.
        step: the checkpoint that the run continues from; -1 without one.
    """

    def __init__(self, directory: RunDirectory, step: int):
        self._writer = tf.summary.create_file_writer(str(directory.tensorboard_dir))
        self._forget_from(step + 1)
        with self._writer.as_default(step=max(0, step)):
            tf.summary.text("settings", settings_table(directory.read_config()[0]))
            if step < 0 and directory.reals_file.exists():
                tf.summary.image("training images", images.Picture.read(directory.reals_file).pixels[None])

    def row(self, row: Row, changed: bool) -> None:
        """Adds a row of `metrics.jsonl` to the curves, and its verdict in words if it has changed."""
        with self._writer.as_default(step=row["step"]):
            for name, tag in CURVES.items():
                if name in row:
                    tf.summary.scalar(tag, row[name])
            if changed and "health" in row:
                tf.summary.text("health", str(Verdict(row["health"])))

    def score(self, row: Row) -> None:
        """Adds a row of `scores.jsonl` to the curves."""
        with self._writer.as_default(step=row["step"]):
            for name in row.keys() - set(NO_SCORES):
                tf.summary.scalar(f"samples/{name}", row[name])

    def samples(self, step: int, grid: np.ndarray) -> None:
        """Adds a sample grid, uint8 [height, width, channels]."""
        with self._writer.as_default(step=step):
            tf.summary.image("samples", grid[None])

    def flush(self) -> None:
        """Writes what is still in memory."""
        self._writer.flush()

    def close(self) -> None:
        """Ends the event file."""
        self._writer.close()

    def _forget_from(self, step: int) -> None:
        log = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        event = tf.compat.v1.Event(step=step, session_log=log)
        # tf.summary has no `purge_step`, as other writers of event files have.
        tf.raw_ops.ImportEvent(writer=self._writer._resource, event=event.SerializeToString())


def settings_table(config: Config) -> str:
    """All settings as a Markdown table."""
    lines = ["| setting | value |", "| --- | --- |"]
    for item in all_settings():
        lines.append(f"| {item.name} | {config.text(item.name)} |")
    return "\n".join(lines)
