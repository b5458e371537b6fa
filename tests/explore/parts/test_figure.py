"""Figures: every pixel of an image covers a square of the same size, whatever stands around."""

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.explore.parts import figure

RANDOM = np.random.default_rng(0)


def found_in(picture: np.ndarray, image: np.ndarray, factor: int) -> bool:
    """Whether the image stands in the picture, each pixel `factor` times."""
    large = image.repeat(factor, axis=0).repeat(factor, axis=1)
    height, width = large.shape[:2]
    corners = np.argwhere((picture[: -height + 1, : -width + 1] == large[0, 0]).all(axis=2))
    return any((picture[top : top + height, left : left + width] == large).all() for top, left in corners)


@pytest.mark.parametrize(("size", "factor"), [((4, 4), 18), ((28, 28), 3), ((32, 20), 2), ((200, 200), 1)])
@pytest.mark.parametrize("across", [True, False])
def test_images_are_crisp(tmp_path, size, factor, across):
    rows = RANDOM.integers(0, 256, (2, 3, *size, 3), np.uint8)
    panels = [
        figure.Panel(list(rows), "one", ["a", "a much longer label"], ["x", "two\nlines", "z"]),
        figure.Panel([rows[0]], "two"),
    ]
    figure.Figure("A title", panels, ["a note\nof two lines"], across).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert found_in(pixels, rows[0, 0], factor) and found_in(pixels, rows[1, 2], factor)


def test_gray_and_transparent_images_and_short_rows(tmp_path):
    gray = RANDOM.integers(0, 256, (2, 28, 28, 1), np.uint8)
    figure.Figure("t", [figure.Panel([gray, gray[:1]])]).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert found_in(np.asarray(picture.convert("RGB")), gray[1].repeat(3, axis=2), 3)
    clear = np.zeros((1, 28, 28, 4), np.uint8)
    figure.Figure("t", [figure.Panel([clear])]).save(tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as picture:
        assert np.asarray(picture.convert("RGB"))[-60:-40].min() == 255  # white shines through


def test_plots_stand_beside_images(tmp_path):
    gray = np.zeros((1, 28, 28, 1), np.uint8)
    blocks = [figure.Panel([gray]), figure.Plot(lambda axes: axes.plot([1, 2]), 300, 200, "p")]
    figure.Figure("t", blocks).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size[0] == 300 + 2 * figure.MARGIN


def test_signed_values_are_gray_where_they_are_zero():
    values = np.zeros([1, 2, 2, 4], np.float32)
    values[0, 0, 0] = [0.1, -0.1, 0.0, 7.0]
    shown = figure.signed_pictures(values, 0.1)
    assert shown[0, 0, 0].tolist() == [255, 0, 128, 255] and shown[0, 1, 1].tolist() == [128, 128, 128, 255]
    assert (figure.signed_pictures(values[..., :3], 0.0)[..., 1:] == 128).any()
