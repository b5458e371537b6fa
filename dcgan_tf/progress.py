"""Progress with an estimate of the time left: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

QUIET_SECONDS = 20.0  # between the lines of a log file


class Progress:
    """Counts towards a total on stderr. Use as a context manager.

    Args:
        total: the number of units, or None when it is not known.
        unit: what is counted, in the plural ("images").
        description: what is being done ("decoding").
        start: units that are done already.
    """

    def __init__(self, total: int | None, unit: str, description: str, start: int = 0):
        terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            initial=start,
            unit=f" {unit}",
            desc=description,
            file=sys.stderr,
            disable=not terminal,
            dynamic_ncols=True,
        )
        self._quiet = not terminal
        self._total, self._unit, self._description = total, unit, description
        self._done = self._start = start
        self._began = self._spoke = time.monotonic()
        self._note = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        self._bar.close()

    def advance(self, count: int = 1) -> None:
        """Counts `count` more units."""
        self._done += count
        self._bar.update(count)
        if self._quiet and time.monotonic() - self._spoke > QUIET_SECONDS:
            self._speak()

    def note(self, text: str) -> None:
        """Shows a short text behind the count."""
        self._note = text
        self._bar.set_postfix_str(text, refresh=False)

    def _speak(self) -> None:
        self._spoke = time.monotonic()
        rate = (self._done - self._start) / (self._spoke - self._began)
        of = f" of {self._total}" if self._total else ""
        left = f", {_duration((self._total - self._done) / rate)} left" if self._total and rate else ""
        note = f"  {self._note}" if self._note else ""
        print(f"{self._description}: {self._done}{of} {self._unit}{left}{note}", file=sys.stderr, flush=True)


def tracked(items: Iterable[Item], total: int | None, unit: str, description: str) -> Iterator[Item]:
    """Yields the items and shows how many have passed."""
    with Progress(total, unit, description) as progress:
        for item in items:
            yield item
            progress.advance()


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
