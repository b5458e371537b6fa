"""Any picture to uint8 [height, width, channels] of the store: orientation, depth, color, crop, size."""

import numpy as np
from PIL import Image

from dcgan_tf.data.decoding import has_alpha, orientation, reader_errors
from dcgan_tf.data.source_protocol import Picture, UnusableImage

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# Not `ImageOps.exif_transpose`: that writes the EXIF block anew and so fails where another tag in it is damaged.
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
    """A picture as the store holds it. One that has the size and the channels already keeps every pixel.

    Args:
        picture: uint8 [h, w, c], or a Pillow image in any mode, decoded or not.
        size: height and width of the result.
        channels: 1 gray (ITU-R 601 luma) or 3 RGB, both on white where the picture is transparent, or 4 RGBA.
        crop: "center" first takes the largest centered piece with the shape of `size`; "none" stretches.

    Returns:
        uint8 [height, width, channels].

    Raises:
        UnusableImage: the pixels cannot be decoded.
    """
    if isinstance(picture, np.ndarray):
        if picture.shape == (*size, channels):
            return picture
        picture = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    with reader_errors():
        _decode(picture, size, crop)
        picture = _with_colors(_upright(_eight_bit(picture)), channels)
        picture = _resized(picture, size, crop)
        if picture.mode != MODES[channels]:
            picture = picture.convert(MODES[channels])  # gray to RGB; after resizing, which is a third of the work
        return np.asarray(picture).reshape(*size, channels)


def _decode(picture: Image.Image, size: tuple[int, int], crop: str) -> None:
    """Decodes. Much larger JPEGs come out at 1/2, 1/4 or 1/8, which libjpeg does many times faster.

    At least twice the final size is left for the careful filter, so the difference stays below a gray level or two.
    """
    if picture.format in ("JPEG", "MPO"):
        height, width = size if orientation(picture) < 5 else size[::-1]
        left, top, right, bottom = _crop_box(picture.size, (height, width), crop)
        factor = min((right - left) // (2 * width), (bottom - top) // (2 * height), 8)
        if factor >= 2:
            factor = 1 << (factor.bit_length() - 1)
            picture.draft(None, (-(-picture.width // factor), -(-picture.height // factor)))
    picture.load()


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as the EXIF orientation says."""
    turn = TURNS.get(orientation(picture))
    return picture if turn is None else picture.transpose(turn)


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Gray pictures of 16 or 32 bits or of floats, scaled to 8 bits; all others as they are.

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
    tops = (65535.0,) if sixteen else {"F": (1.0, 255.0), "I": (255.0, 65535.0)}[picture.mode]
    top = next((top for top in tops if highest <= top), None)
    if lowest < 0 or top is None:
        raise UnusableImage(f"values from {lowest:g} to {highest:g} are in no usual range of pixels")
    made = Image.fromarray(np.rint(values * (255.0 / top)).astype(np.uint8))
    made.info = {key: value for key, value in picture.info.items() if key == "exif"}
    return made


def _with_colors(picture: Image.Image, channels: int) -> Image.Image:
    """In mode L, RGB or RGBA, where L may stand for gray RGB. Transparent pixels are on white unless alpha is kept."""
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
        picture = picture.convert("RGB")  # all others by way of RGB, so that gray from CMYK, palettes and RGB agree
    if picture.mode == "1" or (picture.mode == "RGB" and channels == 1):
        picture = picture.convert("L")
    return picture


def _crop_box(extent: tuple[int, int], size: tuple[int, int], crop: str) -> tuple[int, int, int, int]:
    """The piece of a picture of extent (width, height) to keep: left, top, right, bottom.

    In whole pixels, where `ImageOps.fit` cuts pixels in half.
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


def _resized(picture: Image.Image, size: tuple[int, int], crop: str) -> Image.Image:
    """Cropped and resized. Pixels are untouched where the piece has the size already."""
    height, width = size
    box = _crop_box(picture.size, size, crop)
    extent = box[2] - box[0], box[3] - box[1]
    if extent == (width, height):
        return picture if extent == picture.size else picture.crop(box)
    shrinks = extent[0] > width or extent[1] > height
    method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    if picture.mode == "RGBA":
        picture, box = picture.crop(box), (0, 0, *extent)  # Pillow premultiplies a whole RGBA picture before it resizes
    return picture.resize((width, height), method, box=box, reducing_gap=3.0)
