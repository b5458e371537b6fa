"""Long-lived child processes that take turns, so that one run compares under the same conditions.

The thread pools and allocators of TensorFlow and PyTorch disturb one another in one process, and the speed of a shared
machine drifts by more than the differences to be measured. So each contestant lives in its own process, is warmed up
once, and then works only in its turn while the others wait. This file imports neither library.
"""

import datetime
import importlib
import multiprocessing
import os
import platform
import resource
import signal
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError, UserError

BUSY_LOAD = 0.5  # of the load average, above which another program is at work


@dataclass
class Task:
    """What is measured, as the module of a worker makes it in `prepare`.

    Attributes:
        run: does the given number of repeats and returns when the device is done with them.
        units: what one repeat amounts to: images, or 10^9 multiply-adds.
        facts: plain values about it, for the report.
    """

    run: Callable[[int], None]
    units: float
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """The result of one turn.

    Attributes:
        rate: units per second.
        peak_bytes: the most memory that the process has held so far (resident set).
    """

    rate: float
    peak_bytes: int


class Pacer:
    """Runs a task for about a given time. The first repeat (tracing, first allocations) is done at once, untimed."""

    def __init__(self, task: Task):
        self._task = task
        task.run(1)
        self._seconds_each = self._timed(1)

    def turn(self, seconds: float) -> float:
        """Units per second over at least one repeat."""
        count = max(1, round(seconds / self._seconds_each))
        self._seconds_each = self._timed(count) / count
        return self._task.units / self._seconds_each

    def _timed(self, count: int) -> float:
        start = time.perf_counter()
        self._task.run(count)
        return max(time.perf_counter() - start, 1e-9)


class Worker:
    """A child process; it is ready, warmed up and idle once this is made.

    Args:
        name: what the report calls it.
        module: a module with a function `prepare` that returns a `Task`; imported in the child alone.
        arguments: of that function.

    Raises:
        UserError: when the child raised one, or died.
    """

    def __init__(self, name: str, module: str, **arguments: Any):
        self.name = name
        self._child = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin)
        self.facts: dict[str, Any] = self._ask(_prepare, module, arguments)

    def turn(self, seconds: float) -> Turn:
        """Lets the child work for about so long."""
        return self._ask(_turn, seconds)

    def end(self) -> None:
        """Ends the child."""
        self._child.shutdown()

    def _ask(self, function: Callable, *arguments: Any) -> Any:
        try:
            return self._child.submit(function, *arguments).result()
        except BrokenProcessPool:
            raise UserError(f"{self.name}: its process ended; is there enough memory?") from None


_own: dict[str, Pacer] = {}  # of a child


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several processes share a GPU


def _prepare(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        task = importlib.import_module(module).prepare(**arguments)
    except UserError as error:
        raise UserError(str(error)) from None  # an ArgumentError cannot be pickled
    _own["pacer"] = Pacer(task)
    return task.facts


def _turn(seconds: float) -> Turn:
    return Turn(_own["pacer"].turn(seconds), peak_bytes())


def peak_bytes() -> int:
    """The high water mark of this process's resident set.

    From /proc where there is one: the kernel's other counter, ru_maxrss, starts from that of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="utf-8").partition("VmHWM:")[2].split()[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else peak * 1024


def check_flags(flags: Flags, *counts: str) -> None:
    """Refuses `counts` below 1, and turns of no length or of hours.

    Raises:
        ArgumentError: one of them.
    """
    for name in counts:
        if getattr(flags, name) < 1:
            raise ArgumentError(name, getattr(flags, name), "it must be at least 1")
    if not 0 < flags.seconds < 3600:
        raise ArgumentError("seconds", f"{flags.seconds:g}", "it must be above 0 and below 3600")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> str:
    """Processor, cores, system, date, and whether another program is using it."""
    load = os.getloadavg()[0]
    busy = f"; BUSY, load average {load:.1f} before the start: these numbers mean nothing" if load > BUSY_LOAD else ""
    now = datetime.datetime.now().astimezone().isoformat(timespec="minutes")
    return f"{_processor()}, {cores()} cores, {platform.system()}, Python {platform.python_version()}, {now}{busy}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def spread(values: list[float], form: str = ",.0f", unit: str = "") -> str:
    """Median, and the lowest and highest: `80 (76 to 83)`."""
    low, middle, high = (format(value, form) for value in (min(values), statistics.median(values), max(values)))
    return f"{middle}{unit} ({low} to {high})" if len(values) > 1 else f"{middle}{unit}"


def markdown(rows: list[tuple[str, ...]]) -> str:
    """A table whose first row is the head, ready to be pasted into a page."""
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *body])
