"""A process that is the command line: from its first moment on, being told to stop ends it in one line.

Nothing is imported here before the signals are taken care of.
"""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The process was told to stop; what it began is undone on the way out.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.number = number


class _Stop:
    """What a signal does. While training, another handler stands in front of it."""

    def __init__(self):
        self.number, self.ended = 0, False
        self.stderr = os.dup(2)  # stays where it is while native code is kept quiet

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.number or self.ended:  # on the way out already
            os._exit(128 + number)
        self.number = number
        # Half-imported native code turns any exception into a traceback of its own.
        if _importing(frame) and not _something_begun():
            os.write(self.stderr, b"stopped\n")
            os._exit(128 + number)
        raise Stopped(number)


def _open_closed_streams() -> None:
    """Opens nothing in the place of standard streams that were closed (2>&-), so that files do not get there."""
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def _importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _something_begun() -> bool:
    files = sys.modules.get("dcgan_tf.files")  # which is not imported for this
    return hasattr(files, "something_begun") and files.something_begun()


def run(argv: Sequence[str] | None = None) -> int:
    """Runs a command line without the program's name (default: this process's own); returns the exit code."""
    _open_closed_streams()
    stop = _Stop()
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` wants it
            signal.signal(number, stop)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a terminal without é is no reason to fail
    from dcgan_tf.cli.main import main

    try:
        return main(argv)
    except Exception:
        if not stop.number:
            raise
        os.write(stop.stderr, b"stopped\n")  # what other code made of the exception
        return 128 + stop.number
    finally:
        stop.ended = True
