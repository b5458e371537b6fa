"""A training run before it starts: settings, preset and data set to one configuration. Nothing is written here."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from dcgan_tf import data, presets
from dcgan_tf.config import Config, DataConfig, DeviceConfig, all_settings, checked_settings
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.models.custom_networks import Custom
from dcgan_tf.runs import RunDirectory

MOST_STEPS = 10**9

OF_THE_DISCRIMINATOR = ("d_norm", "discriminator_layers", "discriminator_depth", "conditioning", "head")
"""Settings that a discriminator of the user's own has no use for."""

Images = np.ndarray | tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Plan:
    """What will be trained.

    Attributes:
        config: all settings.
        preset: the name of the preset they started from.
        source: where the images come from; None where only the prepared images of an array are left.
        directory: the run directory; None for the next numbered one.
        recorded: what else `config.json` holds, where the run is continued; None for a new run.
        epochs: passes through the data to train in place of `config.training.steps`, or None.
        custom: networks and a loss of the user's own.
    """

    config: Config
    preset: str
    source: data.Source | None
    directory: RunDirectory | None
    recorded: dict[str, Any] | None
    epochs: float | None
    custom: Custom

    def with_steps(self, count: int | None) -> Config:
        """The configuration, its steps counted from `epochs` once the number of images is known."""
        if self.epochs is None or count is None:
            return self.config
        training = self.config.training
        steps = math.ceil(self.epochs * count / (training.batch_size * training.d_steps))
        if steps > MOST_STEPS:
            remedy = f"these are {steps:.2g} steps; at most {MOST_STEPS:.2g} work"
            raise ArgumentError("epochs", f"{self.epochs:g}", remedy)
        return self.config.with_settings({"steps": steps})

    def with_store(self, store: data.ImageStore) -> Config:
        """The configuration, with what follows from the prepared images: steps, and classes that have images."""
        config = self.with_steps(len(store))
        if not config.model.conditional or self._classes_are_fixed:
            return config
        return replace(config, model=replace(config.model, classes=len(store.class_names)))

    @property
    def _classes_are_fixed(self) -> bool:
        return bool(self.recorded or self.config.model.custom_networks)

    def must_agree(self) -> dict[str, str]:
        """What several workers must have in common, by name, in the words of a message.

        These are all settings but those that say where a machine has its data and which devices it has.
        """
        own = {"dataset", "data_dir", "cache_dir", *(item.name for item in fields(DeviceConfig))} - {"deterministic"}
        names = [item.name for item in all_settings() if item.name not in own]
        found = {name: f"`{name}={self.config.text(name)}`" for name in names}
        return found if self.epochs is None else found | {"epochs": f"`epochs={self.epochs:g}`"}

    def prepare_store(self) -> data.ImageStore:
        """The images of the run, prepared now unless they are in the cache.

        Raises:
            UserError: they cannot be had, or are not those that the run was started with.
        """
        config = self.config
        if self.source is None:
            return data.reopen(self.recorded["data"], config.data.cache_dir)
        model, crop, cache_dir = config.model, config.data.crop, config.data.cache_dir
        if self.recorded:
            store = data.prepare_recorded(self.source, self.recorded["data"], cache_dir)
        else:
            store = data.prepare_store(self.source, model.image_size, model.channels, crop, cache_dir)
        if model.conditional:
            require_classes(len(store.class_names), model.classes if self._classes_are_fixed else 0)
        if self.recorded and self.recorded["data"]["checksum"] != store.checksum:
            remedy = f"{self.directory.path} was started with other images; give it the same data, or start a new run"
            raise UserError(f"`dataset={store.manifest['source']}`: {remedy}")
        return store


def make(
    settings: Mapping[str, Any],
    preset: str | None = None,
    directory: RunDirectory | None = None,
    epochs: float | None = None,
    images: Images | None = None,
    custom: Custom | None = None,
) -> Plan:
    """Plans a new run, or the continuation of the one in `directory`.

    Args:
        settings: what the user set, by the names of the fields of `Config`.
        preset: a name; None takes the one that fits the data set.
        directory: the run directory; one that holds a run is continued.
        epochs: passes through the data, in place of `steps`.
        images: the data set as an array, or as a tuple of images and labels.
        custom: networks and a loss of the user's own.

    Raises:
        ArgumentError: a value that cannot work, or a setting that may not change when a run is continued.
        UserError: the data set or the run cannot be read.
    """
    custom = custom or Custom()
    if preset is not None and preset not in presets.PRESETS:
        raise ArgumentError("preset", preset, f"choose one of {', '.join(presets.PRESETS)}")
    _check_epochs(epochs, settings)
    settings = checked_settings(settings) | ({"dataset": data.ARRAY} if images is not None else {})
    if directory is not None and directory.exists():
        custom = custom.with_stored(directory, directory.read_config()[0].model)
        config, recorded = _continued(directory, preset, settings | custom.settings())
        only_prepared = images is None and config.data.dataset == data.ARRAY
        applied = data.as_applied(config.data, recorded["data"])
        source = None if only_prepared else data.open_source(applied if images is None else images)
        return Plan(_located(config, source), recorded["preset"], source, directory, recorded, epochs, custom)
    source, split = _opened(_data_settings(preset, settings), images, chosen="split" in settings)
    config, name = new(preset, settings | {"split": split}, source.info(), custom.settings())
    custom.check_classes(config.model.classes)
    custom.check_penalty(config.loss.r1)
    return Plan(_located(config, source), name, source, directory, None, epochs, custom)


