import numpy as np
import pytest

from dcgan_tf.metrics import nearest_neighbor
from dcgan_tf.metrics.nearest_neighbor import NearestNeighbors, nearest_neighbor_errors


def random_images(seed, count, size=(6, 6, 1), low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (count, *size)).astype(np.uint8)


def random_vectors(seed, count, width=36, offset=0.0):
    return np.random.default_rng(seed).normal(offset, 1, (count, width)).astype(np.float32)


def searched(queries, references, k=1, cuts=(), leave_out=None):
    search = NearestNeighbors(queries, k, leave_out)
    for block in np.split(references, cuts):
        search.add(block)
    return search


def check(queries, references, k=1, cuts=(), leave_out=None):
    """Against all distances, computed from float64 differences and sorted, stably."""
    search = searched(queries, references, k, cuts, leave_out)
    flat, others = (part.reshape(len(part), -1).astype(np.float64) for part in (references, queries))
    squares = np.stack([np.square(flat - query).sum(axis=1) for query in others])
    if leave_out is not None:
        squares[np.arange(len(queries)), leave_out] = np.inf
    nearest = np.argsort(squares, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(search.positions, nearest)
    unit = 255.0 if queries.dtype == np.uint8 else 1.0
    np.testing.assert_array_equal(search.distances, np.sqrt(np.take_along_axis(squares, nearest, axis=1)) / unit)


@pytest.fixture(params=[(2048, 2048), (16, 7)], ids=["large blocks", "small blocks"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(nearest_neighbor, "BLOCK_REFERENCES", request.param[0])
    monkeypatch.setattr(nearest_neighbor, "TILE_QUERIES", request.param[1])


@pytest.mark.parametrize("k", [1, 4, 30])
def test_equals_brute_force(blocks, k):
    check(random_images(0, 40), random_images(1, 300), k, cuts=(1, 50, 250))
    check(random_vectors(0, 40), random_vectors(1, 300), k, cuts=(100,))
    check(random_vectors(0, 40, offset=1e4), random_vectors(1, 300, offset=1e4), k, cuts=(100,))


@pytest.mark.parametrize("k", [1, 5])
def test_of_equal_distances_the_first_wins(blocks, k):
    # Few levels and few pixels: many references are at exactly the same distance.
    queries, references = random_images(2, 60, (3, 3, 1), 0, 3), random_images(3, 400, (3, 3, 1), 0, 3)
    check(queries, references, k, cuts=(37, 200))
    check(queries.astype(np.float32), references.astype(np.float32), k, cuts=(37, 200))


@pytest.mark.parametrize("k", [1, 3])
def test_what_float32_cannot_tell_apart(blocks, k):
    # Bright images that differ by a few levels in 3,072 pixels: |x|^2 is about 2e8, of which float32 resolves 16, while
    # the squared distances to the queries are some thousands and differ by 1 and more.
    queries = random_images(2, 20, (32, 32, 3), 248, 256)
    references = random_images(3, 300, (32, 32, 3), 248, 256)
    check(queries, references, k, cuts=(20,))
    check((queries / 255).astype(np.float32), (references / 255).astype(np.float32), k, cuts=(20,))
    # With a dark and a bright half, the common center does not make the norms smaller.
    queries[:, :16], references[:, :16] = 255 - queries[:, :16], 255 - references[:, :16]
    check(np.concatenate((queries, 255 - queries)), np.concatenate((references, 255 - references)), k, cuts=(20, 310))


def test_a_collapsed_generator(blocks):
    check(random_images(6, 30), np.repeat(random_images(5, 2), 200, axis=0), cuts=(50,))
    check(random_images(6, 30), np.repeat(random_images(5, 2), 50, axis=0), 3, cuts=(50,))
    check(random_vectors(1, 20), (0.5 + 1e-7 * random_vectors(0, 300)).astype(np.float32))
    check(random_vectors(1, 20) * np.float32(1e-30), random_vectors(0, 300) * np.float32(1e-30), 2)


@pytest.mark.parametrize("k", [1, 3])
def test_a_query_is_not_its_own_neighbor(blocks, k):
    references = np.repeat(random_images(7, 40), 2, axis=0)  # each has an equal, which is a neighbor
    rows = np.array([5, 0, 79, 20])
    check(references[rows], references, k, cuts=(30,), leave_out=rows)
    assert searched(references[rows], references, 1, leave_out=rows).positions.ravel().tolist() == [4, 1, 78, 21]


def test_errors_at_several_counts_in_one_pass():
    test, training = random_images(7, 50), random_images(8, 100)
    labels, truth = np.arange(100) % 10, np.arange(50) % 10
    stream = ((training[start : start + 30], labels[start : start + 30]) for start in range(0, 100, 30))
    errors = nearest_neighbor_errors(test, truth, stream, (45, 10, 90))
    for count in (10, 45, 90):
        nearest = searched(test, training[:count]).positions[:, 0]
        assert errors[count] == (labels[nearest] != truth).mean()
    with pytest.raises(ValueError, match="ended after 30 training images, 31 are needed"):
        nearest_neighbor_errors(test, truth, iter([(training[:30], labels[:30])]), (10, 31))


def test_wrong_arguments():
    test = random_images(0, 5)
    search = NearestNeighbors(test)
    with pytest.raises(ValueError, match="references have 25 values of uint8, queries 36"):
        search.add(random_images(1, 4, (5, 5, 1)))
    with pytest.raises(ValueError, match="36 values of float32, queries 36 of uint8"):
        search.add(random_vectors(0, 4))
    for wrong in (np.nan, np.inf, 1e30):
        with pytest.raises(ValueError, match="queries: values that are not finite"):
            NearestNeighbors(np.full((4, 36), wrong))
    with pytest.raises(ValueError, match="expected uint8 or floats"):
        NearestNeighbors(np.zeros((5, 36), np.int64))
    with pytest.raises(ValueError, match="k=0"):
        NearestNeighbors(test, 0)
    with pytest.raises(ValueError, match="expected 4 integer labels"):
        nearest_neighbor_errors(test, np.zeros(5, int), iter([(random_images(1, 4), np.zeros(3, int))]), [4])
