"""Arrays too large for memory, in files that disappear when they are no longer used."""

import tempfile
from pathlib import Path

import numpy as np

from dcgan_tf.data.cache import explained, require_space

IN_MEMORY = 1 << 26  # 64 MiB


def scratch(folder: Path, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array to fill: in memory if it is small, else mapped to a file without a name in `folder`.

    Raises:
        UserError: no space left, or no permission.
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if size <= IN_MEMORY:
        return np.empty(shape, dtype)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        require_space(folder, size)
        with tempfile.TemporaryFile(dir=folder) as stream:  # the map keeps the file after it is closed
            return np.memmap(stream, dtype, "w+", shape=shape)
