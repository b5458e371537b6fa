"""Pictures of uint8 images: grids, PNG and GIF."""

import io
import math
import os
from collections.abc import Iterable

import numpy as np
from PIL import Image

from dcgan_tf import files
from dcgan_tf.errors import ArgumentError

GRID_WIDTH_LIMIT = 1024  # pixels; smaller pictures are magnified up to it, so that a person can see them
MOST_CLASS_ROWS = 16


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


def write_png(path: str | os.PathLike, picture: np.ndarray) -> None:
    """Writes uint8 [height, width, channels] as PNG, complete or not at all."""
    with files.written_aside(path) as temporary:
        to_pil(picture).save(temporary, format="PNG")


def write_gif(path: str | os.PathLike, frames: Iterable[str | os.PathLike | np.ndarray], seconds: float = 8.0) -> None:
    """Writes an endless animation, the last frame held for a while; at most 120 frames, evenly chosen.

    Frames of another size than the last are left out.

    Args:
        path: the GIF to write, complete or not at all.
        frames: PNG files, or uint8 [height, width, channels], in order, at least one.
        seconds: duration of one round without the pause at its end.
    """
    frames = list(frames)
    fitting = [frame for frame in frames if _size(frame) == _size(frames[-1])]
    numbers = np.unique(np.linspace(0, len(fitting) - 1, min(len(fitting), 120)).astype(int))
    pictures = []
    for number in numbers:
        with _opened(fitting[number]) as picture:
            pictures.append(_few_colors(picture))
    pause = max(40, int(1000 * seconds / len(pictures)))
    durations = [pause] * (len(pictures) - 1) + [2000]
    with files.written_aside(path) as temporary:
        pictures[0].save(temporary, format="GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)


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
