"""The nearest training images of some images: are samples, or steps of a walk, copies (paper, section 6.1)?

The paper looks for memorised images on walks through the latent space; its section 4.1.1 keeps near-duplicates out of
the training images. A nearest neighbour shows which of them an image resembles; how near is near is told by what real
images have: ask for those of training images with `leave_out`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dcgan_tf.metrics import arrays
from dcgan_tf.metrics.distances import distance_blocks
from dcgan_tf.metrics.nearest_neighbor import LEVELS
from dcgan_tf.progress import Progress

BLOCK = 256  # images at a time: what a feature extractor takes in one go

See = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Neighbors:
    """The nearest of each query, the nearest first; of equally near ones the lower row first.

    Attributes:
        rows: int64 [q, k], of the references.
        distances: float32 [q, k], Euclidean: of [0, 1] pixels, or of feature vectors.
    """

    rows: np.ndarray
    distances: np.ndarray


def nearest(
    queries: np.ndarray,
    references: np.ndarray,
    k: int = 5,
    see: See | None = None,
    leave_out: np.ndarray | None = None,
) -> Neighbors:
    """The k nearest references of every query, exactly, in one pass over the references.

    Distances from matrix products in float64 rule out what is farther than rounding can explain; those of what remains
    are computed again from differences, in which equal images are equally near.

    Args:
        queries: uint8 [q, height, width, channels]; some hundred, all of whose vectors are held.
        references: uint8 [n, height, width, channels], may be a memory map: it is read once, 256 images at a time.
        k: how many for each query.
        see: images uint8 [b, height, width, channels] to vectors float32 [b, d], for instance the vectors of a feature
            extractor; None compares pixels.
        leave_out: int [q], the row of the references that each query itself is, which is then none of its neighbours.

    Raises:
        ValueError: other shapes or dtypes, no queries, more neighbours than references, a row that there is not,
            vectors that are not finite.
    """
    _check(queries, references, k, leave_out)
    look = see or _pixels
    vectors = np.concatenate([_vectors(look, queries[part]) for part in arrays.slices(len(queries), BLOCK)])
    search = _Search(vectors, k)
    with Progress(len(references), "images", "comparing with training images") as progress:
        for part in arrays.slices(len(references), BLOCK):
            search.add(_vectors(look, references[part]), part.start, leave_out)
            progress.advance(part.stop - part.start)
    unit = LEVELS if see is None else 1.0
    return Neighbors(search.rows, (np.sqrt(search.squares) / unit).astype(np.float32))


def _check(queries: np.ndarray, references: np.ndarray, k: int, leave_out: np.ndarray | None) -> None:
    if queries.dtype != np.uint8 or references.dtype != np.uint8 or queries.shape[1:] != references.shape[1:]:
        raise ValueError(f"queries {queries.shape} of {queries.dtype}, references {references.shape} of "
                         f"{references.dtype}: both must be uint8 of one size")  # fmt: skip
    if not len(queries):
        raise ValueError("queries: none")
    others = len(references) - (leave_out is not None)
    if not 1 <= k <= others:
        raise ValueError(f"k={k}: from 1 to {others}, the number of references to choose from")
    if leave_out is None:
        return
    arrays.check_labels("leave_out", leave_out, len(queries))
    if leave_out.min() < 0 or leave_out.max() >= len(references):
        raise ValueError(f"leave_out: rows {leave_out.min()} to {leave_out.max()}, there are {len(references)}")


def _pixels(images: np.ndarray) -> np.ndarray:
    """Pixels as they are: in levels all sums of squares are integers, which float64 holds exactly."""
    return images.reshape(len(images), -1)


def _vectors(look: See, images: np.ndarray) -> np.ndarray:
    """[b, d] of an array or a memory map [b, height, width, channels]."""
    vectors = look(np.asarray(images))
    arrays.check_features("vectors of images", vectors)
    return vectors


class _Search:
    """The k nearest so far of all vectors that were added, by ascending rows.

    Attributes:
        rows: int64 [q, k], -1 where fewer than k were added.
        squares: float64 [q, k], their squared distances, infinite where fewer were added.
    """

    def __init__(self, queries: np.ndarray, k: int):
        self._queries, self._k = queries, k
        self._lengths = np.einsum("ij,ij->i", queries, queries, dtype=np.float64)
        self.rows = np.full((len(queries), k), -1, np.int64)
        self.squares = np.full((len(queries), k), np.inf)

    def add(self, vectors: np.ndarray, first: int, leave_out: np.ndarray | None) -> None:
        """Takes in the references [first, first + b) as vectors [b, d]."""
        for part, found in distance_blocks(self._queries, vectors):
            slack = self._slack(part, found)
            if leave_out is not None:
                own = leave_out[part] - first
                here = np.flatnonzero((own >= 0) & (own < len(vectors)))
                found[here, own[here]] = np.inf
            limits = self._limits(part, found, slack)
            for row in np.flatnonzero(found.min(axis=1) <= limits):
                self._improve(part.start + row, np.flatnonzero(found[row] <= limits[row]), vectors, first)

    def _slack(self, part: slice, found: np.ndarray) -> np.ndarray:
        """How far a squared distance from `distance_blocks` can be from the true one: float64 [b].

        A bound on the rounding of a product in any order (Higham 2002, section 3.1): no vector of this block is longer
        than the query and its farthest distance together, and neither is their centre.
        """
        width = self._queries.shape[1]
        return 32.0 * (width + 8) * np.finfo(np.float64).eps * (self._lengths[part] + found.max(axis=1))

    def _limits(self, part: slice, found: np.ndarray, slack: np.ndarray) -> np.ndarray:
        """What was computed as more than this cannot be among the k nearest: float64 [b], finite."""
        worst = self.squares[part, -1]
        if self._k <= found.shape[1]:
            worst = np.minimum(worst, np.partition(found, self._k - 1, axis=1)[:, self._k - 1] + slack)
        return np.minimum(worst + slack, np.finfo(np.float64).max)

    def _improve(self, query: int, close: np.ndarray, vectors: np.ndarray, first: int) -> None:
        """Takes those of the close vectors that are nearer than the k nearest so far."""
        difference = vectors[close].astype(np.float64) - self._queries[query]
        squares = np.concatenate((self.squares[query], np.square(difference, out=difference).sum(axis=1)))
        rows = np.concatenate((self.rows[query], first + close))
        # Stable, and lower rows come first: so they do among equals.
        order = np.argsort(squares, kind="stable")[: self._k]
        self.squares[query], self.rows[query] = squares[order], rows[order]
