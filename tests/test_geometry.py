import pytest

from dcgan_tf import geometry
from dcgan_tf.errors import ArgumentError


@pytest.mark.parametrize(
    ("size", "depth", "grid"),
    [
        ((64, 64), 4, (4, 4)),
        ((28, 28), 2, (7, 7)),
        ((32, 32), 3, (4, 4)),
        ((48, 48), 3, (6, 6)),
        ((80, 80), 4, (5, 5)),
        ((64, 96), 4, (4, 6)),
        ((96, 64), 4, (6, 4)),
        ((64, 128), 4, (4, 8)),
        ((8, 8), 1, (4, 4)),
    ],
)
def test_the_smaller_side_ends_at_a_grid_of_four_to_seven(size, depth, grid):
    assert geometry.doublings(size) == depth
    assert geometry.grid(size) == grid


def test_every_size_either_fits_or_is_told_sizes_that_fit():
    for height in range(8, 140, 3):
        for width in range(8, 140, 5):
            try:
                rows, columns = geometry.grid((height, width))
            except ArgumentError as error:
                for near in str(error).split("the nearest are ")[1].split(" or "):
                    assert min(geometry.grid(geometry.size_of(near))) >= 4
            else:
                assert 4 <= min(rows, columns) <= 7


def test_a_prescribed_depth_sets_the_grid():
    assert geometry.grid((64, 64), depth=5) == (2, 2)
    with pytest.raises(ArgumentError, match="multiple of 32 here; the nearest are 32 or 64"):
        geometry.grid((48, 48), depth=5)


@pytest.mark.parametrize("text", ["", "a", "64x", "x64", "64x64x3", "-64", "6.4"])
def test_text_that_is_no_size_is_refused(text):
    with pytest.raises(ArgumentError, match="height x width"):
        geometry.size_of(text)


def test_sizes_are_written_as_they_are_read():
    for size in [(64, 64), (64, 96)]:
        assert geometry.size_of(geometry.size_text(size)) == size
