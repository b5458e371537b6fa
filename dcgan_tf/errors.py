"""Errors that a person is meant to read: ordinary Python errors whose text is one line.

The text names the *argument*, the value that was received and what would work. Other arguments that it mentions stand
between backticks, with a value where one is proposed: use `strategy=mirrored`. The command line, which knows its flags,
puts dashes in front of them (`cli.console`); nothing else in the package spells a flag.

Whatever is not a `UserError` is a fault of this package and keeps its traceback.
"""

import difflib
from collections.abc import Iterable


class UserError(RuntimeError):
    """Something the user can mend.

    Attributes:
        exit_code: what a command ends with.
    """

    exit_code = 1


class FullDiskError(UserError):
    """No space is left; the text says for what, how much is needed and how much is free."""


class ArgumentError(UserError, ValueError):
    """An argument whose value cannot work: `batch_size=3: it must divide by 2 devices`.

    Args:
        argument: its name ("batch_size").
        value: what was received.
        remedy: what would work, as the end of the sentence ("it must be at least 1").
    """

    exit_code = 2

    def __init__(self, argument: str, value: object, remedy: str):
        super().__init__(f"{argument}={value}: {remedy}")
        self.argument, self.value, self.remedy = argument, value, remedy


class MissingPathError(ArgumentError, FileNotFoundError):
    """An argument that names a file or folder which is not there."""

    def __str__(self) -> str:
        return f"{self.argument}={self.value}: {self.remedy}"


def did_you_mean(name: str, known: Iterable[str], form: str = "`{}`") -> str:
    """A question after a name that is nearly right; empty where none is. An argument stands between backticks."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.65)
    return f"did you mean {form.format(close[0])}?" if close else ""
