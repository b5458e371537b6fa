"""Files with a row of JSON on each line: appended to, read from the end, cut there, and thinned."""

import json
import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dcgan_tf import files

Row = dict[str, Any]


class RowFile:
    """One such file; it need not exist yet. A line that a crash cut short is no row.

    Args:
        path: the file.
    """

    def __init__(self, path: Path):
        self.path = path

    def __iter__(self) -> Iterator[Row]:
        return filter(None, map(_row, self._lines()))

    def append(self, row: Row) -> None:
        """Adds a row; its line reaches the operating system before this returns."""
        line = json.dumps(row) + "\n"
        with files.space_explained(self.path, len(line)), self.path.open("a") as stream:
            stream.write(line)

    def cut(self, kept: Callable[[Row], bool]) -> None:
        """Removes what stands behind the last row that is to be kept; the rest of the file is not touched."""
        end = 0
        for start, line in self._lines_from_the_end():
            if (row := _row(line)) and kept(row):
                end = start + len(line)
                break
        if end < self._size():
            os.truncate(self.path, end)
        if end and not line.endswith(b"\n"):
            with self.path.open("a") as stream:
                stream.write("\n")

    def last(self, count: int) -> list[Row]:
        """The last rows, at most `count`, in order."""
        rows = []
        for _, line in self._lines_from_the_end():
            if len(rows) == count:
                break
            rows += filter(None, [_row(line)])
        return rows[::-1]

    def thinned(self, limit: int) -> "Thinned":
        """All rows, thinned; only those that are drawn are decoded."""
        lines = Thinned(limit)
        for line in self._lines():
            lines.add(line)
        return lines.decoded(_row)

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _lines(self) -> Iterator[bytes]:
        if self._size():
            with self.path.open("rb") as stream:
                yield from stream

    def _lines_from_the_end(self) -> Iterator[tuple[int, bytes]]:
        """Where each line starts, and the line with its end; the last one first. Only what is asked for is read."""
        if not self._size():
            return
        with self.path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            end = len(content)
            while end:
                start = content.rfind(b"\n", 0, end - 1) + 1
                yield start, content[start:end]
                end = start


class Thinned:
    """A few of many items, evenly chosen while they come: all of them up to a limit, then every second, fourth, ...

    Which they are depends on nothing but the items, however often a run was stopped in between.

    Args:
        limit: as soon as there are more, every second one is dropped.

    Attributes:
        stride: every how many-th item is kept.
    """

    def __init__(self, limit: int):
        self._limit, self._count, self._kept, self._last = limit, 0, [], None
        self.stride = 1

    def add(self, item: Any) -> None:
        """Takes the next item."""
        if self._count % self.stride == 0:
            self._kept.append(item)
        self._count, self._last = self._count + 1, item
        if len(self._kept) > self._limit:
            self._kept, self.stride = self._kept[::2], 2 * self.stride

    @property
    def items(self) -> list[Any]:
        """Those that are kept, and the last one."""
        ends_with_last = self._count == 0 or (self._count - 1) % self.stride == 0
        items = self._kept + ([] if ends_with_last else [self._last])
        return [item for item in items if item is not None]

    def decoded(self, decode: Callable[[Any], Any]) -> "Thinned":
        """The same with every item that is kept decoded; None is dropped."""
        self._kept, self._last = [decode(item) for item in self._kept], self._last and decode(self._last)
        return self


def _row(line: bytes) -> Row | None:
    """None for what is no row."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
