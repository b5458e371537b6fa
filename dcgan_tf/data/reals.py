"""A few images of a store, for people to look at."""

import numpy as np

from dcgan_tf import images, seeds
from dcgan_tf.data.store import ImageStore

COUNT = 64


def examples(store: ImageStore, seed: int, by_class: bool = False) -> tuple[np.ndarray, int]:
    """Images for a grid: uint8 [up to 64, height, width, channels], and how many are in a row (0: about square).

    Args:
        store: where the images are.
        seed: the run's seed.
        by_class: one class in each row; where a class has too few images, white ones fill its row.
    """
    if not by_class:
        chosen = seeds.generator(seed, "reals", 0).permutation(len(store))[:COUNT]
        return np.asarray(store.images[np.sort(chosen)]), 0
    rows, columns = images.class_rows(len(store.class_names), COUNT)
    return np.concatenate([_of_class(store, seed, label, columns) for label in rows]), columns


def _of_class(store: ImageStore, seed: int, label: int, count: int) -> np.ndarray:
    members = np.flatnonzero(store.labels == label)
    chosen = np.sort(seeds.generator(seed, "reals_by_class", label).permutation(members)[:count])
    white = np.full((count, *store.images.shape[1:]), 255, np.uint8)
    white[: len(chosen)] = store.images[chosen]
    return white
