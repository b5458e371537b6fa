"""Crop and size."""

import numpy as np
import pytest
from conftest import pixels, save
from PIL import Image


@pytest.mark.parametrize(("height", "width", "top", "left"), [(8, 20, 0, 6), (21, 8, 6, 0), (8, 8, 0, 0)])
def test_center_takes_the_middle_untouched(photos, stored, height, width, top, left):
    image = pixels(height, width)
    save(photos / "a.png", image)
    np.testing.assert_array_equal(stored(photos).images[0], image[top : top + 8, left : left + 8])


def test_center_with_a_target_that_is_not_square(photos, stored):
    image = pixels(16, 16)
    save(photos / "a.png", image)
    np.testing.assert_array_equal(stored(photos, size=(8, 16)).images[0], image[4:12])


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
