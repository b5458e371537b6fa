"""What the scripts share: quiet imports, plain log lines, and errors as one line with an exit code."""

import contextlib
import logging
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from absl import app, flags
from tqdm import tqdm

from dcgan_tf.errors import UserError


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


def guarded(main: Callable[[], None]) -> Callable[[Sequence[str]], int]:
    """Wraps a script's work: errors that a user can mend end in one line and an exit code, not in a traceback."""

    def run(argv: Sequence[str]) -> int:
        log_to_console()
        try:
            if len(argv) > 1:
                raise UserError(f"{argv[1]!r}: unexpected; settings are written --name=value, see --help")
            main()
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            return error.exit_code
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return run


def start(main: Callable[[Sequence[str]], int]) -> None:
    """Parses the command line and runs a guarded `main`."""
    app.run(main, flags_parser=_parse)


def _parse(argv: Sequence[str]) -> list[str]:
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        sys.exit(2)


def one_line(error: flags.Error) -> str:
    """absl's message about a flag in the form of our own."""
    text = re.sub(r"^flag (--\S+)", r"\1", " ".join(str(error).split()))
    unknown = re.match(r"Unknown command line flag '(.+?)'\.?(?: Did you mean: (.+?) \?)?", text)
    if not unknown:
        return text
    known = unknown.group(2)
    return f"--{unknown.group(1)}: there is no such setting; " + (f"did you mean --{known}?" if known else "see --help")
