"""Figures as in a paper: images pixel by pixel, without blur, with words around them.

Everything is placed in pixels of the picture, because only images whose every pixel covers the same number of pixels
of the picture are crisp. Text is measured before it is placed.
"""

import functools
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from dcgan_tf import files

DPI = 100
MARGIN, GAP, LINE, SPACE = 24, 18, 18, 2  # around the figure, between blocks, for a line of text, around an image
TITLE, SUBTITLE, LABEL = 12, 10, 8  # points
CELL = 72  # pixels that an image is magnified to, about
WIDEST = 1400  # pixels of a row, for which images are magnified less


class Block(Protocol):
    """A part of a figure."""

    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        ...

    def draw(self, figure: Any, left: int, top: int) -> None:
        """Draws itself into a matplotlib figure, its corner at so many pixels from the left and from the top."""
        ...


@dataclass(frozen=True)
class Panel:
    """Images in rows.

    Attributes:
        rows: uint8 [n, height, width, channels] each, all images of one size.
        title: above them.
        row_labels, column_labels: beside the rows and above the columns.
        cell: about how many pixels an image is magnified to.
    """

    rows: Sequence[np.ndarray]
    title: str = ""
    row_labels: Sequence[str] = ()
    column_labels: Sequence[str] = ()
    cell: int = CELL

    @property
    def _factor(self) -> int:
        height, width = self.rows[0].shape[1:3]
        columns = max(map(len, self.rows))
        return max(1, min(round(self.cell / max(height, width)), WIDEST // (columns * (width + SPACE))))

    @property
    def _step(self) -> tuple[int, int]:
        height, width = self.rows[0].shape[1:3]
        return self._factor * width + SPACE, self._factor * height + SPACE

    @property
    def _left(self) -> int:
        return max((_width(label, LABEL) for label in self.row_labels), default=0) + (8 if self.row_labels else 0)

    @property
    def _top(self) -> int:
        lines = max((label.count("\n") + 1 for label in self.column_labels), default=0)
        return (LINE + 4 if self.title else 0) + (14 * lines + 4 if lines else 0)

    def size(self) -> tuple[int, int]:
        width, height = self._step
        across = self._left + max(map(len, self.rows)) * width + SPACE
        return max(across, _width(self.title, SUBTITLE)), self._top + len(self.rows) * height + SPACE

    def draw(self, figure: Any, left: int, top: int) -> None:
        width, height = self._step
        if self.title:
            _write(figure, left, top, self.title, SUBTITLE, va="top", weight="bold")
        inner_left, inner_top = left + self._left, top + self._top
        for number, label in enumerate(self.column_labels):
            _write(
                figure, inner_left + number * width + width / 2, inner_top - 3, label, LABEL, ha="center", va="bottom"
            )
        for number, label in enumerate(self.row_labels):
            _write(
                figure, inner_left - 8, inner_top + number * height + height / 2, label, LABEL, ha="right", va="center"
            )
        canvas = np.full((len(self.rows) * height, max(map(len, self.rows)) * width, 4), 0, np.uint8)
        for row, pictures in enumerate(self.rows):
            for column, picture in enumerate(pictures):
                large = _rgba(picture).repeat(self._factor, axis=0).repeat(self._factor, axis=1)
                canvas[row * height :, column * width :][: len(large), : large.shape[1]] = large
        _axes(figure, inner_left, inner_top, canvas.shape[1], canvas.shape[0], frameon=False).imshow(
            canvas, interpolation="none", aspect="auto"
        )


@dataclass(frozen=True)
class Plot:
    """Axes that a function draws into.

    Attributes:
        paint: is given the matplotlib axes.
        width, height: of the whole, in pixels.
    """

    paint: Callable[[Any], None]
    width: int = 700
    height: int = 240
    title: str = ""
    inset: tuple[int, int, int] = (56, 8, 44)  # left, right and below, for the axes' own labels

    def size(self) -> tuple[int, int]:
        return self.width, self.height

    def draw(self, figure: Any, left: int, top: int) -> None:
        before, after, below = self.inset
        head = LINE + 6 if self.title else 4
        if self.title:
            _write(figure, left, top, self.title, SUBTITLE, va="top", weight="bold")
        axes = _axes(
            figure, left + before, top + head, self.width - before - after, self.height - head - below, shown=True
        )
        axes.tick_params(labelsize=LABEL)
        self.paint(axes)


def write(path: str | os.PathLike, title: str, blocks: Sequence[Block], note: str = "", across: bool = False) -> None:
    """Writes a figure as PNG, complete or not at all.

    Args:
        path: the file.
        title: above all.
        blocks: one below the other, or beside each other.
        note: small text below all; lines are broken where it has line breaks.
        across: beside each other.
    """
    from matplotlib.figure import Figure  # takes half a second to import

    sizes = [block.size() for block in blocks]
    widths, heights = [size[0] for size in sizes], [size[1] for size in sizes]
    gaps = (len(blocks) - 1) * GAP
    inner_width = sum(widths) + gaps if across else max(widths)
    inner_height = max(heights) if across else sum(heights) + gaps
    texts = [_width(title, TITLE, "bold"), *(_width(line, LABEL) for line in note.splitlines())]
    below = 14 * len(note.splitlines()) + 8 if note else 0
    width, height = max([inner_width, *texts]) + 2 * MARGIN, inner_height + below + 2 * MARGIN + 30
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
    _write(figure, MARGIN, MARGIN - 6, title, TITLE, va="top", weight="bold")
    left, top = MARGIN, MARGIN + 30
    for block, (block_width, block_height) in zip(blocks, sizes, strict=True):
        block.draw(figure, left, top)
        left, top = (left + block_width + GAP, top) if across else (left, top + block_height + GAP)
    for number, line in enumerate(note.splitlines()):
        _write(figure, MARGIN, MARGIN + 30 + inner_height + 10 + 14 * number, line, LABEL, va="top", color="0.3")
    with files.written_aside(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def _axes(figure: Any, left: float, top: float, width: float, height: float, shown: bool = False, **more: Any) -> Any:
    whole_width, whole_height = figure.bbox.width, figure.bbox.height
    rectangle = (
        left / whole_width, 1.0 - (top + height) / whole_height, width / whole_width, height / whole_height
    )  # fmt: skip
    axes = figure.add_axes(rectangle, **more)
    if not shown:
        axes.set_xticks([])
        axes.set_yticks([])
    return axes


def _write(figure: Any, left: float, top: float, text: str, points: int, **more: Any) -> None:
    figure.text(
        left / figure.bbox.width, 1.0 - top / figure.bbox.height, text, fontsize=points, parse_math=False, **more
    )


def _width(text: str, points: int, weight: str = "normal") -> int:
    """Pixels that the longest line of a text takes, as it will be drawn."""
    from matplotlib.font_manager import FontProperties

    font, lines = FontProperties(size=points, weight=weight), [line for line in text.splitlines() if line]
    sizes = (_renderer().get_text_width_height_descent(line, font, ismath=False) for line in lines)
    return math.ceil(max((width for width, _, _ in sizes), default=0))


@functools.cache
def _renderer() -> Any:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(1, 1, DPI)


def _rgba(picture: np.ndarray) -> np.ndarray:
    """uint8 [h, w, 1, 3 or 4] to [h, w, 4]."""
    if picture.shape[-1] == 4:
        return picture
    colours = np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture
    return np.concatenate([colours, np.full((*picture.shape[:2], 1), 255, np.uint8)], axis=-1)
