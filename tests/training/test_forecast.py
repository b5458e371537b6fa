"""What a user is told of the time that a run takes."""

import logging
from types import SimpleNamespace

import pytest

from dcgan_tf.config import TrainingConfig
from dcgan_tf.training import forecast


def told(monkeypatch, caplog, steps: int, seconds_per_step: float, began: int = 0) -> list[str]:
    """The lines about a run of so many steps that is as fast as that."""
    clock = iter(1000 + seconds_per_step * step for step in range(10**9))
    monkeypatch.setattr(forecast, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    caplog.set_level(logging.INFO, "dcgan_tf")
    monkeypatch.setattr(logging.getLogger("dcgan_tf"), "propagate", True)
    ahead = forecast.Forecast(TrainingConfig(steps=steps, batch_size=128))
    for step in range(began + 1, began + min(steps - began, 200) + 1):
        ahead.update(step)
    return [record.getMessage() for record in caplog.records if record.name == forecast.__name__]


@pytest.mark.parametrize(
    ("steps", "seconds", "expected"),
    [
        (20_000, 0.8, "the remaining 19,974 steps at 160 images/s take about 4.4 hours (until "),
        (2_000, 0.5, "1,959 steps at 256 images/s take about 16 minutes (until "),
        (2_000, 30, "1,998 steps at 4 images/s take about 16.6 hours (until "),
        (10**9, 1, "take about 11,574.1 days (until "),
    ],
)
def test_a_long_run_is_announced_once_with_its_time(monkeypatch, caplog, steps, seconds, expected):
    [line] = told(monkeypatch, caplog, steps, seconds)
    assert expected in line and "can be stopped at any time" in line


def test_a_run_that_goes_on_counts_what_is_left(monkeypatch, caplog):
    [line] = told(monkeypatch, caplog, 5_000, 1, began=3_000)
    assert line.startswith("the remaining 1,979 steps at 128 images/s take about 33 minutes")


def test_a_short_run_is_not_announced(monkeypatch, caplog):
    assert not told(monkeypatch, caplog, 1_000, 0.1) and not told(monkeypatch, caplog, 10, 1)
