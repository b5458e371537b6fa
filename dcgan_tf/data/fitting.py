"""Any picture to uint8 [height, width, channels] of the store: orientation, depth, colour, crop, size."""

import numpy as np
from PIL import Image

from dcgan_tf.data.decoding import attempted, has_alpha, orientation
from dcgan_tf.data.source import Picture, UnusableImage

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def fitted(picture: Picture, size: tuple[int, int], channels: int, crop: str) -> np.ndarray:
    """A picture as the store holds it.

    A picture that has the size and the channels already keeps every pixel.

    Args:
        picture: uint8 [h, w, c], or a Pillow image in any mode, decoded or not.
        size: height and width wanted.
        channels: 1 grey (ITU-R 601 luma), 3 RGB, both on white where the picture is transparent, or 4 RGBA.
        crop: "center" takes the largest centred piece with the shape of `size` first; "none" stretches.

    Returns:
        uint8 [height, width, channels].

    Raises:
        UnusableImage: the pixels cannot be decoded.
    """
    if isinstance(picture, np.ndarray):
        if picture.shape == (*size, channels):
            return picture
        picture = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    return attempted(lambda: _fitted(picture, size, channels, crop))


def _fitted(picture: Image.Image, size: tuple[int, int], channels: int, crop: str) -> np.ndarray:
    _decode(picture, size, crop)
    picture = coloured(upright(eight_bit(picture)), channels)
    picture = resized(picture, size, crop)
    if picture.mode != MODES[channels]:
        picture = picture.convert(MODES[channels])  # grey to RGB, after the resizing since that is a third of the work
    return np.asarray(picture).reshape(*size, channels)


def _decode(picture: Image.Image, size: tuple[int, int], crop: str) -> None:
    """Decodes. JPEGs far too large come out at 1/2, 1/4 or 1/8, which libjpeg does many times faster.

    At least twice the wanted size is left for the careful filter, so the difference stays below a grey level or two.
    """
    if picture.format in ("JPEG", "MPO"):
        height, width = size if orientation(picture) < 5 else size[::-1]
        left, top, right, bottom = piece(picture.size, (height, width), crop)
        factor = min((right - left) // (2 * width), (bottom - top) // (2 * height), 8)
        if factor >= 2:
            factor = 1 << (factor.bit_length() - 1)
            picture.draft(None, (-(-picture.width // factor), -(-picture.height // factor)))
    picture.load()


def upright(picture: Image.Image) -> Image.Image:
    """Turned as the EXIF orientation says."""
    turn = TURNS.get(orientation(picture))
    return picture.transpose(turn) if turn is not None else picture


def eight_bit(picture: Image.Image) -> Image.Image:
    """Grey pictures of 16 or 32 bits or of floats, scaled to 8 bits; all others as they are.

    16 bits: 0 to 65535 become 0 to 255. 32-bit integers: as 8 or 16 bits, whichever holds the largest value. Floats:
    [0, 1], or else [0, 255].

    Raises:
        UnusableImage: values in no such range.
    """
    if not (picture.mode in ("I", "F") or picture.mode.startswith("I;16")):
        return picture
    values = np.asarray(picture).astype(np.float64)
    lowest, highest = values.min(), values.max()
    sixteen = picture.mode.startswith("I;16") or picture.format == "PNG"  # older Pillow opens 16-bit PNG as 32 bits
    scales = {"F": (1.0, 255.0), "I": (255.0, 65535.0)}.get("I;16" if sixteen else picture.mode, (65535.0,))
    fitting = [scale for scale in scales if highest <= scale]
    if not (lowest >= 0 and fitting):
        raise UnusableImage(f"values from {lowest:g} to {highest:g} are in no usual range of pixels")
    made = Image.fromarray(np.rint(values * (255.0 / fitting[0])).astype(np.uint8))
    made.info = {key: value for key, value in picture.info.items() if key == "exif"}
    return made


def coloured(picture: Image.Image, channels: int) -> Image.Image:
    """In mode L, RGB or RGBA, where L may stand for grey RGB. Transparent pixels are on white unless alpha is kept."""
    if has_alpha(picture):
        if picture.mode == "La":
            picture = picture.convert("LA")
        if picture.mode != "RGBA":
            picture = picture.convert("RGBA")
        if channels == 4:
            return picture
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    if picture.mode not in ("1", "L", "RGB"):
        picture = picture.convert("RGB")  # one road to RGB, so that grey from CMYK, palettes and RGB agree
    if picture.mode == "1" or (picture.mode == "RGB" and channels == 1):
        picture = picture.convert("L")
    return picture


def piece(extent: tuple[int, int], size: tuple[int, int], crop: str) -> tuple[int, int, int, int]:
    """The part to keep: left, top, right, bottom.

    Args:
        extent: (width, height) of the picture, as Pillow has it.
        size: (height, width) wanted.
        crop: "center" or "none".
    """
    width, height = extent
    if crop == "none":
        return 0, 0, width, height
    if width * size[0] >= height * size[1]:
        kept_width, kept_height = max(1, round(height * size[1] / size[0])), height
    else:
        kept_width, kept_height = width, max(1, round(width * size[0] / size[1]))
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return left, top, left + kept_width, top + kept_height


def resized(picture: Image.Image, size: tuple[int, int], crop: str) -> Image.Image:
    """Cropped and resized; untouched pixels where the piece has the size already."""
    height, width = size
    box = piece(picture.size, size, crop)
    extent = box[2] - box[0], box[3] - box[1]
    if extent == (width, height):
        return picture if extent == picture.size else picture.crop(box)
    shrinks = extent[0] > width or extent[1] > height
    method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    if picture.mode == "RGBA":
        picture, box = picture.crop(box), (0, 0, *extent)  # Pillow premultiplies a whole RGBA picture before it resizes
    return picture.resize((width, height), method, box=box, reducing_gap=3.0)
