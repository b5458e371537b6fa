"""Points: rows, names, means, and files for the generator that they belong to and no other."""

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import Points, load_points, save_points

LATENTS = np.array([[1.0, 2.0], [3.0, 6.0], [0.0, 1.0]], np.float32)
POINTS = Points(LATENTS, np.array([[1.0], [0.0], [0.0]], np.float32), ("a", "b", "c"))


def test_rows_keep_their_names():
    for rows in (slice(1, 3), [1, 2], np.array([False, True, True])):
        part = POINTS[rows]
        assert part.names == ("b", "c") and part.latents.tolist() == LATENTS[1:].tolist() and len(part) == 2
    both = Points.joined([POINTS[[2]], POINTS[:1]])
    assert str(both) == "c, a" and both.latents.tolist() == LATENTS[[2, 0]].tolist()
    assert Points(LATENTS, np.zeros((3, 0), np.float32)).names == ("point 0", "point 1", "point 2")


def test_the_mean_of_points():
    mean = POINTS[:2].mean()
    assert mean.latents.tolist() == [[2.0, 4.0]] and mean.classes.tolist() == [[0.5]] and mean.names == ("mean",)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="one row for each point"):
        Points(LATENTS, POINTS.classes[:1])
    with pytest.raises(ValueError, match="2 names for 3 points"):
        Points(LATENTS, POINTS.classes, ("a", "b"))


def test_saved_points_are_loaded_again(generator, renderer, tmp_path):
    points = renderer.points([3, 14])
    save_points(tmp_path / "found.npz", points, generator)
    loaded = load_points(tmp_path / "found.npz", generator)
    np.testing.assert_array_equal(loaded.latents, points.latents)
    assert loaded.names == ("found 0", "found 1") and loaded.classes.shape == (2, 0)
    save_points(tmp_path / "one.npz", points[:1], generator)
    assert load_points(tmp_path / "one.npz", generator).names == ("one",)


def test_points_of_another_generator_are_refused(conditional_generator, generator, renderer, tmp_path):
    save_points(tmp_path / "found.npz", renderer.points([3]), generator)
    with pytest.raises(ArgumentError, match="these latents belong to another run, `checkpoint` or `weights`"):
        load_points(tmp_path / "found.npz", conditional_generator)


def test_other_files_are_refused(generator, tmp_path):
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    np.savez(tmp_path / "flat.npz", latents=np.zeros(3), classes=np.zeros(3), generator="")
    (tmp_path / "broken.npz").write_bytes(b"PK nonsense")
    with (tmp_path / "bare.npz").open("wb") as stream:
        np.save(stream, np.zeros((2, 8)))
    for name in ("other", "flat", "broken", "bare"):
        with pytest.raises(ArgumentError, match="it holds no latents"):
            load_points(tmp_path / f"{name}.npz", generator)
    with pytest.raises(ArgumentError, match=r"cannot be read \(No such file"):
        load_points(tmp_path / "none.npz", generator)
