"""A command line as users type it, in the one form that flags are parsed from: --name=value."""

import re
from collections.abc import Callable, Mapping, Sequence

from dcgan_tf.cli import other_names, values
from dcgan_tf.errors import UserError, did_you_mean

HELP, ALL_HELP = (
    ("-h", "-help", "--help", "-?"),
    ("--help=all", "--help=full", "--helpfull", "--help_all", "--help-all"),
)
_TYPOGRAPHIC_DASHES = re.compile(r"-?(?:[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]-*)+")
_TYPOGRAPHIC_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"


class UsageError(UserError):
    """The command line itself cannot be understood."""

    exit_code = 2


def normalized(
    arguments: Sequence[str], switches: Mapping[str, bool], renamed: Mapping[str, str], word: Callable[[str], str]
) -> list[str]:
    """The arguments as --name=value or --name, for flags that exist.

    --name value, -name, --some-name and old names are taken as well.

    Args:
        arguments: without the program's name.
        switches: the flags that there are, and whether they are switches, which need no value.
        renamed: old names of flags.
        word: what to say about a word that belongs to no flag.

    Raises:
        UsageError: something is not a flag, or a value is missing.
    """
    found, rest = [], list(arguments)
    while rest:
        argument = rest.pop(0)
        if dashes := _TYPOGRAPHIC_DASHES.match(argument):
            raise UsageError(f"{argument!r}: this begins with a typographic dash; type --{argument[dashes.end() :]}")
        if not re.match(r"--?[A-Za-z]", argument):
            raise UsageError(f"{argument!r}: unexpected; {word(argument)}")
        typed, mark, value = argument.lstrip("-").partition("=")
        name, off = _known(typed, switches, renamed)
        if off and mark:
            raise UsageError(f"--no{name}={value}: write --no{name}, or --{name}=true or =false")
        if mark and not value and rest and not rest[0].startswith("-"):
            raise UsageError(f"--{name}=: it is empty; write --{name}={rest[0]}, without a space after the =")
        if not mark and switches[name]:
            if off or not rest or rest[0].lower() not in values.TRUTH:
                found.append(f"--no{name}" if off else f"--{name}")
                continue
            value = rest.pop(0)
        elif not mark:
            value = _next_value(name, rest)
        if value.startswith(tuple(_TYPOGRAPHIC_QUOTES)):
            plain = value.strip(_TYPOGRAPHIC_QUOTES)
            raise UsageError(f"--{name}={value}: these are typographic quotes; write --{name}={plain}")
        found.append(f"--{name}={value}")
    return found


def _known(typed: str, switches: Mapping[str, bool], renamed: Mapping[str, str]) -> tuple[str, bool]:
    """The flag's own name, and whether it is a switch with "no" in front of it."""
    plain = typed.replace("-", "_")
    plain = renamed.get(plain, plain)
    for name in (plain, plain.lower()):
        if name in switches:
            return name, False
        if name.startswith("no") and switches.get(switch := name[2:].lstrip("_")):
            return switch, True
    raise UsageError(f"--{typed}: there is no such flag; {_hint(typed, list(switches))}")


def _hint(typed: str, known: list[str]) -> str:
    own, remark = other_names.meant(typed, known)
    if own:
        return f"here it is --{own}" + (f" ({remark})" if remark else "")
    return did_you_mean(typed, known, "--{}") or "see --help"


def _next_value(name: str, rest: list[str]) -> str:
    """The argument behind a flag that stands without =."""
    if rest and rest[0].startswith("=") and (len(rest) > 1 or len(rest[0]) > 1):
        value = rest[0][1:] or rest[1]
        raise UsageError(f"--{name}: write --{name}={value}, without spaces around the =")
    if not rest or re.match(r"--[A-Za-z]", rest[0]):
        raise UsageError(f"--{name}: its value is missing; write --{name}=...")
    return rest.pop(0)
