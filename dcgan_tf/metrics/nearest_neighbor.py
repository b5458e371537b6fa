"""Exact nearest neighbors in a stream of images or feature vectors, and Table 3 of the paper, which classifies by them.

Of each query only the k nearest so far are kept, so ten million references need no more memory than a thousand.

How the search is exact at the speed of a float32 matrix product: after both sets are moved by a common center, the key
|x|^2/2 - q·x orders the references x by their distance to the query q. The keys take one product per block (|x|^2/2 is
one more column), and they only rule references out: they are right within a `slack`, the bound on the rounding of a sum
in any order (Higham 2002, section 3.1). The few references that remain are compared by distances from float64
differences, which are exact for the integers of images.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from dcgan_tf.metrics import arrays

BLOCK_REFERENCES, TILE_QUERIES = 2048, 2048  # size of one product: 16 MiB of keys
LEVELS = 255.0
UNIT_ROUNDOFF = 2.0**-24  # of float32


class NearestNeighbors:
    """The k nearest of all references added so far, in Euclidean distance; equal distances: the one added first.

    The result does not depend on how the stream of references is cut into calls.

    Args:
        queries: uint8 [q, ...], for pixels, or finite floats [q, ...] of any range, taken as float32.
        k: how many neighbors of each query.
        leave_out: int [q]; the position in the stream that is the query itself and no neighbor of its own.

    Attributes:
        count: references seen.
        positions: int64 [q, k], positions in the stream, the nearest first; -1 while fewer than k were added.

    Raises:
        ValueError: no queries, another dtype, values that are not finite, or k below 1.
    """

    def __init__(self, queries: np.ndarray, k: int = 1, leave_out: np.ndarray | None = None):
        self._queries, self._k, self._leave_out = _flat("queries", queries), k, leave_out
        count, self._width = self._queries.shape
        if not count or k < 1:
            raise ValueError(f"{count} queries, k={k}: at least one of each is needed")
        if leave_out is not None:
            arrays.check_labels("leave_out", leave_out, count)
        center = self._queries.mean(axis=0, dtype=np.float64)
        if self._queries.dtype == np.uint8:
            center = np.rint(center)  # so that moved pixels are integers too, and most products exact
        self._center = center.astype(np.float32)
        self._factor = np.ones((count, self._width + 1), np.float32)
        np.subtract(self._center, self._queries, out=self._factor[:, :-1])  # carries the sign of -q·x
        self._lengths = _squares(self._queries, self._center)
        self._keys = np.empty(min(count, TILE_QUERIES) * BLOCK_REFERENCES, np.float32)
        self._squares = np.full((count, k), np.inf)
        self.count = 0
        self.positions = np.full((count, k), -1, np.int64)

    @property
    def distances(self) -> np.ndarray:
        """float64 [q, k] in units of the features, for images of pixels in [0, 1]; infinite where positions are -1."""
        return np.sqrt(self._squares) / (LEVELS if self._queries.dtype == np.uint8 else 1.0)

    def add(self, references: np.ndarray) -> None:
        """Adds the next references of the stream, uint8 or floats [b, ...] as the queries are.

        Raises:
            ValueError: another size or dtype, or values that are not finite.
        """
        references = _flat("references", references)
        if references.shape[1] != self._width or references.dtype != self._queries.dtype:
            raise ValueError(f"references have {references.shape[1]:,} values of {references.dtype}, "
                             f"queries {self._width:,} of {self._queries.dtype}")  # fmt: skip
        for part in arrays.slices(len(references), BLOCK_REFERENCES):
            self._add_block(references[part])

    def _add_block(self, references: np.ndarray) -> None:
        # A collapsed generator repeats itself; if copies were kept, every pair would be a tie.
        single = self._k == 1 and self._leave_out is None
        kept = _first_of_equals(references) if single else np.arange(len(references))
        columns = np.empty((len(kept), self._width + 1), np.float32)
        np.subtract(references if len(kept) == len(references) else references[kept], self._center,
                    out=columns[:, :-1])  # fmt: skip
        lengths = np.einsum("ij,ij->i", columns[:, :-1], columns[:, :-1], dtype=np.float64)
        columns[:, -1] = 0.5 * lengths
        slack = _slack(self._lengths, lengths.max(), self._width, references.dtype == np.uint8)
        farthest = 0.5 * (self._squares[:, -1] - self._lengths) + slack
        for tile in arrays.slices(len(self._queries), TILE_QUERIES):
            keys = self._keys[: (tile.stop - tile.start) * len(kept)].reshape(-1, len(kept))
            np.matmul(self._factor[tile], columns.T, out=keys)
            self._mask_left_out(tile, keys)
            queries, found = _candidates(keys, self._k, farthest[tile], slack[tile])
            if len(queries):
                self._improve(tile.start + queries, kept[found], references)
        self.count += len(references)

    def _mask_left_out(self, tile: slice, keys: np.ndarray) -> None:
        if self._leave_out is not None:
            own = self._leave_out[tile] - self.count
            here = np.flatnonzero((own >= 0) & (own < keys.shape[1]))
            keys[here, own[here]] = np.inf

    def _improve(self, queries: np.ndarray, found: np.ndarray, references: np.ndarray) -> None:
        """Merges candidates, pairs ordered by query, then reference, into the k nearest of their queries."""
        squares = np.empty(len(queries))
        for part in arrays.slices(len(queries), arrays.block_rows(self._width)):
            squares[part] = _squares(references[found[part]], self._queries[queries[part]])
        closer = squares < self._squares[queries, -1]
        queries, squares, found = queries[closer], squares[closer], found[closer]
        changed = np.unique(queries)
        owners = np.concatenate((np.repeat(changed, self._k), queries))
        squares = np.concatenate((self._squares[changed].ravel(), squares))
        positions = np.concatenate((self.positions[changed].ravel(), self.count + found))
        order = np.lexsort((positions, squares, owners))
        first = np.searchsorted(owners[order], changed)
        nearest = order[first[:, None] + np.arange(self._k)]
        self._squares[changed], self.positions[changed] = squares[nearest], positions[nearest]


def nearest_neighbor_errors(
    test_images: np.ndarray,
    test_labels: np.ndarray,
    stream: Iterator[tuple[np.ndarray, np.ndarray]],
    counts: Sequence[int],
) -> dict[int, float]:
    """The test error of 1-nearest-neighbor classifiers of generated images, for several sizes of their training set.

    Table 3 of the paper: 50,000 and 10,000,000 generated digits, tested on real ones.

    Args:
        test_images: real images, uint8 [m, ...].
        test_labels: integers [m].
        stream: blocks (images uint8 [b, ...], labels int [b]) of training images; read up to the largest count.
        counts: numbers of training images, from one pass.

    Returns:
        The share of test images whose nearest training image has another label, from 0 to 1, by count.

    Raises:
        ValueError: the stream ends too early, or images or labels that do not fit.
    """
    arrays.check_labels("test labels", test_labels, len(test_images))
    search, nearest_labels = NearestNeighbors(test_images), np.full(len(test_images), -1, np.int64)
    errors: dict[int, float] = {}
    marks = sorted(set(counts))
    for images, labels in stream:
        arrays.check_labels("training labels", labels, len(images))
        while marks and len(images):
            end = min(len(images), marks[0] - search.count)
            before = search.count
            search.add(images[:end])
            (new,) = np.nonzero(search.positions[:, 0] >= before)
            nearest_labels[new] = labels[search.positions[new, 0] - before]
            images, labels = images[end:], labels[end:]
            if search.count == marks[0]:
                errors[marks.pop(0)] = float((nearest_labels != test_labels).mean())
        if not marks:
            return errors
    raise ValueError(f"the stream ended after {search.count:,} training images, {marks[-1]:,} are needed")


def _flat(name: str, images: np.ndarray) -> np.ndarray:
    """uint8 or float32 [n, d]."""
    if images.ndim < 2 or (images.dtype.kind != "f" and images.dtype != np.uint8):
        raise ValueError(f"{name}: expected uint8 or floats of shape [n, ...], got {images.shape} of {images.dtype}")
    images = images.reshape(len(images), -1)
    if images.dtype == np.uint8:
        return images
    images = np.ascontiguousarray(images, np.float32)
    largest = np.abs(images).max(initial=0.0)
    if not largest < 1e15:  # NaN fails; squares of what is larger, summed, are too large for float32
        raise ValueError(f"{name}: values that are not finite, or not below 1e15")
    return images


def _squares(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared distances of the rows of two [n, d]: float64 [n], exact for uint8."""
    difference = first.astype(np.float64) - second
    return np.square(difference, out=difference).sum(axis=1)


