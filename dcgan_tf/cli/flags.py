"""Command-line flags of the scripts; those for settings are generated from the fields of the configuration.

Each script owns its flags, so that two scripts can be used in one process and `--help` shows what belongs to it.
"""

import dataclasses
import difflib
import re
import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from absl import flags

from dcgan_tf import geometry, losses
from dcgan_tf.config import OLD_NAMES, all_settings
from dcgan_tf.errors import ArgumentError, UserError


class UsageError(UserError):
    """The command line itself cannot be understood."""

    exit_code = 2


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
    """

    def __init__(self, description: str):
        self.description = description
        self._values = flags.FlagValues()
        self._old_names: dict[str, str] = {}
        self._hidden: set[str] = set()
        self.switch("help", False, "show this and end")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._values[name].value

    def whole(self, name: str, default: int | None, text: str) -> None:
        """Defines a flag that takes a whole number."""
        self._define(_Converted(_whole, "a whole number"), name, default, text)

    def number(self, name: str, default: float | None, text: str) -> None:
        """Defines a flag that takes a number."""
        self._define(_Converted(_number, "a number"), name, default, text)

    def choice(self, name: str, choices: tuple[str, ...], text: str, default: str | None = None) -> None:
        """Defines a flag that takes one of some words."""

        def chosen(argument: str) -> str:
            if argument not in choices:
                raise ValueError(f"choose one of {', '.join(choices)}")
            return argument

        self._define(_Converted(chosen, "|".join(choices)), name, default, text)

    def text(self, name: str, default: str | None, text: str) -> None:
        """Defines a flag that takes a text, as for names and paths."""
        self._define(_Converted(_filled, "text"), name, default, text)

    def texts(self, name: str, text: str) -> None:
        """Defines a flag that takes a text and may stand several times; its value is the list of them."""
        parser, serializer = _Converted(_filled, "text"), flags.ArgumentSerializer()
        _KNOWN.add(name)
        flags.DEFINE_multi(parser, serializer, name, [], text, flag_values=self._values)
        self._values[name].help = f"{text}; may be repeated"  # absl adds words of its own

    def switch(self, name: str, default: bool | None, text: str) -> None:
        """Defines a flag that is switched on by --name, off by --noname."""
        _KNOWN.add(name)
        flags.DEFINE_boolean(name, default, text, flag_values=self._values)

    def old_name(self, old: str, new: str) -> None:
        """Lets a flag that was renamed go on working under its old name, which `--help` does not show."""
        self._old_names[old] = new

    def hide(self, name: str) -> None:
        """Leaves a flag out of `--help`: one that only older scripts use."""
        self._hidden.add(name)

    def settings(self) -> None:
        """Defines a flag for each setting of `Config`; None means that the preset decides."""
        for item in _settings_with_flags():
            self._define_setting(item)
        self._old_names |= OLD_NAMES

    def given_settings(self) -> dict[str, Any]:
        """The settings that stand on the command line, by name."""
        values = {item.name: getattr(self, item.name) for item in _settings_with_flags()}
        return {name: value for name, value in values.items() if value is not None}

    def parse(self, argv: Sequence[str]) -> None:
        """Takes the values from a command line; `argv[0]` is the script's name.

        Raises:
            UsageError: when it cannot be understood.
        """
        for name in self._values:
            self._values[name].unparse()
        try:
            rest = self._values([self._renamed(argument) for argument in argv])
        except (flags.Error, ValueError) as error:  # absl has no word of its own for a value after --no...
            raise UsageError(_one_line(error, list(self._values))) from None
        if len(rest) > 1:
            raise UsageError(f"{rest[1]!r}: unexpected; settings are written --name=value, see --help")

    def help_text(self) -> str:
        """The description, and every flag with its form and its text."""
        width = min(shutil.get_terminal_size().columns, 120)
        lines = [self.description.strip(), ""]
        for name, flag in self._values._flags().items():
            if name in self._hidden:
                continue
            form = f"--[no]{name}" if flag.boolean else f"--{name}=<{flag.parser.syntactic_help}>"
            default = f" [{flag.default}]" if flag.default not in (None, []) and not flag.boolean else ""
            lines.append(form)
            lines += textwrap.wrap(
                with_dashes(flag.help) + default, width, initial_indent="    ", subsequent_indent="    "
            )
        return "\n".join(lines)

    def _renamed(self, argument: str) -> str:
        if argument == "-h":
            return "--help"
        name, mark, value = argument.partition("=")
        new = self._old_names.get(name.removeprefix("--")) if name.startswith("--") else None
        return f"--{new}{mark}{value}" if new else argument

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
            self._define(_Converted(_size, "64 or 64x96"), item.name, None, text)


_RENAMED = {"label": "class"}  # arguments of the library whose flag has another name
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
    if types.get(name) is bool and str(value) in ("True", "False"):
        return f"--{name}" if str(value) == "True" else f"--no{name}"
    return f"--{name}" if value in (None, "") else f"--{name}={value}"


def with_dashes(text: str) -> str:
    """A text of the library as the command line says it: `strategy=mirrored` becomes --strategy=mirrored."""
    return re.sub(r"`([a-z][a-z_0-9]*)(?:=([^`\n]+))?`", lambda found: flag_of(found[1], found[2]) or found[0], text)


def _settings_with_flags() -> list[dataclasses.Field]:
    return [item for item in all_settings() if item.metadata["flag"]]


def _whole(argument: str) -> int:
    try:
        return int(argument)
    except ValueError:
        raise ValueError("it must be a whole number") from None


def _number(argument: str) -> float:
    try:
        return float(argument)
    except ValueError:
        raise ValueError("it must be a number") from None


def _filled(argument: str) -> str:
    if not argument:
        raise ValueError("it is empty; give it a value or leave it out")
    return argument


def _size(argument: str) -> geometry.Size:
    try:
        return geometry.size_of(argument)
    except ArgumentError as error:
        raise ValueError(error.remedy) from None


def _one_line(error: Exception, known: list[str]) -> str:
    """absl's message about a flag in the form of our own."""
    text = re.sub(r"^flag (--\S+)", r"\1", " ".join(str(error).split()))
    unknown = re.match(r"Unknown command line flag '(.+?)'", text)
    if not unknown:
        return text
    name = unknown.group(1)
    return f"--{name}: there is no such flag; " + (did_you_mean(name, known, "--") or "see --help")


def did_you_mean(name: str, known: Iterable[str], dashes: str = "") -> str:
    """A question after a word that is nearly right; empty where none is."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {dashes}{close[0]}?" if close else ""
