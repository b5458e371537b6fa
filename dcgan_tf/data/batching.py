"""Store to batches: random access in a seeded order, so that any step can be the first one.

The order is an endless sequence: epoch e is a permutation of the store that depends on (seed, e) alone. Batch b takes
the positions from b x batch_size on, across the end of an epoch, so there is no partial batch and no shuffle buffer.
"""

import atexit
import functools
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dcgan_tf import seeds
from dcgan_tf.data.store import ImageStore

if TYPE_CHECKING:
    import tensorflow as tf

ENDLESS = 2**62  # a range needs an end
LOOK_AHEAD = 4  # batches


class _Readers:
    """Lets the threads of tf.data that call Python come to rest before an iterator is freed.

    The thread that frees an iterator holds the interpreter's lock and waits for the iterator's threads. A reader that
    waits for that lock at this moment would wait forever. All iterators are freed when the interpreter ends.
    """

    def __init__(self):
        self._ending = False
        self._calls = 0
        atexit.register(self._end)

    def enter(self) -> None:
        """Called first by every read. Ends the sequence once the interpreter is about to end."""
        self._calls += 1
        if self._ending:
            raise StopIteration

    def settle(self) -> None:
        """Waits until nobody reads. Call it before the last reference to an iterator of `batches` is dropped."""
        seen = -1
        while self._calls and seen != self._calls:
            seen = self._calls
            time.sleep(0.1)  # the look-ahead is full when nobody reads for so long

    def _end(self) -> None:
        self._ending = True
        self.settle()


_readers = _Readers()
settle = _readers.settle


@functools.lru_cache(maxsize=2)  # neighboring batches lie in two epochs at most, unless they are larger than the store
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return seeds.generator(seed, "order", epoch).permutation(count)


def batch_indices(count: int, batch_size: int, seed: int, number: int) -> np.ndarray:
    """Which of the `count` images of a store are in a batch, counted from 0: int64 [batch_size].

    `batch_size` may exceed `count`.
    """
    epochs, offsets = np.divmod(np.arange(number * batch_size, (number + 1) * batch_size), count)
    parts = [_order(count, seed, epoch)[offsets[epochs == epoch]] for epoch in range(epochs[0], epochs[-1] + 1)]
    return np.concatenate(parts)


def batches(
    store: ImageStore,
    batch_size: int,
    seed: int,
    flip: bool,
    first: int = 0,
    parts: int = 1,
    own: Sequence[int] = (0,),
) -> "tf.data.Dataset":
    """The endless sequence of global batches, or of the parts of them that one worker needs.

    Args:
        store: where the images are.
        batch_size: images per batch, over all devices together; may exceed the number of images.
        seed: the run's seed.
        flip: whether each image is mirrored with probability 1/2.
        first: number of the batch to start at; any number costs the same.
        parts: equal parts into which each batch is cut, one for each replica.
        own: the parts that are read here, one after another.

    Returns:
        A dataset of (images uint8 [batch / parts, height, width, channels], labels int32 [batch / parts]) with static
        shapes; the labels are zeros when the store has none.
    """
    import tensorflow as tf  # slow to import, and only batches need it

    size = batch_size // parts

    def read(number: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        _readers.enter()
        number, rows = int(number), slice(int(part) * size, (int(part) + 1) * size)
        indices = batch_indices(len(store), batch_size, seed, number)[rows]
        images = store.images[indices]
        if flip:
            mirrored = (seeds.generator(seed, "flip", number).random(batch_size) < 0.5)[rows]
            images[mirrored] = images[mirrored, :, ::-1]
        labels = np.zeros(size, np.int32) if store.labels is None else store.labels[indices]
        return np.asarray(images), labels

    def tensors(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        number, part = first + position // len(own), tf.gather(tf.constant(own, tf.int64), position % len(own))
        images, labels = tf.numpy_function(read, [number, part], (tf.uint8, tf.int32), stateful=False)
        return tf.ensure_shape(images, (size, *store.images.shape[1:])), tf.ensure_shape(labels, (size,))

    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False  # it has nothing to tune, and freeing an iterator waits up to a minute for it
    positions = tf.data.Dataset.range(ENDLESS)
    ahead = LOOK_AHEAD * len(own)
    return positions.map(tensors, num_parallel_calls=2, deterministic=True).prefetch(ahead).with_options(options)