def _first_of_equals(images: np.ndarray) -> np.ndarray:
    """Positions of the images that equal none before them, ascending."""
    rows = np.ascontiguousarray(images).view(np.dtype((np.void, images.shape[1] * images.itemsize)))[:, 0]
    return np.sort(np.unique(rows, return_index=True)[1])


def _candidates(keys: np.ndarray, k: int, farthest: np.ndarray, slack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (query, reference) that the keys [q, b] do not rule out, given the k-th nearest so far with its slack."""
    lowest = keys.min(axis=1)
    rows = np.flatnonzero(lowest <= farthest)
    limit = farthest[rows]
    if k <= keys.shape[1] and len(rows):
        # A reference above the k-th lowest of this block by more than twice the slack is farther than k others.
        kth = lowest[rows] if k == 1 else np.partition(keys[rows], k - 1, axis=1)[:, k - 1]
        limit = np.minimum(limit, kth + 2.0 * slack[rows])
    queries, found = np.nonzero(keys[rows] <= np.minimum(limit, np.finfo(np.float32).max)[:, None])
    return rows[queries], found


def _slack(lengths: np.ndarray, largest: float, width: int, integers: bool) -> np.ndarray:
    """How far a key can be from |x|^2/2 - q·x, [q], for |q|^2 [q] and the largest |x|^2 of the moved vectors."""
    magnitude = np.sqrt(lengths * largest) + 0.5 * largest  # no partial sum of the product exceeds it
    # Twice the bound of the sum also covers the rounding of moved elements, each relative to itself. Then float64
    # distances, whose squares contain |q|^2, and float32 products that underflow.
    in_float64 = np.square(np.sqrt(lengths) + np.sqrt(largest)) * 2.0**-52
    slack = (width + 4) * (2.0 * UNIT_ROUNDOFF * magnitude + in_float64 + np.finfo(np.float32).tiny)
    # Products of integers are exact while sums stay below 2^23, of halves too.
    return np.where(magnitude < 2.0**23, 0.0, slack) if integers else slack
