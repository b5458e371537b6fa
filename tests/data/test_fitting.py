"""Depth, color, transparency, crop and size."""

import numpy as np
import pytest
from conftest import pixels, save
from PIL import Image

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


@pytest.mark.parametrize(
    ("extent", "size", "top", "left"),
    [((8, 20), (8, 8), 0, 6), ((21, 8), (8, 8), 6, 0), ((8, 8), (8, 8), 0, 0), ((16, 16), (8, 16), 4, 0)],
)
def test_center_takes_the_middle_untouched(photos, stored, extent, size, top, left):
    image = pixels(*extent)
    save(photos / "a.png", image)
    middle = image[top : top + size[0], left : left + size[1]]
    np.testing.assert_array_equal(stored(photos, size=size).images[0], middle)


def test_none_stretches_the_whole(photos, stored):
    image = np.zeros((8, 32, 3), np.uint8)
    image[:, 16:] = 255
    save(photos / "a.png", image)
    made = stored(photos, crop="none").images[0]
    assert made[:, :3].max() < 10
    assert made[:, 5:].min() > 245


def test_shrinking_averages_and_does_not_pick(photos, stored):
    image = np.zeros((64, 64, 1), np.uint8)
    image[::2, ::2] = image[1::2, 1::2] = 255  # a chessboard of single pixels
    save(photos / "a.png", image)
    assert np.abs(stored(photos, channels=1).images[0, 2:-2, 2:-2].astype(int) - 127.5).max() < 3


def test_large_jpegs_are_decoded_small_without_a_visible_difference(photos, stored):
    small = Image.fromarray(pixels(12, 16)).resize((1600, 1200), Image.Resampling.BICUBIC)
    path = save(photos / "a.jpg", small, quality=95)
    with Image.open(path) as whole:
        careful = whole.crop((200, 0, 1400, 1200)).resize((64, 64), Image.Resampling.LANCZOS)
    difference = np.abs(stored(photos, size=(64, 64)).images[0].astype(int) - np.asarray(careful))
    assert difference.mean() < 0.7
    assert difference.max() <= 6


def test_transparent_colours_do_not_bleed_into_a_resized_image(photos, stored):
    image = np.zeros((16, 16, 4), np.uint8)
    image[..., 0] = 255  # red everywhere, and no alpha in the left half
    image[:, 8:] = (0, 0, 255, 255)
    save(photos / "a.png", image)
    made = stored(photos, channels=4).images[0].astype(int)
    assert made[:, 5:, 0].max() == 0
    assert stored(photos).images[0, 4, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("extent", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_odd_extents_work(photos, stored, extent):
    save(photos / "a.png", pixels(*extent))
    assert stored(photos).images.shape == (1, 8, 8, 3)
    assert stored(photos, crop="none").images.shape == (1, 8, 8, 3)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.new("1", (8, 8), 1), WHITE),
        (Image.new("L", (8, 8), 77), (77, 77, 77)),
        (Image.new("LA", (8, 8), (60, 255)), (60, 60, 60)),
        (Image.new("LA", (8, 8), (0, 0)), WHITE),
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
