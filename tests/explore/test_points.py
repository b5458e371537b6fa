"""Points: rows, names, means."""

import numpy as np
import pytest

from dcgan_tf.explore import Points

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
