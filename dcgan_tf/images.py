"""Pictures of uint8 images: grids, PNG and GIF."""

import bisect
import io
import logging
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dcgan_tf import files
from dcgan_tf.errors import ArgumentError

log = logging.getLogger(__name__)

GRID_WIDTH_LIMIT = 1024  # pixels; smaller pictures are magnified up to it, so that a person can see them
MOST_CLASS_ROWS = 16
GIF_BYTES, GIF_FRAMES, GIF_SIDE, GIF_COLORS = 5 * 10**6, 100, 640, 64
FEWEST_FRAMES = 40


class Picture:
    """An image or a grid of images that a notebook shows.

    Attributes:
        pixels: uint8 [height, width, channels].
    """

    def __init__(self, pixels: np.ndarray):
        self.pixels = pixels

    @classmethod
    def read(cls, path: str | os.PathLike) -> "Picture":
        """From an image file."""
        with Image.open(path) as picture:
            pixels = np.asarray(picture)
        return cls(pixels if pixels.ndim == 3 else pixels[..., None])

    def __repr__(self) -> str:
        height, width, channels = self.pixels.shape
        return f"<Picture {width}x{height}, {channels} channels>"

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        to_pil(self.pixels).save(stream, format="PNG")
        return stream.getvalue()

    def save(self, path: str | os.PathLike) -> None:
        """Writes a PNG, complete or not at all; its folder is made.

        Raises:
            ArgumentError: the name does not end in .png.
        """
        path = files.expanded(path)
        if path.suffix.lower() != ".png":
            raise ArgumentError("path", path, "a picture is saved as a .png")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, self.pixels)


def show(pixels: np.ndarray, columns: int = 0) -> Picture:
    """Images as one grid, magnified to be looked at: uint8 [n, height, width, channels]; see `grid`."""
    pixels = np.asarray(pixels)
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or not len(pixels) or pixels.shape[3] not in (1, 3, 4):
        remedy = "it must be uint8 [n, height, width, channels], as `Generator.images` returns"
        raise ArgumentError("pixels", f"{pixels.dtype} {list(pixels.shape)}", remedy)
    if columns < 0:
        raise ArgumentError("columns", columns, "it must be at least 0")
    return Picture(magnified(grid(pixels, columns)))


