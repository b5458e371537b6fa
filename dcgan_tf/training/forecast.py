"""How long a run will take, said once, as soon as its speed is known."""

import logging
import time
from datetime import datetime, timedelta

from dcgan_tf.config import TrainingConfig

log = logging.getLogger(__name__)

STEPS, SECONDS = 50, 20.0  # measured over so many steps, or for so long if they are slow
WORTH_SAYING = 300.0  # seconds


class Forecast:
    """Measures the first steps, then logs how long the others take, if that is long.

    Args:
        training: the settings of training.
    """

    def __init__(self, training: TrainingConfig):
        self._training, self._done = training, False
        self._began: tuple[int, float] | None = None

    def update(self, step: int) -> None:
        """Is told each time the run has got to a step. The first time does not count: it contains the tracing."""
        if self._done:
            return
        now = time.monotonic()
        if self._began is None:
            self._began = step, now
            return
        steps, seconds = step - self._began[0], now - self._began[1]
        if steps >= STEPS or seconds >= SECONDS:
            self._done = True
            self._tell(step, steps / max(seconds, 1e-9))

    def _tell(self, step: int, rate: float) -> None:
        left = self._training.steps - step
        if (seconds := left / rate) < WORTH_SAYING:
            return
        end = datetime.now() + timedelta(seconds=min(seconds, 1e9))
        images = rate * self._training.batch_size * self._training.d_steps
        log.info(
            "the remaining %s steps at %s images/s take about %s (until %s); "
            "training can be stopped at any time and continued later",
            f"{left:,}", f"{images:,.0f}", _duration(seconds), _moment(end),
        )  # fmt: skip


def _duration(seconds: float) -> str:
    for unit, length in {"days": 86400, "hours": 3600}.items():
        if seconds >= 1.5 * length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds / 60:.0f} minutes"


def _moment(end: datetime) -> str:
    days = (end.date() - datetime.now().date()).days
    return f"{end:%H:%M}" if not days else f"tomorrow, {end:%H:%M}" if days == 1 else f"{end:%d %B %Y}"
