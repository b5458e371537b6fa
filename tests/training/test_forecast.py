"""What a user is told of the time that a run takes."""

from types import SimpleNamespace

import pytest

from dcgan_tf.config import TrainingConfig
from dcgan_tf.training import forecast


def told(monkeypatch, steps: int, seconds_per_step: float, began: int = 0) -> list[str]:
    """The lines about a run of so many steps that is as fast as that."""
    clock, lines = iter(1000 + seconds_per_step * step for step in range(10**9)), []
    monkeypatch.setattr(forecast, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(forecast.log, "info", lambda text, *values: lines.append(text % values))
    ahead = forecast.Forecast(TrainingConfig(steps=steps, batch_size=128))
    for step in range(began + 1, began + min(steps - began, 200) + 1):
        ahead.update(step)
    return lines


@pytest.mark.parametrize(
    ("steps", "seconds", "expected"),
    [
        (20_000, 0.8, "the remaining 19,974 steps at 160 images/s take about 4.4 hours (until "),
        (2_000, 0.5, "1,959 steps at 256 images/s take about 16 minutes (until "),
        (2_000, 30, "1,998 steps at 4 images/s take about 16.6 hours (until "),
        (10**9, 1, "take about 11,574.1 days (until "),
    ],
)
def test_a_long_run_is_announced_once_with_its_time(monkeypatch, steps, seconds, expected):
    [line] = told(monkeypatch, steps, seconds)
    assert expected in line and "can be stopped at any time" in line


def test_a_run_that_goes_on_counts_what_is_left(monkeypatch):
    [line] = told(monkeypatch, 5_000, 1, began=3_000)
    assert line.startswith("the remaining 1,979 steps at 128 images/s take about 33 minutes")


def test_a_short_run_is_not_announced(monkeypatch):
    assert not told(monkeypatch, 1_000, 0.1) and not told(monkeypatch, 10, 1)
