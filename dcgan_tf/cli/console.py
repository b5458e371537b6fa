"""What the commands share: plain log lines, errors as one line with an exit code, and dashes in front of arguments."""

import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from dcgan_tf.cli.flags import Flags, flag_of, with_dashes
from dcgan_tf.errors import ArgumentError, UserError


def logger() -> logging.Logger:
    """The package's logger."""
    return logging.getLogger("dcgan_tf")


def command(name: str) -> str:
    """How a sub-command is called: as `dcgan`, or as the script at the top of a checkout, whichever runs now."""
    started = Path(sys.argv[0])
    return f"python {name}.py" if started.suffix == ".py" and started.name != "__main__.py" else f"dcgan {name}"


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return with_dashes(super().format(record))


class _BarHandler(logging.Handler):
    """Prints above a progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)


def log_to_console() -> None:
    """Shows the package's own log lines on stderr, without decoration."""
    package, handler = logger(), _BarHandler()
    handler.setFormatter(_Formatter())
    package.setLevel(logging.INFO)
    package.propagate = False
    package.handlers = [handler]


def log_to_file(path: Path) -> None:
    """Appends the same lines, with their time, to a file from now on."""
    handler = logging.FileHandler(path)
    handler.setFormatter(_Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logger().addHandler(handler)


def fail(error: UserError) -> int:
    """Prints the one line of an error; returns the exit code."""
    if not logger().handlers:
        log_to_console()
    text = str(error)
    if isinstance(error, ArgumentError):
        text = f"{flag_of(error.argument, str(error.value)) or error.argument}: {error.remedy}"
    logger().error("error: %s", text)
    return error.exit_code


def execute(main: Callable[[], None], flags: Flags, argv: Sequence[str]) -> int:
    """Runs a command's `main` on a command line; returns the exit code.

    Errors that a user can mend end in one line on stderr, not in a traceback.
    """
    log_to_console()
    try:
        flags.parse(argv)
        if flags.help:
            print(flags.help_text())
        else:
            main()
    except UserError as error:
        return fail(error)
    except BrokenPipeError:  # the reader of our output has seen enough, as in `--help | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # the disk, a permission: not this package's fault, and it says which file
        logger().debug("where it happened", exc_info=True)
        logger().error("error: %s: %s", error.filename or "a file", error.strerror or error)
        return 1
    except KeyboardInterrupt:
        logger().error("stopped")
        return 130
    except SystemExit as end:
        return int(end.code or 0)
    return 0
