"""Figures: every pixel of an image covers a square of the same size, whatever stands around."""

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import images
from dcgan_tf.explore import figure

RANDOM = np.random.default_rng(0)


def found_in(picture: np.ndarray, image: np.ndarray, factor: int) -> bool:
    """Whether the image stands in the picture, each pixel `factor` times."""
    large = image.repeat(factor, axis=0).repeat(factor, axis=1)
    height, width = large.shape[:2]
    corners = np.argwhere((picture[: -height + 1, : -width + 1] == large[0, 0]).all(axis=2))
    return any((picture[top : top + height, left : left + width] == large).all() for top, left in corners)


@pytest.mark.parametrize(
    ("size", "factor"), [((4, 4), 18), ((28, 28), 3), ((32, 20), 2), ((64, 64), 1), ((200, 200), 1)]
)
@pytest.mark.parametrize("across", [True, False])
def test_images_are_crisp(tmp_path, size, factor, across):
    rows = RANDOM.integers(0, 256, (2, 3, *size, 3), np.uint8)
    panels = [
        figure.Panel(list(rows), "one", ["a", "a much longer label"], ["x", "two\nlines", "z"]),
        figure.Panel([rows[0]], "two"),
    ]
    figure.write(tmp_path / "a.png", "A title", panels, "a note\nof two lines", across)
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert found_in(pixels, rows[0, 0], factor) and found_in(pixels, rows[1, 2], factor)


def test_grey_and_transparent_images_and_short_rows(tmp_path):
    grey = RANDOM.integers(0, 256, (2, 28, 28, 1), np.uint8)
    figure.write(tmp_path / "a.png", "t", [figure.Panel([grey, grey[:1]])])
    with Image.open(tmp_path / "a.png") as picture:
        assert found_in(np.asarray(picture.convert("RGB")), grey[1].repeat(3, axis=2), 3)
    clear = np.zeros((1, 28, 28, 4), np.uint8)
    figure.write(tmp_path / "b.png", "t", [figure.Panel([clear])])
    with Image.open(tmp_path / "b.png") as picture:
        assert np.asarray(picture.convert("RGB"))[-60:-40].min() == 255  # white shines through


def test_labels_are_no_formulas(tmp_path):
    grey = np.zeros((1, 28, 28, 1), np.uint8)
    figure.write(tmp_path / "a.png", r"$\foo$", [figure.Panel([grey], r"$\foo$", [r"$\foo$.png"], ["$a$ $"])], "$x_")
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_plots_stand_beside_images(tmp_path):
    grey = np.zeros((1, 28, 28, 1), np.uint8)
    blocks = [figure.Panel([grey]), figure.Plot(lambda axes: axes.plot([1, 2]), 300, 200, "p")]
    figure.write(tmp_path / "a.png", "t", blocks)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size[0] == 300 + 2 * figure.MARGIN


def test_a_loop_has_all_frames_and_no_pause(tmp_path):
    frames = RANDOM.integers(0, 256, (7, 8, 8, 1), np.uint8)
    images.write_loop(tmp_path / "a.gif", frames, seconds=0.7, width=16)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 7 and film.size == (16, 16) and film.info["duration"] == 100 and film.info["loop"] == 0
        np.testing.assert_array_equal(np.asarray(film.convert("L"))[::2, ::2], frames[0, ..., 0])
