"""Command-line flags, generated from the fields of the configuration. None means that the preset decides."""

import dataclasses
from typing import Any

from absl import flags

from dcgan_tf import geometry
from dcgan_tf.config import all_settings
from dcgan_tf.errors import SettingError


class _Whole(flags.ArgumentParser):
    syntactic_help = "a whole number"

    def parse(self, argument: Any) -> int:
        try:
            return int(str(argument).replace("_", ""))
        except ValueError:
            raise ValueError("it must be a whole number") from None


class _Number(flags.ArgumentParser):
    syntactic_help = "a number"

    def parse(self, argument: Any) -> float:
        try:
            return float(argument)
        except ValueError:
            raise ValueError("it must be a number") from None


class _Size(flags.ArgumentParser):
    syntactic_help = "64 or 64x96"

    def parse(self, argument: Any) -> geometry.Size:
        if isinstance(argument, tuple):
            return argument
        try:
            return geometry.parse_size(argument)
        except SettingError as error:
            raise ValueError(str(error).split(": ", 1)[1]) from None


class _Choice(flags.ArgumentParser):
    def __init__(self, choices: tuple[str, ...]):
        super().__init__()
        self.choices = choices
        self.syntactic_help = f"<{'|'.join(choices)}>"

    def parse(self, argument: Any) -> str:
        if argument not in self.choices:
            raise ValueError(f"choose one of {', '.join(self.choices)}")
        return argument


def define_choice(name: str, choices: tuple[str, ...], text: str) -> flags.FlagHolder:
    """A flag that takes one of some words, None by default."""
    return flags.DEFINE(_Choice(choices), name, None, f"{text}.")


def define_whole(name: str, default: int | None, text: str) -> flags.FlagHolder:
    """A flag that takes a whole number."""
    return flags.DEFINE(_Whole(), name, default, f"{text}.")


def define_number(name: str, default: float | None, text: str) -> flags.FlagHolder:
    """A flag that takes a number."""
    return flags.DEFINE(_Number(), name, default, f"{text}.")


def define_settings() -> None:
    """One flag for each setting of `Config`, all None by default."""
    for item in all_settings():
        _define_setting(item)


def _define_setting(item: dataclasses.Field) -> None:
    text, choices = item.metadata["text"], item.metadata["choices"]
    if item.type is bool:
        flags.DEFINE_boolean(item.name, None, f"{text}.")
    elif item.type is int:
        define_whole(item.name, None, text)
    elif item.type is float:
        define_number(item.name, None, text)
    elif item.type is str and choices:
        define_choice(item.name, choices, text)
    elif item.type is str:
        flags.DEFINE_string(item.name, None, f"{text}.")
    else:
        flags.DEFINE(_Size(), item.name, None, f"{text}.")


def given_settings() -> dict[str, Any]:
    """The settings that stand on the command line, by name."""
    values = {item.name: flags.FLAGS[item.name].value for item in all_settings()}
    return {name: value for name, value in values.items() if value is not None}
