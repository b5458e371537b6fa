"""Why training stops before its last step, and how a signal becomes a checkpoint instead of a lost step."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext

from dcgan_tf.training.health import Verdict

log = logging.getLogger(__name__)

COLLAPSED = 1000
"""Stands for a collapse where workers agree on a reason to stop; the other reasons are numbers of signals."""


_REPEATABLE = (signal.SIGINT, signal.SIGTERM)
_SIGNALS = (*_REPEATABLE, signal.SIGHUP)


class Stopped(Exception):
    """Training stopped before its last step, after a checkpoint was written.

    Attributes:
        step: the step of that checkpoint.
        exit_code: what a command should end with.
    """

    def __init__(self, step: int, reason: str, exit_code: int):
        super().__init__(f"stopped at step {step}: {reason}")
        self.step, self.exit_code = step, exit_code


class Interrupted(Stopped):
    """A signal stopped it; the exit code is 128 plus the signal's number."""

    def __init__(self, step: int, number: int):
        super().__init__(step, signal.Signals(number).name, 128 + number)


class Collapsed(Stopped):
    """Its samples collapsed or its losses diverged, and `stop_on_collapse` is set."""

    def __init__(self, step: int, verdict: Verdict | None):
        super().__init__(step, str(verdict) if verdict else "the first worker reports a collapse", 3)


@contextmanager
def collected_signals() -> Iterator[list[int]]:
    """Collects SIGINT, SIGTERM and SIGHUP in the list that it yields; a second SIGINT or SIGTERM ends the process.

    Python calls its handlers only between two graph calls, which can be long. So a thread watches, too: it answers the
    first signal and ends the process on the second. In an interactive interpreter or a notebook, the second one is
    handled as before instead, because the process holds more than training. A second SIGHUP means nothing: terminals
    and session managers send several.

    Python delivers signals to the main thread only, so in any other thread the list stays empty. What is ignored when
    this starts, as SIGHUP is under `nohup`, stays ignored.
    """
    received: list[int] = []
    previous: dict[int, object] = {}
    interactive = hasattr(sys, "ps1")

    def receive(number: int, _frame) -> None:
        received.append(number)
        if interactive and number in _REPEATABLE:
            _restore(previous)

    if threading.current_thread() is threading.main_thread():
        heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        previous = {number: signal.signal(number, receive) for number in heard}
    try:
        with _watched(previous, interactive) if previous else nullcontext():
            yield received
    finally:
        _restore(previous)


@contextmanager
def _watched(numbers: Collection[int], interactive: bool) -> Iterator[None]:
    """Runs a thread that sees signals at once, whatever the main thread is doing."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    thread = threading.Thread(target=_watch, args=(reader, set(numbers), interactive), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)  # which ends the thread
        thread.join()
        os.close(reader)


def _watch(reader: int, numbers: set[int], interactive: bool) -> None:
    told = False
    while data := os.read(reader, 1):
        number = data[0]
        if number not in numbers:
            continue
        if told and number in _REPEATABLE and not interactive:
            os._exit(128 + number)
        log.warning("%s: finishing the steps under way and writing a checkpoint%s", signal.Signals(number).name,
                    f"; repeat it to stop {'after them' if interactive else 'at once'}, without a checkpoint"
                    if number in _REPEATABLE else "")  # fmt: skip
        told = told or number in _REPEATABLE


def _restore(handlers: Mapping[int, object]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
