"""The steps since the last row: the means of their scalars, and how fast they were."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.training.state import SCALARS, TrainingState


class Window:
    """Turns the sums that steps leave on the device into rows.

    The sums belong to the state, and thus to its checkpoints; times do not, since they differ between machines.

    Args:
        config: all settings.
        state: what is trained.
        images: the number of training images.
        step: where the run stands.
    """

    def __init__(self, config: Config, state: TrainingState, images: int, step: int):
        self._state, self._images, self._start = state, images, step
        self._images_per_step = config.training.d_steps * config.training.batch_size
        self._seconds = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Counts the time spent in the block as training."""
        start = time.perf_counter()
        yield
        self._seconds += time.perf_counter() - start

    def row(self, step: int) -> dict[str, float]:
        """The row of `metrics.jsonl` for this step; waits for the device."""
        with self.timed():
            means = self._state.sums.numpy() / self._state.summed_steps.numpy()
        seconds = max(self._seconds, 1e-9)
        waiting = float(self._state.seconds_waiting.numpy()) / seconds
        return {
            "step": step,
            "epoch": round(step * self._images_per_step / self._images, 4),
            **dict(zip(SCALARS, map(float, means), strict=True)),
            "seconds": round(seconds, 3),
            "images_per_second": round((step - self._start) * self._images_per_step / seconds, 1),
            **({} if math.isnan(waiting) else {"waiting": round(waiting, 4)}),
        }

    def restart(self, step: int) -> None:
        """Begins the next row."""
        self._state.sums.assign(tf.zeros_like(self._state.sums))
        self._state.summed_steps.assign(0)
        self._state.seconds_waiting.assign(0.0)
        self._seconds, self._start = 0.0, step


def describe(row: dict[str, float]) -> str:
    """A row as the progress bar shows it."""
    return (
        f"D loss {row['d_loss']:.3f}  G loss {row['g_loss']:.3f}  "
        f"D(x) {row['d_real']:.2f}  D(G(z)) {row['d_fake']:.2f}  "
        f"{row['images_per_second']:,.0f} images/s"
        + (f"  waiting for data {row['waiting']:.0%}" if "waiting" in row else "")  # unknown if `deterministic`
        + (f"  {row['health']}" if "health" in row else "")  # only the chief judges
    )
