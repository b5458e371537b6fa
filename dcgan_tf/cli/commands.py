"""Scripts with several commands, each with its own flags: `python explore.py walk --run=...`."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dcgan_tf.cli.flags import Flags, UsageError


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: as it stands behind the script's name.
        summary: one line for the list of commands.
        flags: its own.
        main: what it does, called once the flags have been parsed.
    """

    name: str
    summary: str
    flags: Flags
    main: Callable[[], None]


class Commands:
    """The commands of one script; stands where `console.execute` expects flags.

    Args:
        description: what `--help` says first.
        commands: all there are.
    """

    def __init__(self, description: str, commands: Sequence[Command]):
        self._description = description
        self._commands = {command.name: command for command in commands}
        self._chosen: Command | None = None

    @property
    def commands(self) -> tuple[Command, ...]:
        """All of them, in order."""
        return tuple(self._commands.values())

    def parse(self, argv: Sequence[str]) -> None:
        """Takes the command and its flags from a command line; without a command, it asks for help.

        Raises:
            UsageError: no such command, or its flags cannot be understood.
        """
        self._chosen = None
        if len(argv) < 2 or argv[1] in ("-h", "--help", "help"):
            return
        name = argv[1]
        if name not in self._commands:
            close = difflib.get_close_matches(name, self._commands, n=1)
            hint = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(self._commands)}"
            raise UsageError(f"{name!r}: there is no such command; {hint}")
        self._chosen = self._commands[name]
        self._chosen.flags.parse([f"{argv[0]} {name}", *argv[2:]])

    @property
    def help(self) -> bool:
        """Whether help was asked for."""
        return self._chosen is None or self._chosen.flags.help

    def help_text(self) -> str:
        """That of the command, or the list of all."""
        if self._chosen is not None:
            return self._chosen.flags.help_text()
        width = max(map(len, self._commands))
        lines = [f"  {command.name.ljust(width)}  {command.summary}" for command in self._commands.values()]
        return "\n".join([self._description.strip(), "", *lines])

    def run(self) -> None:
        """Does what was parsed."""
        assert self._chosen is not None, "parse first"
        self._chosen.main()
