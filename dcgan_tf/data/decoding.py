"""Bytes of an image file to a Pillow image, by content and not by name; the pixels are not decoded yet."""

import contextlib
import functools
import os
import re
import textwrap
import warnings
from collections.abc import Iterator
from typing import IO

import numpy as np
from PIL import Image

from dcgan_tf.data.source_protocol import UnusableImage

# A list, because some of Pillow's other readers start programs (EPS) or fetch files.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "TGA", "AVIF", "JPEG2000", "DIB", "MPO", "HEIF")
UNREADABLE = (
    (rb"....ftyp(hei|hev|mif1|msf1)", "HEIC: `pip install pillow-heif` opens it"),
    (rb"....ftypavi", "AVIF: `pip install 'pillow>=11.3'` opens it"),
    (rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI", "a video"),
    (rb"\s*(<\?xml|<svg)", "SVG or other XML: not made of pixels"),
    (rb"PK\x03\x04|\x1f\x8b|BZh|7z\xbc\xaf|Rar!|\xfd7zXZ", "packed: unpack it first"),
    (rb"8BPS", "a Photoshop file: save it as PNG"),
    (rb"%!PS|%PDF", "PDF or PostScript: not made of pixels"),
)
"""How files begin that are taken for images and cannot be read, and what they are."""
ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
GRAY_MODES = ("1", "L", "LA", "La", "I", "F")
ORIENTATION_TAG = 0x0112
ORIENTATION_KEYS = {"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"}


@functools.cache
def heif_is_readable() -> bool:
    """Whether the optional package pillow-heif is there; it is registered with Pillow."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


@functools.cache
def _formats() -> tuple[str, ...]:
    Image.init()
    heif_is_readable()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def open_picture(stream: IO[bytes]) -> Image.Image:
    """Reads the header of an image file. The stream must stay open until the pixels are read.

    Raises:
        UnusableImage: not an image, or more pixels than `PIL.Image.MAX_IMAGE_PIXELS`.
    """
    with reader_errors():
        try:
            picture = Image.open(stream, formats=_formats())
        except Image.UnidentifiedImageError:
            stream.seek(0)
            raise UnusableImage(_kind(stream.read(32))) from None
    width, height = picture.size
    if Image.MAX_IMAGE_PIXELS and width * height > Image.MAX_IMAGE_PIXELS:
        raise UnusableImage(f"{width}x{height} pixels are more than the limit of {Image.MAX_IMAGE_PIXELS}")
    return picture


@contextlib.contextmanager
def reader_errors() -> Iterator[None]:
    """Turns any error of an image reader into an `UnusableImage`: damaged files make readers raise anything."""
    try:
        yield
    except UnusableImage:
        raise
    except Exception as fault:
        raise UnusableImage(textwrap.shorten(reason_of(fault), 160, placeholder="...")) from fault


def _kind(start: bytes) -> str:
    """What a file that no reader knows is, by its first bytes."""
    if not start:
        return "empty file"
    return next(
        (kind for pattern, kind in UNREADABLE if re.match(pattern, start, re.DOTALL)), "not an image in a known format"
    )


def reason_of(fault: Exception) -> str:
    """Why a file cannot be used, in a few words."""
    if isinstance(fault, UnusableImage):
        return str(fault)
    if isinstance(fault, Image.DecompressionBombError):
        return "too many pixels (decompression bomb)"
    if isinstance(fault, OSError):
        return os.strerror(fault.errno) if fault.errno else str(fault)
    return f"{type(fault).__name__}: {fault}"


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keeps Pillow's warnings off the screen: damaged files are listed once, with the reason."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def has_alpha(picture: Image.Image) -> bool:
    """Whether the header says that some pixels may be transparent."""
    return picture.mode in ALPHA_MODES or "transparency" in picture.info


def is_gray(picture: Image.Image) -> bool:
    """Whether all colors are gray, as far as the header tells."""
    if picture.mode in GRAY_MODES or picture.mode.startswith("I;16"):
        return True
    palette = picture.palette
    if palette is None or palette.mode != "RGB" or palette.rawmode not in (None, "", "RGB"):
        return False
    colors = np.frombuffer(bytes(palette.palette), np.uint8)
    colors = colors[: len(colors) // 3 * 3].reshape(-1, 3)
    return len(colors) > 0 and bool((colors == colors[:, :1]).all())


def orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) to 8; 1 when it cannot be read."""
    if picture.format in ("JPEG", None) and ORIENTATION_KEYS.isdisjoint(picture.info):
        return 1  # the usual case; asking Pillow takes longer than decoding a small image
    try:
        return int(picture.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF does not spoil the pixels
        return 1


def shown_size(picture: Image.Image) -> tuple[int, int]:
    """(height, width) as a viewer shows the file, that is, after the EXIF orientation; read from the header."""
    width, height = picture.size
    if picture.format == "TIFF":  # newer Pillow turns the size already; the tags are as stored
        width, height = picture.tag_v2.get(256, width), picture.tag_v2.get(257, height)
    # Only photographs carry orientations, and for PNG the question would decode the pixels.
    turned = picture.format in ("JPEG", "MPO", "WEBP", "TIFF") and orientation(picture) >= 5
    return (width, height) if turned else (height, width)
