"""All distances between two sets of vectors, in blocks: time grows with n x m, memory does not."""

from collections.abc import Iterator

import numpy as np

from dcgan_tf.metrics import arrays

BUFFER_BYTES = 1 << 27  # 128 MiB of distances at a time


def distance_blocks(rows: np.ndarray, columns: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Squared Euclidean distances between the rows and all columns, in float64, some rows at a time.

    Both sets are moved to the mean of the columns first, because |x|^2 - 2 x·y + |y|^2 loses digits to a common
    offset; an error of about 1e-15 |x|^2 remains.

    Args:
        rows: [n, d].
        columns: [m, d].

    Yields:
        A slice of the rows, and float64 [b, m], never negative; the next block overwrites the array.
    """
    count, width = columns.shape
    center = sum(block.sum(axis=0) for block in arrays.blocks(columns)) / count
    height = min(len(rows), int(np.clip(BUFFER_BYTES // (8 * count), 16, 4096)))
    buffer = np.empty((height, count))
    left, right = np.empty((height, width + 2)), np.empty((min(count, arrays.block_rows(width)), width + 2))
    for row_slice in arrays.slices(len(rows), height):
        distances = buffer[: row_slice.stop - row_slice.start]
        _fill(left, rows[row_slice], center, squares_at=-2, ones_at=-1)
        left[:, :-2] *= -2.0
        for column_slice in arrays.slices(count, len(right)):
            _fill(right, columns[column_slice], center, squares_at=-1, ones_at=-2)
            part = right[: column_slice.stop - column_slice.start]
            np.matmul(left[: len(distances)], part.T, out=distances[:, column_slice])
        np.maximum(distances, 0.0, out=distances)
        yield row_slice, distances


def _fill(buffer: np.ndarray, vectors: np.ndarray, center: np.ndarray, squares_at: int, ones_at: int) -> None:
    """Writes centered vectors [b, d], their squared lengths and a column of ones to a buffer [at least b, d + 2].

    As part of the matrix product the lengths cost less than two more passes over all distances would.
    """
    part = buffer[: len(vectors)]
    moved = part[:, :-2]
    np.subtract(vectors, center, out=moved)
    np.einsum("ij,ij->i", moved, moved, out=part[:, squares_at])
    part[:, ones_at] = 1.0


def nearest_distances(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The Euclidean distance of every row [n, d] to the nearest of the columns [m, d]: float64 [n]."""
    nearest = np.empty(len(rows))
    for part, distances in distance_blocks(rows, columns):
        distances.min(axis=1, out=nearest[part])
    return np.sqrt(nearest)


def squared_radii(vectors: np.ndarray, neighbors: tuple[int, ...]) -> np.ndarray:
    """The squared distance of every vector [n, d] to its k-th nearest among the others, for several k.

    Returns:
        float64 [len(neighbors), n].
    """
    ranks = [k - 1 for k in neighbors]
    radii = np.empty((len(neighbors), len(vectors)))
    for part, distances in distance_blocks(vectors, vectors):
        own = np.arange(part.start, part.stop)
        distances[own - part.start, own] = np.inf
        distances.partition(ranks, axis=1)
        radii[:, part] = distances[:, ranks].T
    return radii
