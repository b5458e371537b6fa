import numpy as np
import pytest

from dcgan_tf.metrics import nearest_neighbor
from dcgan_tf.metrics.nearest_neighbor import NearestNeighbor, nearest_neighbor_errors


def random_images(seed, count, size=(6, 6, 1), low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (count, *size)).astype(np.uint8)


def brute_force(test, training):
    """(squared distances, lowest index among the nearest), from differences: exact for integers."""
    test, training = (part.reshape(len(part), -1).astype(np.float64) for part in (test, training))
    table = np.stack([np.square(training - image).sum(axis=1) for image in test])
    return table.min(axis=1), table.argmin(axis=1)


def searched(test, training, cuts=()):
    search = NearestNeighbor(test)
    for block in np.split(np.arange(len(training)), cuts):
        search.add(training[block], block % 10)
    return search


def check(test, training, cuts=(), unit=255.0):
    search = searched(test, training, cuts)
    squares, nearest = brute_force(test, training)
    np.testing.assert_array_equal(search.neighbors, nearest)
    np.testing.assert_array_equal(search.labels, nearest % 10)
    np.testing.assert_allclose(search.distances, np.sqrt(squares) / unit, rtol=1e-6, atol=1e-7)
    return search


@pytest.fixture(params=[(2048, 2048), (16, 7)], ids=["large blocks", "small blocks"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(nearest_neighbor, "BLOCK_IMAGES", request.param[0])
    monkeypatch.setattr(nearest_neighbor, "TILE_IMAGES", request.param[1])


def test_equals_brute_force(blocks):
    check(random_images(0, 40), random_images(1, 300), cuts=(1, 50, 250))


def test_floats_equal_brute_force(blocks):
    test, training = (np.random.default_rng(s).random((n, 36), np.float32) for s, n in ((0, 40), (1, 300)))
    check(test, training, (100,), unit=1.0)
    check(test, (255 * training).astype(np.uint8) / 255, (100,), unit=1.0)


def test_of_equal_distances_the_first_wins(blocks):
    # Few levels and few pixels: a third of the test images and more have several nearest at distances equal exactly.
    test, training = random_images(2, 60, (3, 3, 1), 0, 3), random_images(3, 400, (3, 3, 1), 0, 3)
    squares = np.stack([np.square(training - image.astype(np.float64)).sum(axis=(1, 2, 3)) for image in test])
    assert ((squares == squares.min(axis=1, keepdims=True)).sum(axis=1) > 1).mean() > 0.3
    check(test, training, cuts=(37, 200))
    check(test / 2, training / 2, cuts=(37, 200), unit=1.0)


def test_near_ties_far_from_each_other_in_float32(blocks):
    # Bright images that differ by a few levels in 3,072 pixels: |x|^2 is about 2e8, of which float32 resolves 16, while
    # the squared distances to the test images are some thousands and differ by 1 and more.
    test = random_images(2, 20, (32, 32, 3), 248, 256)
    training = random_images(3, 300, (32, 32, 3), 248, 256)
    check(test, training, cuts=(20,))
    check(test / 255, training / 255, cuts=(20,), unit=1.0)
    flat, other = (part.reshape(len(part), -1).astype(np.float32) for part in (training, test))
    naive = (np.square(flat).sum(axis=1) - 2 * other @ flat.T).argmin(axis=1)
    assert (naive != brute_force(test, training)[1]).any(), "not a hard case: plain float32 finds the same"
    # Beside a dark and a bright half the common centre takes nothing off the norms.
    test[:, :16], training[:, :16] = 255 - test[:, :16], 255 - training[:, :16]
    dark = np.concatenate((test, 255 - test))
    check(dark, np.concatenate((training, 255 - training)), cuts=(20, 310))


def test_a_collapsed_generator_is_searched_too(blocks):
    training = np.repeat(random_images(5, 2), 200, axis=0)
    check(random_images(6, 30), training, cuts=(50,))
    noisy = np.clip(np.full((300, 36), 0.5) + 1e-7 * np.random.default_rng(0).random((300, 36)), 0, 1)
    check(np.random.default_rng(1).random((20, 36), np.float32), noisy.astype(np.float32), unit=1.0)


def test_the_result_does_not_depend_on_the_cuts():
    test, training = (np.random.default_rng(s).random((n, 50), np.float32) for s, n in ((0, 30), (1, 500)))
    whole, cut = searched(test, training), searched(test, training, (1, 2, 3, 100, 333))
    np.testing.assert_array_equal(whole.neighbors, cut.neighbors)
    np.testing.assert_array_equal(whole.distances, cut.distances)


def test_the_error_falls_with_training_images_and_rises_with_noise():
    generator = np.random.default_rng(0)
    centres = generator.random((10, 49))

    def digits(count, noise):
        labels = generator.integers(0, 10, count)
        return np.clip(centres[labels] + noise * generator.normal(0, 1, (count, 49)), 0, 1).astype(np.float32), labels

    test, test_labels = digits(400, 0.35)
    assert NearestNeighbor(test).neighbors.max() == -1
    errors = []
    for noise in (0.35, 0.7, 1.5):
        search = NearestNeighbor(test)
        search.add(*digits(1000, noise))
        errors.append(search.error(test_labels))
        assert errors[-1] == (search.labels != test_labels).mean()
    assert errors == sorted(errors) and errors[0] < 0.1 < errors[-1]


def test_errors_at_several_counts_in_one_pass():
    test, training = random_images(7, 50), random_images(8, 100)
    labels, truth = np.arange(100) % 10, np.arange(50) % 10
    stream = ((training[start : start + 30], labels[start : start + 30]) for start in range(0, 100, 30))
    errors = nearest_neighbor_errors(NearestNeighbor(test), stream, truth, (45, 10, 90))
    assert errors == {n: searched(test, training[:n]).error(truth) for n in (10, 45, 90)}
    with pytest.raises(ValueError, match="ended after 30 training images, 31 are needed"):
        nearest_neighbor_errors(NearestNeighbor(test), iter([(training[:30], labels[:30])]), truth, (10, 31))


def test_what_does_not_fit_is_refused():
    test = random_images(0, 5)
    search = NearestNeighbor(test)
    with pytest.raises(ValueError, match="training images have 25 values, test images 36"):
        search.add(random_images(1, 4, (5, 5, 1)), np.zeros(4, int))
    with pytest.raises(ValueError, match="finite and in"):
        search.add(np.full((4, 36), np.nan), np.zeros(4, int))
    with pytest.raises(ValueError, match="finite and in"):
        search.add(np.full((4, 36), -1.0), np.zeros(4, int))
    with pytest.raises(ValueError, match="expected 4 integer labels"):
        search.add(random_images(1, 4), np.zeros(3, int))
    with pytest.raises(ValueError, match="no training images"):
        search.error(np.zeros(5, int))
    with pytest.raises(ValueError, match="expected uint8 or floats"):
        NearestNeighbor(np.zeros((5, 36), np.int64))
