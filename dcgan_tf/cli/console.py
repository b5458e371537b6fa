"""What the commands share: plain log lines, errors as one line with an exit code, and dashes in front of arguments."""

import contextlib
import logging
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from dcgan_tf.cli.flags import Flags, flag_of, with_dashes
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.runs import LogFile, RunDirectory


def logger() -> logging.Logger:
    """The package's logger."""
    return logging.getLogger("dcgan_tf")


def command(name: str) -> str:
    """How a sub-command is called: as `dcgan`, or as the script at the top of a checkout, whichever runs now."""
    started = Path(sys.argv[0])
    if started.suffix != ".py":
        return f"dcgan {name}"
    python, script = shlex.quote(sys.orig_argv[0]), started.with_name(f"{name}.py")
    if started.name != "__main__.py" and script.exists():
        return f"{python} {shlex.quote(str(script))}"
    return f"{python} -m dcgan_tf {name}"


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return with_dashes(super().format(record))


class _BarHandler(logging.Handler):
    """Prints above a progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            tqdm.write(self.format(record), file=sys.stderr)
        except OSError:  # the terminal was closed
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def log_to_console() -> None:
    """Shows the package's own log lines on stderr, without decoration."""
    package, handler = logger(), _BarHandler()
    handler.setFormatter(_Formatter())
    package.setLevel(logging.INFO)
    package.propagate = False
    for earlier in package.handlers:
        earlier.close()
    package.handlers = [handler]


def log_to_file(directory: RunDirectory) -> None:
    """Appends the same lines, with their time, to the log file of a run from now on."""
    logger().addHandler(LogFile(directory, _Formatter))


@dataclass
class Outcome:
    """How a command ended."""

    code: int = 0


@contextlib.contextmanager
def errors_in_one_line() -> Iterator[Outcome]:
    """Turns errors that a user can mend into one line on stderr and an exit code, in place of a traceback."""
    log_to_console()
    outcome = Outcome()
    try:
        yield outcome
    except UserError as error:
        logger().error("error: %s", _text(error))
        outcome.code = error.exit_code
    except BrokenPipeError:  # the reader of our output has seen enough, as in `--help | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        outcome.code = 141
    except OSError as error:  # the disk, a permission: not this package's fault, and it says which file
        logger().debug("where it happened", exc_info=True)
        logger().error("error: %s: %s", error.filename or "a file", error.strerror or error)
        outcome.code = 1
    except KeyboardInterrupt as stop:
        logger().error("stopped")
        outcome.code = 128 + getattr(stop, "number", signal.SIGINT)
    except SystemExit as end:
        outcome.code = int(end.code or 0)


def _text(error: UserError) -> str:
    if not isinstance(error, ArgumentError):
        return str(error)
    return f"{flag_of(error.argument, str(error.value)) or error.argument}: {error.remedy}"


def execute(main: Callable[[], None], flags: Flags, argv: Sequence[str]) -> int:
    """Runs a program with flags of its own on a command line, as the benchmarks do; returns the exit code."""
    with errors_in_one_line() as outcome:
        parse_and_run(main, flags, argv)
    return outcome.code


def parse_and_run(main: Callable[[], None], flags: Flags, argv: Sequence[str]) -> None:
    """Parses a command line, its first item the program's name, then runs `main` or prints the help."""
    flags.parse(argv)
    if flags.help:
        print(flags.help_text(), flush=True)
    else:
        main()
