"""Why training stops before its last step, and how a signal becomes a checkpoint instead of a lost step."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dcgan_tf.training.health import Verdict

log = logging.getLogger(__name__)

COLLAPSED = 1000
"""Stands for a collapse where workers agree on a reason to stop; the other reasons are numbers of signals."""


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
    """Collects SIGINT and SIGTERM in the list that it yields; a second signal acts as it did before.

    Python delivers signals to the main thread only, so in any other thread the list stays empty.
    """
    received: list[int] = []
    previous = {}

    def receive(number: int, _frame) -> None:
        received.append(number)
        _restore(previous)
        log.warning("%s: finishing this step and writing a checkpoint; repeat it to stop at once",
                    signal.Signals(number).name)  # fmt: skip

    if threading.current_thread() is threading.main_thread():
        previous = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        _restore(previous)


def _restore(handlers: dict[int, object]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
