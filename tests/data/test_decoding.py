"""Image files of every kind, through a folder into a store."""

import struct
import zlib

import numpy as np
import pytest
from conftest import pixels, save
from PIL import Image

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


@pytest.mark.parametrize("ending", ["png", "bmp", "tiff", "webp", "ppm"])
def test_lossless_rgb_of_the_right_size_keeps_every_pixel(photos, stored, ending):
    image = pixels(8, 8)
    save(photos / f"a.{ending}", image, **({"lossless": True} if ending == "webp" else {}))
    np.testing.assert_array_equal(stored(photos).images[0], image)


def test_jpeg_of_the_right_size_is_what_pillow_decodes(photos, stored):
    path = save(photos / "a.jpg", pixels(8, 8))
    with Image.open(path) as decoded:
        np.testing.assert_array_equal(stored(photos).images[0], np.asarray(decoded))


def test_gif_gives_its_first_frame(photos, stored):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN)]
    frames[0].save(photos / "a.gif", save_all=True, append_images=frames[1:])
    assert tuple(stored(photos).images[0, 4, 4]) == RED


@pytest.mark.parametrize("name", ["a.PNG", "a.jpeg", "a", "a.dat"])
def test_content_counts_and_the_name_does_not(photos, stored, name):
    save(photos / name, pixels(8, 8), format="PNG")
    np.testing.assert_array_equal(stored(photos).images[0], pixels(8, 8))


@pytest.mark.parametrize("ending", ["png", "tiff", "webp", "jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(photos, stored, ending, orientation):
    upright = Image.new("RGB", (8, 12), WHITE)
    upright.paste(RED, (0, 0, 4, 6))  # top left
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    picture = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(photos / f"a.{ending}", picture, exif=exif, **({"quality": 100, "subsampling": 0} if ending == "jpg" else {}))
    store = stored(photos, size=(12, 8))
    difference = np.abs(store.images[0].astype(int) - np.asarray(upright))
    assert np.median(difference) <= 2
    assert tuple(store.images[0, 1, 1] // 100) == (2, 0, 0)
    if ending != "png":  # for PNG the size is reported as stored, since the orientation lies behind the pixels
        assert store.manifest["original_sizes"]["commonest"] == [12, 8]


def test_a_decompression_bomb_is_skipped(photos, stored):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (photos / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    save(photos / "good.png", pixels(8, 8))
    ((name, reason),) = stored(photos).manifest["skipped"]
    assert name == "bomb.png"
    assert "pixels" in reason
