"""What the metrics ask of the arrays they are given, and how they walk over them.

Arrays may be memory maps of any length: everything here reads them in blocks. What does not fit is a ValueError with
one line that says which array, what was found and what is needed.
"""

from collections.abc import Iterator

import numpy as np

BLOCK_BYTES = 1 << 25  # 32 MiB as float64: some hundred to some ten thousand rows


def slices(count: int, size: int) -> Iterator[slice]:
    """Consecutive slices of `size` that cover `count`; the last may be short."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def block_rows(width: int) -> int:
    """How many rows of float64 [width] are read at a time."""
    return max(1, BLOCK_BYTES // (8 * max(1, width)))


def blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    """The rows of [n, d] in order, in blocks converted to float64 [b, d]."""
    for part in slices(len(array), block_rows(array.shape[1])):
        yield np.asarray(array[part], np.float64)


def check_features(name: str, array: np.ndarray, at_least: int = 1) -> None:
    """Feature vectors: numbers [n, d], all finite.

    Raises:
        ValueError: another shape, fewer than `at_least` rows, or values that are not finite.
    """
    if getattr(array, "ndim", 0) != 2 or array.shape[1] == 0 or array.dtype.kind not in "fiu":
        shape, dtype = getattr(array, "shape", None), getattr(array, "dtype", type(array).__name__)
        raise ValueError(f"{name}: expected numbers of shape [n, d], got {shape} of {dtype}")
    if len(array) < at_least:
        raise ValueError(f"{name}: {len(array):,} rows are too few, at least {at_least:,} are needed")
    if array.dtype.kind != "f":
        return
    for part in slices(len(array), block_rows(array.shape[1])):
        # The sum is not finite when an element is not, in one pass without a mask; only then is it looked at closely.
        with np.errstate(invalid="ignore"):
            total = np.sum(array[part], dtype=np.float64)
        if not np.isfinite(total):
            wrong = int((~np.isfinite(array[part]).all(axis=1)).sum())
            if wrong:
                raise ValueError(f"{name}: values that are not finite in {wrong:,} of rows {part.start} to {part.stop}")


def check_same_width(first_name: str, first: np.ndarray, second_name: str, second: np.ndarray) -> None:
    """Raises ValueError unless both [n, d] and [m, d] have the same d."""
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"{first_name} and {second_name} have widths {first.shape[1]} and {second.shape[1]}")


def check_labels(name: str, labels: np.ndarray, count: int) -> None:
    """Raises ValueError unless labels are integers [count]."""
    if getattr(labels, "shape", None) != (count,) or labels.dtype.kind not in "iu":
        shape, dtype = getattr(labels, "shape", None), getattr(labels, "dtype", type(labels).__name__)
        raise ValueError(f"{name}: expected {count:,} integer labels, got {shape} of {dtype}")
