"""What the scripts share: quiet imports, plain log lines, and errors as one line with an exit code."""

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from dcgan_tf.errors import UserError
from dcgan_tf.flags import Flags


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hides what native code writes to stderr; after an error it is shown after all.

    TensorFlow prints some start-up lines before any setting can silence them.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        real = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(real, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(real, 2)
            os.close(real)


class _BarHandler(logging.Handler):
    """Prints above a progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)


def logger() -> logging.Logger:
    """The package's logger, for scripts."""
    return logging.getLogger("dcgan_tf")


def log_to_console() -> None:
    """Shows the package's own log lines on stderr, without decoration."""
    package = logger()
    package.setLevel(logging.INFO)
    package.propagate = False
    package.handlers = [_BarHandler()]


def log_to_file(path: Path) -> None:
    """Appends the same lines, with their time, to a file from now on."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logger().addHandler(handler)


def execute(main: Callable[[], None], flags: Flags, argv: Sequence[str]) -> int:
    """Runs a script's `main` on a command line; returns the exit code.

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
        logger().error("error: %s", error)
        return error.exit_code
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
