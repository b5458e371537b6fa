"""Command-line flags of the scripts; those for settings are generated from the fields of the configuration.

Each script owns its flags, so that two scripts can be used in one process and `--help` shows what belongs to it.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from absl import flags

from dcgan_tf import losses
from dcgan_tf.cli import command_line, help_layout, values
from dcgan_tf.cli.command_line import UsageError
from dcgan_tf.config import OLD_NAMES, Config, all_settings

SECTIONS = {
    "data": "data set", "model": "networks", "loss": "loss", "optimizer": "optimizer", "training": "training",
    "device": "devices", "report": "reports",
}  # fmt: skip
"""The sections of `Config`, as `--help` calls them."""

LONGEST_FORM = 50  # characters; longer lists of choices go into the text


class _Converted(flags.ArgumentParser):
    """A flag's text through a function that raises ValueError with the remedy."""

    def __init__(self, convert: Callable[[Any], Any], form: str):
        super().__init__()
        self.convert, self.syntactic_help = convert, form

    def parse(self, argument: Any) -> Any:
        return self.convert(argument) if isinstance(argument, str) else argument


class Flags:
    """The flags of one script, None by default; values are attributes once the command line has been parsed.

    Args:
        description: what `--help` says first.
        everyday: the flags that `--help` shows, in this order; `--help=all` shows the others as well. Empty: all.

    Attributes:
        help: whether help was asked for.
    """

    def __init__(self, description: str | None, everyday: Sequence[str] = ()):
        self.description, self.help = description or "", False  # `python -OO` has no docstrings
        self._everyday, self._all_help = everyday, False
        self._values = flags.FlagValues()
        self._old_names: dict[str, str] = {}
        self._hidden: set[str] = set()
        self._defaults: dict[str, str] = {}
        self._sections: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._values[name].value

    def whole(self, name: str, default: int | None, text: str) -> None:
        """Defines a flag that takes a whole number."""
        self._define(_Converted(values.whole, "N"), name, default, text)

    def number(self, name: str, default: float | None, text: str) -> None:
        """Defines a flag that takes a number."""
        self._define(_Converted(values.number, "X"), name, default, text)

    def choice(self, name: str, choices: tuple[str, ...], text: str, default: str | None = None) -> None:
        """Defines a flag that takes one of some words."""

        def chosen(argument: str) -> str:
            if argument not in choices:
                raise ValueError(f"choose one of {', '.join(choices)}")
            return argument

        self._define(_Converted(chosen, "|".join(choices)), name, default, text)

    def text(self, name: str, default: str | None, text: str, address: bool = False) -> None:
        """Defines a flag that takes a text, as for names and paths; an `address` may be that of another machine."""
        self._define(_Converted(values.filled if address else values.local, "TEXT"), name, default, text)

    def texts(self, name: str, text: str) -> None:
        """Defines a flag that takes a text and may stand several times; its value is the list of them."""
        parser, serializer = _Converted(values.filled, "TEXT"), flags.ArgumentSerializer()
        _KNOWN.add(name)
        flags.DEFINE_multi(parser, serializer, name, [], text, flag_values=self._values)
        self._values[name].help = f"{text}; may be repeated"  # absl adds words of its own

    def switch(self, name: str, default: bool | None, text: str) -> None:
        """Defines a flag that is switched on by --name, off by --noname."""
        _KNOWN.add(name)
        flags.DEFINE_boolean(name, default, text, flag_values=self._values)
        self._values[name].parser = _Converted(values.truth, "")

    def old_name(self, old: str, new: str) -> None:
        """Lets a flag that was renamed go on working under its old name, which `--help` does not show."""
        self._old_names[old] = new

    def hide(self, name: str) -> None:
        """Leaves a flag out of `--help`: one that only older scripts use."""
        self._hidden.add(name)

    def settings(self, defaults: Mapping[str, str] | None = None) -> None:
        """Defines a flag for each setting of `Config`; None means that the preset decides.

        Args:
            defaults: what `--help` says of the value that a setting has if it is not given.
        """
        for part in fields(Config):
            for item in fields(part.type):
                if item.metadata["flag"]:
                    self._define_setting(item)
                    self._sections[item.name] = SECTIONS[part.name]
        self._old_names |= OLD_NAMES
        self._defaults |= defaults or {}

    def given_settings(self) -> dict[str, Any]:
        """The settings that stand on the command line, by name."""
        given = {item.name: getattr(self, item.name) for item in _settings_with_flags()}
        return {name: value for name, value in given.items() if value is not None}

    def parse(self, argv: Sequence[str]) -> None:
        """Takes the values from a command line; `argv[0]` is the script's name.

        Raises:
            UsageError: when it cannot be understood.
        """
        for name in self._values:
            self._values[name].unparse()
        self._all_help = any(argument in command_line.ALL_HELP for argument in argv[1:])
        self.help = self._all_help or any(argument in command_line.HELP for argument in argv[1:])
        if self.help:
            return
        switches = {name: bool(flag.boolean) for name, flag in self._values._flags().items()}
        arguments = command_line.normalized(argv[1:], switches, self._old_names, self._unexpected)
        try:
            self._values([argv[0], *arguments])
        except (flags.Error, ValueError) as error:  # absl has no word of its own for a value after --no...
            raise UsageError(re.sub(r"^flag (--\S+)", r"\1", " ".join(str(error).split()))) from None

    def help_text(self) -> str:
        """The description, and the flags with their forms, texts and defaults."""
        shown = [name for name in self._values if name not in self._hidden]
        if self._everyday and not self._all_help:
            lines = help_layout.section("", map(self._help_of, self._everyday))
            more = f"These are the everyday flags; --help=all explains all {len(shown)}."
            return "\n".join([self.description.strip(), *lines, "", more])
        lines = []
        for title in dict.fromkeys(self._sections.get(name, "") for name in shown):
            names = [name for name in shown if self._sections.get(name, "") == title]
            lines += help_layout.section(title, map(self._help_of, names))
        return "\n".join([self.description.strip(), *lines])

    def _help_of(self, name: str) -> tuple[str, str]:
        """The form of a flag, and its text with the default."""
        flag = self._values[name]
        text, value = with_dashes(flag.help), flag.parser.syntactic_help
        if len(value) > LONGEST_FORM:
            text, value = f"{text}; one of {value.replace('|', ', ')}", "NAME"
        form = f"--[no]{name}" if flag.boolean else f"--{name}={value}"
        default = self._defaults.get(name, "" if flag.boolean or flag.default in (None, []) else str(flag.default))
        return form, text + (f" [{default}]" if default else "")

    def _unexpected(self, word: str) -> str:
        """What to say about a word without a flag: the flag that it probably belongs to."""
        first = next((name for name in ("dataset", "run", "url") if name in self._values), "")
        settings_are = "settings are written --name=value, see --help"
        return f"did you mean --{first}={word}? ({settings_are})" if first and word[:1].isalnum() else settings_are

    def _define(self, parser: flags.ArgumentParser, name: str, default: Any, text: str) -> None:
        _KNOWN.add(name)
        flags.DEFINE(parser, name, default, text, flag_values=self._values)

    def _define_setting(self, item: dataclasses.Field) -> None:
        text = item.metadata["text"]
        choices = tuple(choice for choice in item.metadata["choices"] if choice != losses.CUSTOM)  # Python's alone
        if item.type is bool:
            self.switch(item.name, None, text)
        elif item.type is int:
            self.whole(item.name, None, text)
        elif item.type is float:
            self.number(item.name, None, text)
        elif item.type is str and choices:
            self.choice(item.name, choices, text)
        elif item.type is str:
            self.text(item.name, None, text)
        else:
            self._define(_Converted(values.size, "SIZE"), item.name, None, text)


_RENAMED = {
    "label": "class",
    "token": "token_file",
    "headers": "header",
}  # arguments of the library whose flag has another name
_KNOWN = {
    "checkpoint",
    "run",
    "weights",
}  # flags that messages mention to users of any command; others as they are defined


def flag_of(argument: str, value: object = None) -> str:
    """An argument of the library as a flag: ("d_steps", 2) to "--d_steps=2"; empty if there is no such flag."""
    name = _RENAMED.get(argument, argument)
    types = {item.name: item.type for item in _settings_with_flags()}
    if name not in types and name not in _KNOWN:
        return ""
    if types.get(name) is bool and (text := str(value).lower()) in ("true", "false"):
        return f"--{name}" if text == "true" else f"--no{name}"
    return f"--{name}" if value in (None, "") else f"--{name}={value}"


def with_dashes(text: str) -> str:
    """A text of the library as the command line says it: `strategy=mirrored` becomes --strategy=mirrored."""
    return re.sub(r"`([a-z][a-z_0-9]*)(?:=([^`\n]+))?`", lambda found: flag_of(found[1], found[2]) or found[0], text)


def _settings_with_flags() -> list[dataclasses.Field]:
    return [item for item in all_settings() if item.metadata["flag"]]
