"""Long-lived child processes that take turns, so that one run compares what stands under the same conditions.

The thread pools and allocators of TensorFlow and PyTorch disturb one another in one process; and the speed of a shared
machine drifts by more than what is to be compared. So each contestant lives in its own process, is warmed up once, and
then works only in its turn while the others wait on a pipe. This file imports neither library.
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
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcgan_tf.errors import UserError

BUSY_LOAD = 0.5  # of the load average, above which somebody else is at work


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
    """What one turn gave.

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
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, module, arguments), daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the child is seen as the end of the pipe
        self.facts: dict[str, Any] = self._receive()

    def turn(self, seconds: float) -> Turn:
        """Lets the child work for about so long."""
        self._connection.send(seconds)
        return self._receive()

    def end(self) -> None:
        """Ends the child."""
        self._connection.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.terminate()

    def _receive(self) -> Any:
        try:
            answer = self._connection.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            raise UserError(f"{self.name}: its process ended (exit code {code}); is there enough memory?") from None
        if isinstance(answer, UserError):
            raise answer
        if isinstance(answer, _Fault):
            raise RuntimeError(f"{self.name}:\n{answer.text}")
        return answer


@dataclass(frozen=True)
class _Fault:
    """The traceback of an error that is nobody's wrong use."""

    text: str


class _Plain(UserError):
    """A user error of a child; those with several arguments do not pass through a pipe."""

    def __init__(self, text: str, exit_code: int):
        super().__init__(text, exit_code)
        self.exit_code = exit_code

    def __str__(self) -> str:
        return self.args[0]


def _serve(connection: Any, module: str, arguments: dict[str, Any]) -> None:
    """The child: prepares, reports that it is ready, then one turn for each number of seconds that it is sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business; the pipe's end ends the child
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several processes share a GPU
    try:
        task = importlib.import_module(module).prepare(**arguments)
        pacer = Pacer(task)
        connection.send(task.facts)
        while True:
            seconds = connection.recv()
            connection.send(Turn(pacer.turn(seconds), peak_bytes()))
    except EOFError:
        return
    except UserError as error:
        connection.send(_Plain(str(error), error.exit_code))
    except BrokenPipeError:
        return
    except Exception:
        connection.send(_Fault(traceback.format_exc()))


def peak_bytes() -> int:
    """The high water mark of this process's resident set.

    From /proc where there is one: the kernel's other counter, ru_maxrss, starts from that of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else peak * 1024


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> str:
    """Processor, cores, system, date, and whether somebody else is using it."""
    load = os.getloadavg()[0]
    busy = f"; BUSY, load average {load:.1f} before the start: these numbers mean nothing" if load > BUSY_LOAD else ""
    now = datetime.datetime.now().astimezone().isoformat(timespec="minutes")
    return f"{_processor()}, {cores()} cores, {platform.system()}, Python {platform.python_version()}, {now}{busy}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def spread(values: list[float], form: str = ",.0f", unit: str = "") -> str:
    """Median, and the lowest and highest: `80 (76 to 83)`."""
    low, middle, high = (format(value, form) for value in (min(values), statistics.median(values), max(values)))
    return f"{middle}{unit} ({low} to {high})" if len(values) > 1 else f"{middle}{unit}"


def markdown(rows: list[tuple[str, ...]]) -> str:
    """A table whose first row is the head, ready to be pasted into a page."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)
