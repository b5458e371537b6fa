"""Table 3 of the paper: a 1-nearest-neighbour classifier whose training set is generated, tested on real digits.

The training images are a stream. Of each test image only the nearest so far is kept, so ten million training images
need no more memory than a thousand.

How the search is exact at the speed of a float32 matrix product: with both images moved by a common centre,
|x|^2/2 - t·x orders the training images x by their distance to the test image t. It is one product per block, |x|^2/2
being one more column, and its only use is to rule images out: it is known to be right within a `slack`, the bound on
the rounding of sums in any order (Higham 2002, section 3.1). Images within the slack of the best are few, and their
distances are computed again from differences in float64, in which integers stay exact.
"""

from collections.abc import Iterator

import numpy as np

from dcgan_tf.metrics import arrays

BLOCK_IMAGES, TILE_IMAGES = 2048, 2048  # training by test images per product: 16 MiB of scores
PAIRS = 4096  # distances computed again at a time
LEVELS = 255.0  # distances are computed in units of 1/255
UNIT_ROUNDOFF = 2.0**-24  # of float32


class NearestNeighbor:
    """For every test image, the nearest of all training images given so far, in Euclidean distance of [0, 1] pixels.

    Equal distances go to the image that came first. The result does not depend on how the stream is cut into calls.

    Args:
        test_images: uint8 [m, ...], or floats in [0, 1] of the same shape.

    Attributes:
        count: training images seen.
        neighbors: int64 [m], the position in the stream of the nearest, -1 before the first image.
        labels: int64 [m], its label.
    """

    def __init__(self, test_images: np.ndarray):
        self._test = _flat("test images", test_images)
        count, self._width = self._test.shape
        if not count:
            raise ValueError("test images: none")
        levels = _levels(self._test)
        # An integer, so that moved uint8 images are integers too and most products are exact.
        self._centre = np.rint(levels.mean(axis=0, dtype=np.float64)).astype(np.float32)
        self._factor = np.ones((count, self._width + 1), np.float32)
        np.subtract(self._centre, levels, out=self._factor[:, :-1])  # the sign of -t·x is here
        self._squares = np.square(self._factor[:, :-1], dtype=np.float64).sum(axis=1)
        self._columns = np.ones((BLOCK_IMAGES, self._width + 1), np.float32)
        self._scores = np.empty((TILE_IMAGES, BLOCK_IMAGES), np.float32)
        self._best = np.full(count, np.inf)  # squared distances in levels
        self.count = 0
        self.neighbors = np.full(count, -1, np.int64)
        self.labels = np.full(count, -1, np.int64)

    @property
    def distances(self) -> np.ndarray:
        """float64 [m], to the nearest, in units of [0, 1] pixels."""
        return np.sqrt(self._best) / LEVELS

    def add(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Takes in more training images.

        Args:
            images: uint8 [b, ...] or floats in [0, 1], as large as the test images.
            labels: integers [b].

        Raises:
            ValueError: another size, floats out of range or not finite, labels that are not integers [b].
        """
        images = _flat("training images", images)
        arrays.check_labels("training labels", labels, len(images))
        if images.shape[1] != self._width:
            raise ValueError(f"training images have {images.shape[1]:,} values, test images {self._width:,}")
        for part in arrays.slices(len(images), BLOCK_IMAGES):
            self._add_block(images[part], labels[part])

    def error(self, test_labels: np.ndarray) -> float:
        """Share of test images whose nearest training image has another label, 0 to 1."""
        arrays.check_labels("test labels", test_labels, len(self._test))
        if not self.count:
            raise ValueError("no training images were added")
        return float((self.labels != test_labels).mean())

    def _add_block(self, images: np.ndarray, labels: np.ndarray) -> None:
        # A collapsed generator repeats itself; without this every pair would be a tie.
        kept = _first_of_equals(images)
        columns = self._columns[: len(kept)]
        _move(images if len(kept) == len(images) else images[kept], self._centre, columns[:, :-1])
        squares = np.einsum("ij,ij->i", columns[:, :-1], columns[:, :-1], dtype=np.float64)
        columns[:, -1] = 0.5 * squares
        whole = images.dtype == self._test.dtype == np.uint8
        slack = _slack(self._squares, squares.max(), self._width, whole)
        best = 0.5 * (self._best - self._squares) + slack
        for tile in arrays.slices(len(self._test), TILE_IMAGES):
            scores = self._scores.ravel()[: (tile.stop - tile.start) * len(kept)].reshape(-1, len(kept))
            np.matmul(self._factor[tile], columns.T, out=scores)
            lowest = scores.min(axis=1)
            rows = np.flatnonzero(lowest <= best[tile])
            if len(rows):
                # What was computed as more than this is farther than the best so far, or than the lowest of this block.
                limit = np.minimum(best[tile][rows], lowest[rows] + 2.0 * slack[tile][rows])
                close, columns_close = np.nonzero(scores[rows] <= limit[:, None])
                self._improve(tile.start + rows[close], kept[columns_close], images, labels)
        self.count += len(images)

    def _improve(self, tests: np.ndarray, candidates: np.ndarray, images: np.ndarray, labels: np.ndarray) -> None:
        """Takes the candidates that are nearer than the best so far; pairs are ordered by test image, then position."""
        exact = np.empty(len(tests))
        for part in arrays.slices(len(tests), PAIRS):
            exact[part] = _squared_distances(self._test[tests[part]], images[candidates[part]])
        order = np.lexsort((candidates, exact, tests))
        winners = order[np.unique(tests[order], return_index=True)[1]]
        winners = winners[exact[winners] < self._best[tests[winners]]]
        tests, candidates = tests[winners], candidates[winners]
        self._best[tests] = exact[winners]
        self.neighbors[tests] = self.count + candidates
        self.labels[tests] = labels[candidates]


def nearest_neighbor_errors(
    search: NearestNeighbor,
    stream: Iterator[tuple[np.ndarray, np.ndarray]],
    test_labels: np.ndarray,
    counts: tuple[int, ...],
) -> dict[int, float]:
    """The test error after each of several numbers of training images, in one pass (Table 3: 50,000 and 10,000,000).

    Args:
        search: with no training images yet.
        stream: blocks (images [b, ...], labels [b]); it is read until the largest count is reached.
        test_labels: integers [m].
        counts: numbers of training images.

    Raises:
        ValueError: the stream ends before.
    """
    errors: dict[int, float] = {}
    marks = sorted(set(counts))
    for images, labels in stream:
        start = 0
        while marks and search.count + len(images) - start >= marks[0]:
            end = start + marks[0] - search.count
            search.add(images[start:end], labels[start:end])
            errors[marks.pop(0)] = search.error(test_labels)
            start = end
        if not marks:
            return errors
        search.add(images[start:], labels[start:])
    raise ValueError(f"the stream ended after {search.count:,} training images, {marks[-1]:,} are needed")


def _flat(name: str, images: np.ndarray) -> np.ndarray:
    """uint8 or float32 [n, d]; floats are checked to be in [0, 1]."""
    if images.ndim < 2 or images.dtype.kind not in "fu" or (images.dtype.kind == "u" and images.dtype != np.uint8):
        raise ValueError(f"{name}: expected uint8 or floats of shape [n, ...], got {images.shape} of {images.dtype}")
    images = images.reshape(len(images), -1)
    if images.dtype == np.uint8:
        return images
    if images.size and not (images.min() >= 0.0 and images.max() <= 1.0):  # written so that NaN fails
        raise ValueError(f"{name}: floats must be finite and in [0, 1]")
    return np.ascontiguousarray(images, np.float32)


def _levels(images: np.ndarray) -> np.ndarray:
    """float32 in [0, 255]."""
    return images.astype(np.float32) if images.dtype == np.uint8 else images * np.float32(LEVELS)


def _move(images: np.ndarray, centre: np.ndarray, out: np.ndarray) -> None:
    """Writes levels minus the centre, float32."""
    if images.dtype == np.uint8:
        np.subtract(images, centre, out=out)
    else:
        np.multiply(images, np.float32(LEVELS), out=out)
        np.subtract(out, centre, out=out)


def _first_of_equals(images: np.ndarray) -> np.ndarray:
    """Positions of the images that equal none before them, ascending."""
    rows = np.ascontiguousarray(images).view(np.dtype((np.void, images.shape[1] * images.itemsize)))[:, 0]
    return np.sort(np.unique(rows, return_index=True)[1])


def _slack(squares: np.ndarray, largest_square: float, width: int, whole: bool) -> np.ndarray:
    """How far a score can be from |x|^2/2 - t·x: float64 [m].

    Args:
        squares: |t|^2 of the moved test images, [m].
        largest_square: the largest |x|^2 of the block.
        width: elements of an image.
        whole: whether all elements are integers, which have an exact product while sums stay below 2^23 (halves).
    """
    magnitude = np.sqrt(squares * largest_square) + 0.5 * largest_square  # no partial sum of the product exceeds it
    slack = 2.0 * (width + 4) * UNIT_ROUNDOFF * magnitude
    if whole:
        return np.where(magnitude < 2.0**23, 0.0, slack)
    # Scaling to levels and moving round every element to within 2 x 255 units.
    moved = 4.0 * LEVELS * UNIT_ROUNDOFF * np.sqrt(width)
    return slack + moved * (np.sqrt(squares) + 2.0 * np.sqrt(largest_square))


def _squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of the pairs of two [p, d], in squared levels, float64 [p]: exact for uint8."""
    difference = _exact_levels(first) - _exact_levels(second)
    return np.square(difference, out=difference).sum(axis=1)


def _exact_levels(images: np.ndarray) -> np.ndarray:
    levels = images.astype(np.float64)
    return levels if images.dtype == np.uint8 else levels * LEVELS
