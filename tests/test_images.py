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


@pytest.mark.full
def test_a_gif_of_many_large_grids_is_small(tmp_path, caplog):
    """The worst case: 64 color images of 64x64 that are noise."""
    caplog.set_level("INFO")
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 64, 3), np.uint8)
    frames = [images.grid(pixels) for pixels in noise] * 6
    for name in ("a", "b"):
        images.write_gif(tmp_path / f"{name}.gif", frames)
    content = (tmp_path / "a.gif").read_bytes()
    assert len(content) <= 5_000_000 and content == (tmp_path / "b.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as movie:
        assert 40 <= movie.n_frames <= 100 and max(movie.size) >= 250
    assert "a.gif: 72 of 100 frames, 265 pixels large, so that it stays below 5 MB" in caplog.text


def test_a_gif_of_magnified_grids_keeps_every_pixel(tmp_path, caplog):
    caplog.set_level("INFO")
    small = np.random.default_rng(0).integers(0, 16, (3, 70, 60, 1), np.uint8) * 17
    frames = [images.magnified(picture) for picture in small]
    images.write_gif(tmp_path / "a.gif", frames)
    with Image.open(tmp_path / "a.gif") as movie:
        assert movie.size == (540, 630) and frames[0].shape == (1190, 1020, 1)
        for number, picture in enumerate(small):
            movie.seek(number)
            assert np.array_equal(np.asarray(movie.convert("L"))[::9, ::9], picture[..., 0])
    assert not caplog.text


def test_frames_of_another_size_than_the_last_are_left_out(tmp_path):
    frames = [np.full((size, size, 1), 4 * index, np.uint8) for index, size in enumerate([8] * 50 + [6] * 3)]
    images.write_gif(tmp_path / "a.gif", frames)
    with Image.open(tmp_path / "a.gif") as movie:
        assert movie.n_frames == 3 and movie.size == (6, 6)


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
