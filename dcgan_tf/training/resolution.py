"""What the user gave, what the preset says and what the data set is, to one configuration."""

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from dcgan_tf import geometry, presets
from dcgan_tf.config import Config, DataConfig, DeviceConfig
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.runs import RunDirectory

MOST_STEPS = 10**9


def data_settings(preset: str | None, given: Mapping[str, Any]) -> DataConfig:
    """The data section alone: enough to look at the data set, from which the rest may follow."""
    names = {item.name for item in fields(DataConfig)}
    return replace(presets.base(preset).data, **{name: value for name, value in given.items() if name in names})


def new(
    preset: str | None, given: Mapping[str, Any], image_size: tuple[int, int] | None, channels: int, classes: int = 0
) -> tuple[Config, str]:
    """The configuration of a new run, and the name of its preset.

    Args:
        preset: as the user chose it; None takes the one that fits the data set.
        given: settings that the user gave, by name; they win.
        image_size: of most images of the data set, or None when that is not known.
        channels: of the data set.
        classes: of the data set; 0 when it has no labels.

    Raises:
        ArgumentError: when the networks are to be conditional, and the data set has fewer than two classes.
    """
    name = preset or presets.fitting(
        given.get("dataset", "digits"), image_size, channels, given.get("conditional", False)
    )
    base = presets.base(name)
    if given.get("conditional", base.model.conditional):
        require_classes(classes)
        labels = {"conditional": True, "classes": classes}
    else:
        labels = {"conditional": False, "classes": 0}
    return base.with_settings({"channels": channels, **given, **labels}), name


def require_classes(found: int, wanted: int = 0) -> None:
    """Raises ArgumentError unless a data set has the classes that conditional networks need.

    Args:
        found: classes of the data set; 0 when it has no labels.
        wanted: how many the networks were made for; 0 when that is still to be decided.
    """
    if found < 2:
        has = "has one class only" if found else "has no labels"
        remedy = "give one with labels (a folder with one sub-folder for each class, say), or add --noconditional"
        raise ArgumentError("conditional", True, f"this data set {has}; {remedy}")
    if wanted and found != wanted:
        raise ArgumentError("conditional", True, f"this data set has {found} classes, and the networks {wanted}")


def continued(run: RunDirectory, preset: str | None, given: Mapping[str, Any]) -> tuple[Config, dict]:
    """The configuration of an existing run with what may change changed, and what else its config.json holds.

    The devices of the earlier start are forgotten: they say where it ran, not what it is.

    Raises:
        UserError: when a setting differs on which the course of the run depends; the message names it.
    """
    stored, recorded = run.read_config()
    base = presets.base(preset) if preset and preset != recorded["preset"] else stored
    conditional = given.get("conditional", base.model.conditional)
    of_data = {
        "channels": stored.model.channels,
        "conditional": conditional,
        "classes": (stored.model.classes or 1) if conditional else 0,  # if it differs, it is refused below
    }
    config = replace(base, device=DeviceConfig()).with_settings(of_data | given)
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
        raise ArgumentError("epochs", f"{epochs:g}", f"these are {steps:.2g} steps; at most {MOST_STEPS:.2g} work")
    return config.with_settings({"steps": steps})
