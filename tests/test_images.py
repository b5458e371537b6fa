import numpy as np
import pytest
from PIL import Image

from dcgan_tf import images


@pytest.mark.parametrize("count", [1, 2, 5, 9, 10])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_grid_holds_every_image_in_order_and_pads_the_last_row(count, channels):
    pixels = np.stack([np.full((4, 6, channels), 10 * index, np.uint8) for index in range(count)])
    grid = images.grid(pixels, columns=3)
    columns, rows = min(count, 3), -(-count // 3)
    assert grid.shape == (rows * 6 + 2, columns * 8 + 2, channels)
    for index in range(count):
        top, left = 2 + index // 3 * 6, 2 + index % 3 * 8
        assert np.array_equal(grid[top : top + 4, left : left + 6], pixels[index])
    assert (grid[:2] == 255).all()


def test_small_pictures_are_magnified_without_blur():
    picture = np.random.default_rng(0).integers(0, 256, (10, 20, 3), np.uint8)
    large = images.magnified(picture)
    factor = large.shape[1] // 20
    assert factor > 10 and np.array_equal(large[::factor, ::factor], picture)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_keeps_every_pixel(tmp_path, channels):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    images.write_png(tmp_path / "a.png", picture)
    with Image.open(tmp_path / "a.png") as read:
        assert read.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]
        assert np.array_equal(np.asarray(read).reshape(picture.shape), picture)


def test_a_gif_moves_through_all_frames(tmp_path):
    for index in range(5):
        images.write_png(tmp_path / f"{index}.png", np.full((8, 8, 1), 50 * index, np.uint8))
    images.write_gif(tmp_path / "a.gif", sorted(tmp_path.glob("*.png")))
    with Image.open(tmp_path / "a.gif") as movie:
        assert movie.n_frames == 5 and movie.info["loop"] == 0
        movie.seek(4)
        assert np.asarray(movie.convert("L"))[0, 0] == 200


def test_a_failed_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "a.png"
    images.write_png(target, np.zeros((2, 2, 1), np.uint8))
    before = target.read_bytes()
    with pytest.raises(TypeError):
        images.write_png(target, np.zeros((2, 2, 7), np.uint8))
    assert target.read_bytes() == before and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("count", "shown", "rows", "columns"),
    [
        (10, 64, list(range(10)), 6),
        (16, 64, list(range(16)), 4),
        (1000, 64, [62 * row + row // 2 for row in range(16)], 4),
        (10, 3, [0, 3, 6], 1),
        (2, 1, [0], 1),
    ],
)
def test_rows_of_a_grid(count, shown, rows, columns):
    assert images.class_rows(count, shown) == (rows, columns)
