"""Nearest images: those of brute force in float64, whatever the blocks, and the lower row among equals."""

import numpy as np
import pytest

from dcgan_tf.explore import neighbors
from dcgan_tf.explore.neighbors import nearest


def random_images(seed, count, size=(4, 5, 3), low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (count, *size)).astype(np.uint8)


def brute_force(queries, references, k, leave_out=None):
    """(rows, distances) from differences; a stable sort leaves the lower row first."""
    table = np.stack([np.square(references - query).sum(axis=1) for query in queries])
    if leave_out is not None:
        table[np.arange(len(queries)), leave_out] = np.inf
    rows = np.argsort(table, axis=1, kind="stable")[:, :k]
    return rows, np.sqrt(np.take_along_axis(table, rows, axis=1))


def flat(images):
    return images.reshape(len(images), -1).astype(np.float64)


def check(queries, references, k, leave_out=None):
    found = nearest(queries, references, k, leave_out=leave_out)
    rows, distances = brute_force(flat(queries), flat(references), k, leave_out)
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_allclose(found.distances, distances / 255, rtol=1e-6)
    assert found.distances.dtype == np.float32 and found.rows.shape == found.distances.shape == (len(queries), k)


@pytest.fixture(params=[256, 7, 3])
def block(request, monkeypatch):
    monkeypatch.setattr(neighbors, "BLOCK", request.param)


def test_pixels_equal_brute_force(block):
    check(random_images(0, 20), random_images(1, 300), k=5)


def test_all_references_in_order(block):
    check(random_images(0, 5), random_images(1, 40), k=40)


def test_equally_near_ones_are_ordered_by_row(block):
    # Few levels and few pixels: most distances come several times.
    queries, references = random_images(2, 40, (2, 2, 1), 0, 3), random_images(3, 200, (2, 2, 1), 0, 3)
    check(queries, references, k=6)
    same = np.repeat(random_images(4, 1), 30, axis=0)
    assert nearest(same[:2], same, 3).rows.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_near_ties_that_float32_would_not_tell_apart(block):
    queries, references = random_images(5, 10, (16, 16, 3), 248, 256), random_images(6, 150, (16, 16, 3), 248, 256)
    queries[:, :8], references[:, :8] = 255 - queries[:, :8], 255 - references[:, :8]
    dark = np.concatenate((references, 255 - references))
    check(np.concatenate((queries, 255 - queries)), dark, k=4)


def test_the_query_itself_can_be_left_out(block):
    references = random_images(7, 60, (2, 2, 1), 0, 4)
    rows = np.array([0, 59, 13, 30])
    assert nearest(references[rows], references, 1).distances.max() == 0.0
    check(references[rows], references, k=3, leave_out=rows)
    check(references[rows], references, k=59, leave_out=rows)


def test_vectors_of_an_extractor(block):
    queries, references = random_images(8, 10), random_images(9, 120)
    weights = np.random.default_rng(0).normal(size=(60, 7)).astype(np.float32)
    lengths = []

    def see(images):
        lengths.append(len(images))
        return np.float32(1e3) + (images.reshape(len(images), -1) @ weights)

    found = nearest(queries, references, 4, see)
    assert max(lengths) <= neighbors.BLOCK and sum(lengths) == 130
    rows, distances = brute_force(see(queries).astype(np.float64), see(references).astype(np.float64), 4)
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5)
    assert (found.rows != nearest(queries, references, 4).rows).any()


def test_a_memory_map_is_searched_silently(tmp_path, capfd):
    images = random_images(10, 50)
    np.save(tmp_path / "images.npy", images)
    found = nearest(images[[4, 40]], np.load(tmp_path / "images.npy", mmap_mode="r"), 2)
    assert found.rows[:, 0].tolist() == [4, 40]
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_what_does_not_fit_is_refused():
    images = random_images(0, 6)
    with pytest.raises(ValueError, match="k=7: from 1 to 6"):
        nearest(images, images, 7)
    with pytest.raises(ValueError, match="k=6: from 1 to 5"):
        nearest(images, images, 6, leave_out=np.arange(6))
    with pytest.raises(ValueError, match="k=0"):
        nearest(images, images, 0)
    with pytest.raises(ValueError, match="uint8 of one size"):
        nearest(images, random_images(0, 6, (4, 4, 3)))
    with pytest.raises(ValueError, match="uint8 of one size"):
        nearest(images / 255.0, images)
    with pytest.raises(ValueError, match="queries: none"):
        nearest(images[:0], images)
    with pytest.raises(ValueError, match="expected 6 integer labels"):
        nearest(images, images, 2, leave_out=np.arange(5))
    with pytest.raises(ValueError, match="rows 0 to 6, there are 6"):
        nearest(images, images, 2, leave_out=np.array([0, 1, 2, 3, 4, 6]))
    with pytest.raises(ValueError, match="not finite"):
        nearest(images, images, 2, lambda part: np.full((len(part), 3), np.nan, np.float32))
