"""Figures as in a paper: images pixel by pixel, without blur, with text around them.

Drawn in pixels of the picture: images are crisp only if each of their pixels covers the same number of these.
"""

import functools
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dcgan_tf import images as pictures
from dcgan_tf.models import pixels

MARGIN, GAP, BESIDE, SPACE = 24, 18, 8, 2  # around all, between blocks, beside texts, around an image
TITLE, SUBTITLE, LABEL = 17, 14, 11  # height of text
CELL = 72  # an image is magnified to about so much
WIDEST = 1400  # of a row, for which images are magnified less


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

    def picture(self) -> Image.Image:
        """The block as it is drawn."""
        (height, width), columns = self.rows[0].shape[1:3], max(map(len, self.rows))
        factor = max(1, min(round(self.cell / max(height, width)), WIDEST // (columns * (width + SPACE))))
        across, down = factor * width + SPACE, factor * height + SPACE  # from one image to the next
        left = max((_size(label)[0] + BESIDE for label in self.row_labels), default=0)
        head = SUBTITLE + BESIDE if self.title else 0
        top = head + max((_size(label)[1] + BESIDE for label in self.column_labels), default=0)
        wide = max(left + columns * across, _size(self.title, SUBTITLE, bold=True)[0])
        canvas = Image.new("RGB", (wide, top + len(self.rows) * down), "white")
        _write(canvas, 0, 0, self.title, SUBTITLE, bold=True)
        for number, label in enumerate(self.column_labels):
            _write(canvas, left + number * across + factor * width / 2, top - BESIDE / 2, label, anchor="md")
        for number, label in enumerate(self.row_labels):
            _write(canvas, left - BESIDE, top + number * down + factor * height / 2, label, anchor="rm")
        for row, images in enumerate(self.rows):
            for column, image in enumerate(images):
                large = image.repeat(factor, axis=0).repeat(factor, axis=1)
                drawn = pictures.to_pil(large).convert("RGBA")
                canvas.paste(drawn, (left + column * across, top + row * down), mask=drawn)
        return canvas


@dataclass(frozen=True)
class Plot:
    """A block of axes that a function draws into.

    Attributes:
        paint: is given the matplotlib axes.
        width, height: of the whole, in pixels.
        title: above them.
    """

    paint: Callable[[Any], None]
    width: int = 700
    height: int = 240
    title: str = ""

    def picture(self) -> Image.Image:
        """The block as it is drawn."""
        from matplotlib.figure import Figure as Canvas  # takes half a second to import

        canvas = Canvas((self.width / 72, self.height / 72), dpi=72, layout="constrained")  # a point is a pixel
        axes = canvas.add_subplot()
        axes.set_title(self.title, loc="left", fontsize=SUBTITLE, weight="bold")
        axes.tick_params(labelsize=LABEL)
        self.paint(axes)
        stream = io.BytesIO()
        canvas.savefig(stream, format="png")
        return Image.open(stream).convert("RGB")


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
        pictures.write_png(path, np.asarray(self._picture()))

    def _repr_png_(self) -> bytes:
        return pictures.Picture(np.asarray(self._picture()))._repr_png_()

    def _picture(self) -> Image.Image:
        body = _joined([block.picture() for block in self.blocks], self.across)
        note = "\n".join(filter(None, self.notes))
        (title_width, _), (note_width, note_height) = _size(self.title, TITLE, bold=True), _size(note)
        top, below = MARGIN + TITLE + GAP, note_height + BESIDE if note else 0
        size = max(body.width, title_width, note_width) + 2 * MARGIN, top + body.height + below + MARGIN
        canvas = Image.new("RGB", size, "white")
        _write(canvas, MARGIN, MARGIN, self.title, TITLE, bold=True)
        canvas.paste(body, (MARGIN, top))
        _write(canvas, MARGIN, top + body.height + BESIDE, note, color="#4d4d4d")
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


def _joined(parts: Sequence[Image.Image], across: bool) -> Image.Image:
    """Pictures beside each other, or one below the other."""
    widths, heights = zip(*(part.size for part in parts), strict=True)
    gaps = GAP * (len(parts) - 1)
    size = (sum(widths) + gaps, max(heights)) if across else (max(widths), sum(heights) + gaps)
    canvas, place = Image.new("RGB", size, "white"), 0
    for part in parts:
        canvas.paste(part, (place, 0) if across else (0, place))
        place += (part.width if across else part.height) + GAP
    return canvas


def _write(
    canvas: Image.Image, left: float, top: float, text: str, height: int = LABEL, *,
    bold: bool = False, anchor: str = "la", color: str = "black",
) -> None:  # fmt: skip
    align = {"l": "left", "m": "center", "r": "right"}[anchor[0]]
    ImageDraw.Draw(canvas).text((left, top), text, color, _font(height, bold), anchor, align=align)


def _size(text: str, height: int = LABEL, *, bold: bool = False) -> tuple[int, int]:
    """(width, height) of some lines in pixels."""
    *_, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text, _font(height, bold))
    return round(right) + 1, round(bottom) + 1


@functools.cache
def _font(height: int, bold: bool) -> ImageFont.FreeTypeFont:
    import matplotlib  # its font knows more letters than Pillow's

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf", name), height)
