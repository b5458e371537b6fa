"""One image file of every kind, through a folder into a store, with its values checked."""

import numpy as np
import pytest
from conftest import pixels, save
from PIL import Image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


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


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.new("1", (8, 8), 1), WHITE),
        (Image.new("L", (8, 8), 77), (77, 77, 77)),
        (Image.new("LA", (8, 8), (0, 0)), WHITE),
        (Image.new("LA", (8, 8), (60, 255)), (60, 60, 60)),
        (Image.new("RGBA", (8, 8), (9, 9, 9, 0)), WHITE),
        (Image.new("RGBA", (8, 8), (0, 0, 255, 255)), BLUE),
        (Image.new("RGBA", (8, 8), (0, 0, 0, 51)), (204, 204, 204)),
        (Image.new("RGB", (8, 8), GREEN).quantize(4), GREEN),
    ],
)
def test_modes_of_png_become_rgb_on_white(photos, stored, picture, expected):
    save(photos / "a.png", picture)
    np.testing.assert_array_equal(stored(photos).images[0], np.broadcast_to(expected, (8, 8, 3)))


def test_palette_with_a_transparent_colour_is_laid_on_white(photos, stored):
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.putpixel((3, 2), 1)
    save(photos / "a.png", picture, transparency=0)
    store = stored(photos)
    assert tuple(store.images[0, 0, 0]) == WHITE
    assert tuple(store.images[0, 2, 3]) == (200, 100, 50)
    assert "1, laid on white" in store.report()


def test_alpha_is_kept_when_four_channels_are_asked_for(photos, stored):
    image = pixels(8, 8, 4)
    save(photos / "a.png", image)
    save(photos / "b.png", Image.new("L", (8, 8), 5))
    images = stored(photos, channels=4).images
    np.testing.assert_array_equal(images[0], image)
    assert tuple(images[1, 0, 0]) == (5, 5, 5, 255)


def test_cmyk(photos, stored):
    save(photos / "a.jpg", Image.new("CMYK", (8, 8), (0, 255, 255, 0)), quality=100)
    assert np.abs(stored(photos).images[0].astype(int) - RED).max() <= 4


def test_grey_of_rgb_is_the_luma(photos, stored):
    save(photos / "a.png", Image.new("RGB", (8, 8), (100, 150, 200)))
    assert stored(photos, channels=1).images[0, 0, 0, 0] == round(0.299 * 100 + 0.587 * 150 + 0.114 * 200)


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_sixteen_bits_are_scaled_not_cut(photos, stored, ending):
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    save(photos / f"a.{ending}", Image.fromarray(values))
    np.testing.assert_array_equal(stored(photos, channels=1).images[0, ..., 0], np.rint(values / 257))


@pytest.mark.parametrize(("top", "kind"), [(1.0, np.float32), (255.0, np.float32), (255, np.int32), (65535, np.int32)])
def test_thirty_two_bits_in_usual_ranges(photos, stored, top, kind):
    values = (np.arange(64).reshape(8, 8) * (top / 63)).astype(kind)
    save(photos / "a.tiff", Image.fromarray(values))
    expected = np.rint(values.astype(float) * (255 / top))
    np.testing.assert_array_equal(stored(photos, channels=1).images[0, ..., 0], expected)


def test_floats_in_no_usual_range_are_skipped_with_the_range(photos, stored):
    save(photos / "a.tiff", Image.fromarray(np.full((8, 8), -3.0, np.float32)))
    save(photos / "b.png", pixels(8, 8))
    ((name, reason),) = stored(photos).manifest["skipped"]
    assert name == "a.tiff"
    assert "-3" in reason


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
