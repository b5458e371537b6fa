"""Nearest images: those of brute force in float64 for any block size, and the lower row among equals."""

import sys

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features import Features
from dcgan_tf.explore import neighbors
from dcgan_tf.explore.neighbors import nearest_images as nearest

MODULE = sys.modules["dcgan_tf.explore.neighbors"]  # `explore.neighbors` is the function


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
    rows, distances = nearest(queries, references, k, leave_out=leave_out)
    expected_rows, expected_distances = brute_force(flat(queries), flat(references), k, leave_out)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_allclose(distances, expected_distances / 255, rtol=1e-6)
    assert distances.dtype == np.float32 and rows.shape == distances.shape == (len(queries), k)


@pytest.fixture(params=[256, 7, 3])
def block(request, monkeypatch):
    monkeypatch.setattr(MODULE, "BLOCK", request.param)


def test_pixels_equal_brute_force(block):
    check(random_images(0, 20), random_images(1, 300), k=5)


def test_all_references_in_order(block):
    check(random_images(0, 5), random_images(1, 40), k=40)


def test_equally_near_ones_are_ordered_by_row(block):
    # Few levels and few pixels: most distances come several times.
    queries, references = random_images(2, 40, (2, 2, 1), 0, 3), random_images(3, 200, (2, 2, 1), 0, 3)
    check(queries, references, k=6)
    same = np.repeat(random_images(4, 1), 30, axis=0)
    assert nearest(same[:2], same, 3)[0].tolist() == [[0, 1, 2], [0, 1, 2]]


def test_near_ties_that_float32_would_not_tell_apart(block):
    queries, references = random_images(5, 10, (16, 16, 3), 248, 256), random_images(6, 150, (16, 16, 3), 248, 256)
    queries[:, :8], references[:, :8] = 255 - queries[:, :8], 255 - references[:, :8]
    dark = np.concatenate((references, 255 - references))
    check(np.concatenate((queries, 255 - queries)), dark, k=4)


def test_the_query_itself_can_be_left_out(block):
    references = random_images(7, 60, (2, 2, 1), 0, 4)
    rows = np.array([0, 59, 13, 30])
    assert nearest(references[rows], references, 1)[1].max() == 0.0
    check(references[rows], references, k=3, leave_out=rows)
    check(references[rows], references, k=59, leave_out=rows)


def test_vectors_of_an_extractor(block):
    queries, references = random_images(8, 10), random_images(9, 120)
    weights = np.random.default_rng(0).normal(size=(60, 7)).astype(np.float32)
    lengths = []

    def see(images):
        lengths.append(len(images))
        return Features(np.float32(1e3) + (images.reshape(len(images), -1) @ weights))

    found = nearest(queries, references, 4, see)
    assert max(lengths) <= MODULE.BLOCK and sum(lengths) == 130
    rows, distances = brute_force(*(see(images).vectors.astype(np.float64) for images in (queries, references)), 4)
    np.testing.assert_array_equal(found[0], rows)
    np.testing.assert_allclose(found[1], distances, rtol=1e-5)
    assert (found[0] != nearest(queries, references, 4)[0]).any()


def test_a_memory_map_is_searched_silently(tmp_path, capfd):
    images = random_images(10, 50)
    np.save(tmp_path / "images.npy", images)
    rows, _ = nearest(images[[4, 40]], np.load(tmp_path / "images.npy", mmap_mode="r"), 2)
    assert rows[:, 0].tolist() == [4, 40]
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_what_does_not_fit_is_refused():
    images = random_images(0, 6)
    for wrong, message in (
        ((images, images, 7), "k=7: at least one query, and k from 1 to 6"),
        ((images, images, 6, None, np.arange(6)), "k from 1 to 5"),
        ((images, images, 0), "k=0"),
        ((images, random_images(0, 6, (4, 4, 3))), "uint8 of one size"),
        ((images / 255.0, images), "uint8 of one size"),
        ((images[:0], images), "0 queries"),
        ((images, images, 2, lambda part: Features(np.full((len(part), 3), np.nan, np.float32))), "not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            nearest(*wrong)


def test_samples_beside_their_neighbors(generator, renderer):
    """One training image is the copy of a sample; the others are noise."""
    samples = renderer.pixels(renderer.points([3, 14]))
    training = np.concatenate([random_images(1, 60, (16, 16, 1)), samples[:1], random_images(2, 60, (16, 16, 1))])
    look = lambda images: Features(images.reshape(len(images), -1)[:, :50].astype(np.float32))  # noqa: E731
    found = neighbors(generator, training, seeds=[3, 14], k=2, features=look, name="corners")
    pixels, corners = found.spaces
    assert pixels.rows[0, 0] == 60 and pixels.distances[0, 0] == 0.0 and pixels.copies >= 1
    assert corners.distances.shape == (2, 2) and corners.verdict.startswith("corners: samples are")
    np.testing.assert_array_equal(pixels.images[0, 0], samples[0])
    assert f"{pixels.copies} of 2 samples are as near as the nearest 1% of real images" in found.verdict
    real = [nearest(training[[row]], training, 1, leave_out=np.array([row]))[1] for row in range(121)]
    np.testing.assert_array_equal(pixels.among_real, np.ravel(real))
    with pytest.raises(ArgumentError, match="from 1 to 120: there are 121 training images"):
        neighbors(generator, training, k=121)
