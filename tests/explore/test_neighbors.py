"""Samples and the training images nearest to them, against brute force in float64."""

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features import Features
from dcgan_tf.explore import neighbors

SEEDS = [3, 14]


def look(images: np.ndarray) -> Features:
    assert len(images) <= 256  # what an extractor takes in one go
    return Features(images.reshape(len(images), -1)[:, :50].astype(np.float32))


def brute_force(queries, references, k):
    """(rows, distances); a stable sort leaves the lower row first."""
    queries, references = (each.reshape(len(each), -1).astype(np.float64) for each in (queries, references))
    table = np.stack([np.square(references - query).sum(axis=1) for query in queries])
    rows = np.argsort(table, axis=1, kind="stable")[:, :k]
    return rows, np.sqrt(np.take_along_axis(table, rows, axis=1))


@pytest.fixture(scope="module")
def training(renderer):
    """Noise, one image of it twice, and the copy of a sample."""
    noise = np.random.default_rng(1).integers(0, 256, (598, 16, 16, 1), np.uint8)
    return np.concatenate([noise[:60], renderer.pixels(renderer.points(SEEDS[:1])), noise[60:], noise[:1]])


def test_samples_beside_their_neighbors(generator, renderer, training):
    samples = renderer.pixels(renderer.points(SEEDS))
    found = neighbors(generator, training, SEEDS, k=7, features=look, name="corners")
    for space, vectors, unit in zip(found.spaces, (lambda images: images, lambda images: look(images[:256]).vectors),
                                    (255, 1), strict=True):  # fmt: skip
        references = np.concatenate([vectors(training[start : start + 256]) for start in (0, 256, 512)])
        rows, distances = brute_force(vectors(samples), references, 7)
        np.testing.assert_array_equal(space.rows, rows)
        np.testing.assert_allclose(space.distances, distances / unit, rtol=1e-6)
        np.testing.assert_array_equal(space.images, training[rows])
        assert len(space.among_real) == 200 and space.distances.dtype == np.float32
    pixels, corners = found.spaces
    assert pixels.rows[0, 0] == 60 and pixels.distances[0, 0] == 0.0 and pixels.copies >= 1
    assert corners.verdict.startswith("corners: samples are")
    assert f"{pixels.copies} of 2 samples are as near as the nearest 1% of real images" in found.verdict


def test_a_real_image_is_no_neighbor_of_itself(generator, training):
    few = training[:121]
    [space] = neighbors(generator, few, SEEDS, k=1).spaces
    _, distances = brute_force(few, few, 2)
    np.testing.assert_allclose(space.among_real, distances[:, 1] / 255, rtol=1e-6)


def test_a_memory_map_is_searched_silently(generator, training, tmp_path, capfd):
    np.save(tmp_path / "images.npy", training)
    found = neighbors(generator, np.load(tmp_path / "images.npy", mmap_mode="r"), SEEDS, k=2)
    assert found.spaces[0].rows[0, 0] == 60
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_what_does_not_fit_is_refused(generator, training):
    for images, k, message in (
        (training, 0, "from 1 to 599: there are 600 training images"),
        (training[:6], 6, "from 1 to 5"),
        (training[:, :8], 1, "the generator's are"),
        (training / 255.0, 1, "of uint8"),
    ):
        with pytest.raises(ArgumentError, match=message):
            neighbors(generator, images, SEEDS, k)
    with pytest.raises(ValueError, match="not finite"):
        neighbors(generator, training, SEEDS, features=lambda part: Features(np.full((len(part), 3), np.nan)))