def _opened(settings: DataConfig, images: Images | None, chosen: bool) -> tuple[data.Source, str]:
    """The source of a new run's images, and the split that it takes.

    A split that is not `chosen`, because it comes with a preset, applies only to a data set that has such a one.
    """
    whole = DataConfig().split
    if images is None and not chosen:
        return data.open_split_or_whole(settings, ArgumentError)
    if images is None:
        return data.open_source(settings), settings.split
    if chosen and settings.split != whole:
        raise data.NoSplits("split", settings.split, "an array is not divided into splits; pass the images to use")
    return data.open_source(images), whole


def new(
    preset: str | None, settings: Mapping[str, Any], info: data.SourceInfo, custom: Mapping[str, Any] | None = None
) -> tuple[Config, str]:
    """The configuration of a new run, and the name of its preset.

    Args:
        preset: as the user chose it; None takes the one that fits the data set.
        settings: what the user set, by name; they win over the preset and the data set.
        info: what is known of the data set.
        custom: the settings that networks of the user's own bring along; nothing else may contradict them.

    Raises:
        ArgumentError: a value that cannot work; conditional networks for a data set with fewer than two classes.
    """
    custom = dict(custom or {})
    for name in custom.keys() & settings.keys():
        if settings[name] != custom[name]:
            raise ArgumentError(name, settings[name], f"it follows from the network that was passed: {custom[name]}")
    if "discriminator" in custom.get("custom_networks", ""):
        for name in settings.keys() & OF_THE_DISCRIMINATOR:
            raise ArgumentError(name, settings[name], "it is for the built-in discriminator, and another was passed")
    settings = {**settings, **custom}
    conditional = settings.get("conditional", False)
    name = preset or presets.fitting(settings.get("dataset", "digits"), info.image_size, info.channels, conditional)
    base = presets.PRESETS[name]
    labels = {"conditional": False, "classes": 0}
    if settings.get("conditional", base.model.conditional):
        require_classes(info.classes, why=info.no_classes)
        labels = {"conditional": True, "classes": info.classes}
    return base.with_settings({"channels": info.channels, **settings, **labels}), name


def _data_settings(preset: str | None, settings: Mapping[str, Any]) -> DataConfig:
    """The data section alone: enough to look at the data set, from which the rest may follow."""
    names = {item.name for item in fields(DataConfig)}
    return replace(
        presets.PRESETS[preset or presets.DEFAULT].data,
        **{name: value for name, value in settings.items() if name in names},
    )


def _located(config: Config, source: data.Source | None) -> Config:
    """The same with absolute paths, so that a run can be continued from another working directory."""
    return config if source is None else replace(config, data=data.located(config.data, source))


def require_classes(found: int, wanted: int = 0, why: str = "") -> None:
    """Raises ArgumentError unless a data set has the classes that conditional networks need.

    Args:
        found: classes of the data set that have images; 0 when it has no labels.
        wanted: how many the networks were made for; 0 when that is still to be decided.
        why: the reason that it has no labels, if it is known.
    """
    if found < 2:
        has = "has one class only" if found else f"has no labels{why and f' ({why})'}"
        remedy = "give one with labels (a folder with one sub-folder for each class, say), or set `conditional=False`"
        raise ArgumentError("conditional", True, f"this data set {has}; {remedy}")
    if wanted and found != wanted:
        raise ArgumentError("conditional", True, f"this data set has {found} classes, and the networks {wanted}")


def _continued(directory: RunDirectory, preset: str | None, settings: Mapping[str, Any]) -> tuple[Config, dict]:
    """The configuration of an existing run with what may change changed, and what else its config.json holds.

    The devices of the earlier start are forgotten: they say where it ran, not what it is. `deterministic` is kept.
    """
    stored, recorded = directory.read_config()
    base = presets.PRESETS[preset] if preset and preset != recorded["preset"] else stored
    conditional = settings.get("conditional", base.model.conditional)
    of_data = {
        "channels": stored.model.channels,
        "conditional": conditional,
        "classes": (stored.model.classes or 1) if conditional else 0,  # if it differs, it is refused below
        "custom_networks": stored.model.custom_networks,
    }
    device = DeviceConfig(deterministic=stored.device.deterministic)
    config = replace(base, device=device).with_settings({**of_data, **settings})
    if differing := stored.differences(config):
        changes = ", ".join(f"`{name}={stored.text(name)}` (not {config.text(name)})" for name in differing)
        raise UserError(f"`run={directory.path}`: this run was started with {changes}; other settings need a new run")
    return config, recorded


def _check_epochs(epochs: float | None, settings: Mapping[str, Any]) -> None:
    if epochs is None:
        return
    if not isinstance(epochs, numbers.Real):
        raise ArgumentError("epochs", repr(epochs), "it must be a number")
    if "steps" in settings:
        raise ArgumentError("epochs", f"{epochs:g}", "give either `steps` or `epochs`, not both")
    if not (math.isfinite(epochs) and epochs > 0):
        raise ArgumentError("epochs", f"{epochs:g}", "it must be above 0")
