"""What the user gave, what the preset says and what the data set is, to one configuration."""

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from dcgan_tf import geometry, presets
from dcgan_tf.config import Config, DataConfig, DeviceConfig
from dcgan_tf.errors import SettingError, UserError
from dcgan_tf.runs import Run

MOST_STEPS = 10**9


def data_settings(preset: str | None, given: Mapping[str, Any]) -> DataConfig:
    """The data section alone: enough to look at the data set, from which the rest may follow."""
    names = {item.name for item in fields(DataConfig)}
    return replace(presets.base(preset).data, **{name: value for name, value in given.items() if name in names})


def new(
    preset: str | None, given: Mapping[str, Any], image_size: tuple[int, int] | None, channels: int
) -> tuple[Config, str]:
    """The configuration of a new run, and the name of its preset.

    Args:
        preset: as the user chose it; None takes the one that fits the data set.
        given: settings that the user gave, by name; they win.
        image_size: of most images of the data set, or None when that is not known.
        channels: of the data set.
    """
    name = preset or presets.fitting(given.get("dataset", "digits"), image_size, channels)
    return presets.base(name).with_settings({"channels": channels, **given}), name


def continued(run: Run, preset: str | None, given: Mapping[str, Any]) -> tuple[Config, dict]:
    """The configuration of an existing run with what may change changed, and what else its config.json holds.

    The devices of the earlier start are forgotten: they say where it ran, not what it is.

    Raises:
        UserError: when a setting differs on which the course of the run depends; the message names it.
    """
    stored, recorded = run.read_config()
    other = preset and preset != recorded["preset"]
    base = presets.base(preset).with_settings({"channels": stored.model.channels}) if other else stored
    config = replace(base, device=DeviceConfig()).with_settings(dict(given))
    if differing := stored.trajectory_differences(config):
        changes = ", ".join(f"--{name}={_text(stored, name)} (not {_text(config, name)})" for name in differing)
        raise UserError(f"--run={run.path}: this run was started with {changes}; give a new --run for other settings")
    return config, recorded


def _text(config: Config, name: str) -> str:
    value = config.value(name)
    return geometry.size_text(value) if isinstance(value, tuple) else str(value)


def with_epochs(config: Config, epochs: float, count: int) -> Config:
    """Passes through `count` images as steps."""
    steps = math.ceil(epochs * count / (config.training.batch_size * config.training.d_steps))
    if steps > MOST_STEPS:
        raise SettingError("epochs", f"{epochs:g}", f"these are {steps:.2g} steps; at most {MOST_STEPS:.2g} work")
    return config.with_settings({"steps": steps})
