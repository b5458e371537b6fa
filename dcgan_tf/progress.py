"""Progress with an estimate of the time left: a bar on a terminal or in a notebook, plain lines in a log file."""

import sys
import warnings
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from tqdm import TqdmWarning

with warnings.catch_warnings():
    warnings.simplefilter("ignore", TqdmWarning)  # a notebook without ipywidgets shows the bar as text
    from tqdm.auto import tqdm

Item = TypeVar("Item")

LINE_SECONDS = 20.0  # between the lines of a log file


class _LogFile:
    """A stream for tqdm that gets a line for each state of the bar, without the control characters."""

    def __init__(self, stream: TextIO):
        self._stream, self.flush = stream, stream.flush

    def write(self, text: str) -> None:
        if line := text.strip():
            self._stream.write(f"{line}\n")


class Progress:
    """Counts towards a total on stderr. Use as a context manager.

    Args:
        total: the number of units, or None if it is not known.
        unit: what is counted, in the plural ("images").
        description: what is being done ("decoding").
        start: units that are already done.
    """

    def __init__(self, total: int | None, unit: str, description: str, start: int = 0):
        common = {"total": total, "initial": start, "unit": f" {unit}", "desc": description}
        if sys.stderr.isatty() or "ipykernel.zmqshell" in sys.modules:
            self._bar = tqdm(**common, file=sys.stderr, dynamic_ncols=True)
            return
        count = "{n_fmt} of {total_fmt}{unit}, {remaining} left" if total else "{n_fmt}{unit}"
        self._bar = tqdm(
            **common, file=_LogFile(sys.stderr), bar_format=f"{{desc}}: {count}{{postfix}}", leave=False,
            mininterval=LINE_SECONDS, delay=LINE_SECONDS, miniters=1,
        )  # fmt: skip

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        self._bar.close()

    def advance(self, count: int = 1) -> None:
        """Counts `count` more units."""
        self._bar.update(count)

    def note(self, text: str) -> None:
        """Shows a short text behind the count."""
        self._bar.set_postfix_str(text, refresh=False)


def tracked(items: Iterable[Item], total: int | None, unit: str, description: str) -> Iterator[Item]:
    """Yields the items and shows how many have passed."""
    with Progress(total, unit, description) as progress:
        for item in items:
            yield item
            progress.advance()