def grid(pixels: np.ndarray, columns: int = 0, padding: int = 2) -> np.ndarray:
    """Lays images out row by row on white; the last row may be short.

    Args:
        pixels: uint8 [n, height, width, channels], n at least 1.
        columns: images per row; 0 makes the grid about square.
        padding: white pixels around every image.

    Returns:
        uint8 [grid height, grid width, channels].
    """
    count, height, width, channels = pixels.shape
    columns = min(count, columns or math.ceil(math.sqrt(count * height / width)))
    rows = -(-count // columns)
    cell_height, cell_width = height + padding, width + padding
    canvas = np.full((rows * cell_height + padding, columns * cell_width + padding, channels), 255, np.uint8)
    for index, image in enumerate(pixels):
        top = (index // columns) * cell_height + padding
        left = (index % columns) * cell_width + padding
        canvas[top : top + height, left : left + width] = image
    return canvas


def class_rows(classes: int, count: int) -> tuple[list[int], int]:
    """Which classes are the rows of a grid of about `count` images, and how many images stand in a row.

    Every class, or, where there are more than 16, as many of them evenly chosen.
    """
    rows = min(classes, MOST_CLASS_ROWS, count)
    return [row * classes // rows for row in range(rows)], count // rows


def magnified(picture: np.ndarray) -> np.ndarray:
    """A small picture repeated pixel by pixel, so that it fills the width limit without blur."""
    factor = max(1, GRID_WIDTH_LIMIT // picture.shape[1])
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def to_pil(picture: np.ndarray) -> Image.Image:
    """uint8 [height, width, 1, 3 or 4] to a Pillow image of mode L, RGB or RGBA."""
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def file_name(seed: int) -> str:
    """What the single image of a seed is called, whoever writes it."""
    return f"{seed:06}.png"


def write_png(path: str | os.PathLike, picture: np.ndarray, note: str = "") -> None:
    """Writes uint8 [height, width, channels] as PNG, complete or not at all, with a comment inside; see `note_of`."""
    text = PngInfo()
    if note:
        text.add_text("Comment", note)
    with files.written_aside(path) as temporary:
        to_pil(picture).save(temporary, format="PNG", pnginfo=text)


def note_of(path: str | os.PathLike) -> str:
    """The comment inside a PNG; "" without one."""
    with Image.open(path) as picture:
        return picture.info.get("Comment", "")


def write_gif(path: str | os.PathLike, frames: Sequence[str | os.PathLike | np.ndarray], seconds: float = 8.0) -> None:
    """Writes an endless animation of at most 100 frames and 5 MB, the last frame held for a while.

    Frames are chosen evenly among the last ones that have the same size; only these are opened. They are 640 pixels
    large at most, and magnified less than the pictures where that is too much. If it takes more to stay below 5 MB, the
    animation gets fewer frames, down to 40, then fewer colors, then smaller frames, and a log line says so.

    Args:
        path: the GIF to write, complete or not at all.
        frames: PNG files, or uint8 [height, width, channels], in order, at least one.
        seconds: duration of one round without the pause at its end.
    """
    size = _size(frames[-1])
    first = bisect.bisect_left(frames, True, key=lambda frame: _size(frame) == size)
    chosen = [frame for frame in _evenly(frames[first:], GIF_FRAMES) if _size(frame) == size]
    content, worse = _fitting_gif(chosen, seconds)
    if worse:
        log.info("%s: %s, so that it stays below %d MB", Path(path).name, worse, GIF_BYTES // 10**6)
    with files.written_aside(path) as temporary:
        temporary.write_bytes(content)


def _fitting_gif(frames: Sequence[str | os.PathLike | np.ndarray], seconds: float) -> tuple[bytes, str]:
    """The first animation that is small enough, and what is worse about it than about the best, in words."""
    with _opened(frames[-1]) as last:
        largest, plain = max(last.size), max(last.size) // _magnification(last)
    sides = [side for side in range(plain, largest + 1, plain) if side <= GIF_SIDE] or [GIF_SIDE]
    tries = [(side, GIF_COLORS) for side in sides[:0:-1]]  # less magnified is no loss
    tries += [(max(1, sides[0] // part), GIF_COLORS // few) for part in (1, 2, 4) for few in (1, 2)]
    for side, colors in tries:
        probe = _evenly(frames, 5)
        fitting = GIF_BYTES * len(probe) // len(_gif(probe, side, colors, seconds))
        if fitting >= min(len(frames), GIF_FRAMES if side > sides[0] else FEWEST_FRAMES):
            break
    content = None
    while content is None or (len(content) > GIF_BYTES and fitting):
        chosen = _evenly(frames, fitting)
        content, fitting = _gif(chosen, side, colors, seconds), len(chosen) * 9 // 10
    worse = [f"{len(chosen)} of {len(frames)} frames"] if len(chosen) < len(frames) else []
    worse += [f"{colors} colors"] if colors < GIF_COLORS else []
    worse += [f"{side} pixels large"] if side < sides[0] else []
    return content, ", ".join(worse)


def _gif(frames: Sequence[str | os.PathLike | np.ndarray], side: int, colors: int, seconds: float) -> bytes:
    """An animation whose larger side has `side` pixels, in so many colors, which are the same in all frames."""
    few = [np.asarray(_scaled(frame, side))[::3, ::3] for frame in _evenly(frames, 8)]  # enough to find the colors
    palette = Image.fromarray(np.concatenate(few)).quantize(colors)
    scaled = (_scaled(frame, side) for frame in frames)
    first, *others = (picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in scaled)
    pause = max(40, int(1000 * seconds / len(frames)))
    stream = io.BytesIO()
    first.save(stream, "GIF", save_all=True, append_images=others, duration=[pause] * len(others) + [2000], loop=0)
    return stream.getvalue()


def _scaled(frame: str | os.PathLike | np.ndarray, side: int) -> Image.Image:
    """A frame, RGB, whose larger side has `side` pixels; a smaller magnification is exact."""
    with _opened(frame) as picture:
        ratio = side / max(picture.size)
        size = tuple(max(1, round(length * ratio)) for length in picture.size)
        return picture.convert("RGB").resize(size, Image.Resampling.BOX)


def _magnification(picture: Image.Image) -> int:
    """How often each pixel is repeated in both directions."""
    pixels = np.asarray(picture)
    for factor in range(min(pixels.shape[:2]), 1, -1):
        if pixels.shape[0] % factor == pixels.shape[1] % factor == 0:
            small = pixels[::factor, ::factor]
            if np.array_equal(small.repeat(factor, axis=0).repeat(factor, axis=1), pixels):
                return factor
    return 1


def _evenly(items: Sequence, count: int) -> list:
    """At most `count` items, the first and the last among them; of one, the last."""
    numbers = np.linspace(len(items) - 1, 0, max(1, min(len(items), count))).astype(int)[::-1]
    return [items[number] for number in numbers]


def write_loop(path: str | os.PathLike, frames: np.ndarray, seconds: float, width: int = 256) -> None:
    """Writes an endless animation without a pause, for paths whose last image comes just before the first.

    Args:
        path: the GIF to write, complete or not at all.
        frames: uint8 [n, height, width, channels].
        seconds: duration of one round.
        width: about the width in pixels that images are magnified to, pixel by pixel.
    """
    factor = max(1, round(width / frames.shape[2]))
    large = (frame.repeat(factor, axis=0).repeat(factor, axis=1) for frame in frames)
    pictures = [_few_colors(to_pil(frame)) for frame in large]
    pause = max(20, round(100 * seconds / len(pictures)) * 10)  # a GIF counts in hundredths of a second
    with files.written_aside(path) as temporary:
        pictures[0].save(temporary, format="GIF", save_all=True, append_images=pictures[1:], duration=pause, loop=0)


def _opened(frame: str | os.PathLike | np.ndarray) -> Image.Image:
    return to_pil(frame) if isinstance(frame, np.ndarray) else Image.open(frame)


def _size(frame: str | os.PathLike | np.ndarray) -> tuple[int, int]:
    with _opened(frame) as picture:
        return picture.size


def _few_colors(picture: Image.Image) -> Image.Image:
    """As a frame of a GIF, which has at most 256 colors."""
    return picture.convert("L") if picture.mode == "L" else picture.convert("RGB").quantize(128)
