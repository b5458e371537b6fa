"""Figures as in a paper: images pixel by pixel, without blur, with text around them.

Everything is placed in pixels of the picture: images are crisp only if each of their pixels covers the same number of
pixels of the picture. Text is measured before it is placed.
"""

import functools
import io
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcgan_tf import files
from dcgan_tf.models import pixels

DPI = 100
MARGIN, GAP, LINE, SMALL_LINE, SPACE = 24, 18, 18, 14, 2  # around all, between blocks, of text, around an image
TITLE, SUBTITLE, LABEL = 12, 10, 8  # points
CELL = 72  # pixels that an image is magnified to, about
WIDEST = 1400  # pixels of a row, for which images are magnified less


@dataclass(frozen=True)
class Panel:
    """A block of images in rows.

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

    def _layout(self) -> tuple[int, int, int, int, int]:
        """How many times an image is magnified, from one image to the next (width, height), and room for labels."""
        (height, width), columns = self.rows[0].shape[1:3], max(map(len, self.rows))
        factor = max(1, min(round(self.cell / max(height, width)), WIDEST // (columns * (width + SPACE))))
        left = max((_width(label, LABEL) for label in self.row_labels), default=-8) + 8
        lines = max((label.count("\n") + 1 for label in self.column_labels), default=0)
        top = (LINE + 4 if self.title else 0) + (SMALL_LINE * lines + 4 if lines else 0)
        return factor, factor * width + SPACE, factor * height + SPACE, left, top

    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        _, width, height, left, top = self._layout()
        across = left + max(map(len, self.rows)) * width + SPACE
        return max(across, _width(self.title, SUBTITLE)), top + len(self.rows) * height + SPACE

    def draw(self, figure: Any, left: int, top: int) -> None:
        """Draws itself into a matplotlib figure, its corner so many pixels from the left and from the top."""
        factor, width, height, label_width, label_height = self._layout()
        _write(figure, left, top, self.title, SUBTITLE, va="top", weight="bold")
        inner_left, inner_top = left + label_width, top + label_height
        for number, label in enumerate(self.column_labels):
            middle = inner_left + number * width + width / 2
            _write(figure, middle, inner_top - 3, label, LABEL, ha="center", va="bottom")
        for number, label in enumerate(self.row_labels):
            middle = inner_top + number * height + height / 2
            _write(figure, inner_left - 8, middle, label, LABEL, ha="right", va="center")
        canvas = np.full((len(self.rows) * height, max(map(len, self.rows)) * width, 4), 0, np.uint8)
        for row, images in enumerate(self.rows):
            for column, image in enumerate(images):
                large = _rgba(image).repeat(factor, axis=0).repeat(factor, axis=1)
                canvas[row * height :, column * width :][: len(large), : large.shape[1]] = large
        axes = _axes(figure, inner_left, inner_top, canvas.shape[1], canvas.shape[0])
        axes.set_axis_off()
        axes.imshow(canvas, interpolation="none", aspect="auto")


@dataclass(frozen=True)
class Plot:
    """A block of axes that a function draws into.

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
        """(width, height) in pixels."""
        return self.width, self.height

    def draw(self, figure: Any, left: int, top: int) -> None:
        """See `Panel.draw`."""
        before, after, below = self.inset
        head = LINE + 6 if self.title else 4
        _write(figure, left, top, self.title, SUBTITLE, va="top", weight="bold")
        axes = _axes(figure, left + before, top + head, self.width - before - after, self.height - head - below)
        axes.tick_params(labelsize=LABEL)
        self.paint(axes)


@dataclass(frozen=True)
class Figure:
    """A figure, drawn when it is saved or shown in a notebook.

    Attributes:
        title: above all.
        blocks: one below the other, or beside each other.
        notes: lines of small text below all; empty ones are left out.
        across: whether the blocks are beside each other.
    """

    title: str
    blocks: Sequence[Panel | Plot]
    notes: Sequence[str] = ()
    across: bool = False

    def save(self, path: str | os.PathLike) -> None:
        """Writes a PNG, complete or not at all."""
        with files.written_aside(path) as temporary:
            temporary.write_bytes(self._repr_png_())

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self._drawn().savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
        return stream.getvalue()

    def _drawn(self) -> Any:
        from matplotlib.figure import Figure as Canvas  # takes half a second to import

        sizes = [block.size() for block in self.blocks]
        lines = [line for note in self.notes for line in note.splitlines()]
        widths, heights = zip(*sizes, strict=True)
        gaps = (len(sizes) - 1) * GAP
        inner_width = sum(widths) + gaps if self.across else max(widths)
        inner_height = max(heights) if self.across else sum(heights) + gaps
        texts = [_width(self.title, TITLE, "bold"), *(_width(line, LABEL) for line in lines)]
        below = SMALL_LINE * len(lines) + 8 if lines else 0
        left, top = MARGIN, MARGIN + 30
        width, height = max([inner_width, *texts]) + 2 * MARGIN, top + inner_height + below + MARGIN
        canvas = Canvas(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
        _write(canvas, MARGIN, MARGIN - 6, self.title, TITLE, va="top", weight="bold")
        for number, line in enumerate(lines):
            _write(canvas, left, top + inner_height + 10 + SMALL_LINE * number, line, LABEL, va="top", color="0.3")
        for block, (block_width, block_height) in zip(self.blocks, sizes, strict=True):
            block.draw(canvas, left, top)
            left, top = (left + block_width + GAP, top) if self.across else (left, top + block_height + GAP)
        return canvas


def signed_pictures(values: np.ndarray, largest: np.ndarray | float) -> np.ndarray:
    """Values of both signs as images: zero is mid-gray, plus and minus `largest` are 255 and 0.

    Args:
        values: float32 [n, height, width, channels]; a fourth channel is not shown, it becomes opaque.
        largest: the magnitude that is fully light or dark, one for all or [n, 1, 1, 1]; where it is 0, all is gray.

    Returns:
        uint8 of the same shape.
    """
    images = pixels.to_pixels(values / np.where(largest > 0, largest, 1.0)).numpy()
    if values.shape[-1] == 4:
        images[..., 3] = 255
    return images


def _axes(figure: Any, left: float, top: float, width: float, height: float) -> Any:
    across, down = figure.bbox.width, figure.bbox.height
    return figure.add_axes((left / across, 1.0 - (top + height) / down, width / across, height / down))


def _write(figure: Any, left: float, top: float, text: str, points: int, **more: Any) -> None:
    figure.text(
        left / figure.bbox.width, 1.0 - top / figure.bbox.height, text, fontsize=points, parse_math=False, **more
    )


def _width(text: str, points: int, weight: str = "normal") -> int:
    """Width in pixels of the longest line of a text, as it will be drawn."""
    from matplotlib.font_manager import FontProperties

    font, lines = FontProperties(size=points, weight=weight), [line for line in text.splitlines() if line]
    sizes = (_renderer().get_text_width_height_descent(line, font, ismath=False) for line in lines)
    return math.ceil(max((width for width, _, _ in sizes), default=0))


@functools.cache
def _renderer() -> Any:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(1, 1, DPI)


def _rgba(image: np.ndarray) -> np.ndarray:
    """uint8 [height, width, 1, 3 or 4] to [height, width, 4]."""
    if image.shape[-1] == 4:
        return image
    colors = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
    return np.concatenate([colors, np.full((*image.shape[:2], 1), 255, np.uint8)], axis=-1)
