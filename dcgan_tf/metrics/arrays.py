"""Arrays as the metrics take them: checked, and read in blocks, because they may be memory maps of any length."""

from collections.abc import Iterator

import numpy as np

BLOCK_BYTES = 1 << 25  # 32 MiB as float64: a few hundred to several thousand rows


def slices(count: int, size: int) -> Iterator[slice]:
    """Consecutive slices of `size` that cover `count`; the last may be shorter."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def block_rows(width: int) -> int:
    """How many rows of float64 [width] are read at a time."""
    return max(1, BLOCK_BYTES // (8 * max(1, width)))


def blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    """The rows of [n, d] in order, in blocks of float64 [b, d]."""
    for part in slices(len(array), block_rows(array.shape[1])):
        yield np.asarray(array[part], np.float64)


def check_features(name: str, array: np.ndarray, at_least: int = 1, width: int | None = None) -> None:
    """Raises ValueError unless the array holds finite numbers [n, d], n at least `at_least`, and d `width` if given."""
    if getattr(array, "ndim", 0) != 2 or array.shape[1] == 0 or array.dtype.kind not in "fiu":
        raise ValueError(f"{name}: expected numbers of shape [n, d], got {_described(array)}")
    if width is not None and array.shape[1] != width:
        raise ValueError(f"{name}: rows of {array.shape[1]:,} values, {width:,} are needed")
    if len(array) < at_least:
        raise ValueError(f"{name}: {len(array):,} rows are too few, at least {at_least:,} are needed")
    if array.dtype.kind != "f":
        return
    for part in slices(len(array), block_rows(array.shape[1])):
        # A sum is not finite if an element is not; it takes one pass and no mask.
        with np.errstate(invalid="ignore"):
            total = np.sum(array[part], dtype=np.float64)
        if not np.isfinite(total):
            wrong = int((~np.isfinite(array[part]).all(axis=1)).sum())
            if wrong:
                raise ValueError(f"{name}: values that are not finite in {wrong:,} of rows {part.start} to {part.stop}")


def check_labels(name: str, labels: np.ndarray, count: int) -> None:
    """Raises ValueError unless labels are integers [count]."""
    if getattr(labels, "shape", None) != (count,) or labels.dtype.kind not in "iu":
        raise ValueError(f"{name}: expected {count:,} integer labels, got {_described(labels)}")


def _described(array: object) -> str:
    return f"{getattr(array, 'shape', None)} of {getattr(array, 'dtype', type(array).__name__)}"
