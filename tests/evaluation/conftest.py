import numpy as np
import pytest
import tensorflow as tf
from threadpoolctl import threadpool_limits

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.data.cache import cache_root
from dcgan_tf.evaluation import features


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small products: several threads would wait for each other, for minutes on a busy machine."""
    with threadpool_limits(1, "blas"):
        yield


@pytest.fixture(scope="session")
def digits(cache_dir):
    """1,797 labeled images of 16x16."""
    return data.prepare_store(data.open_source(DataConfig()), (16, 16), 1, "center", "")


@pytest.fixture(scope="session")
def classifier(digits):
    return features.trained_classifier(digits, cache_root(""))


class RealGenerator:
    """A generator whose samples are the real images, made worse on purpose."""

    image_shape, conditional, step, weights = (16, 16, 1), True, 7, "raw"

    def __init__(self, store, noise=0, classes=10):
        rows = np.flatnonzero(store.labels < classes)
        order = np.random.default_rng(0).choice(rows, 4096)
        self._labels = store.labels[order]
        moved = store.images[order] + noise * np.random.default_rng(1).normal(size=(4096, 16, 16, 1))
        self._images = np.clip(np.rint(moved), 0, 255).astype(np.uint8)

    def blocks(self, seeds):
        for start in range(0, len(seeds), 64):
            yield self._images[np.asarray(seeds[start : start + 64]) % 4096]

    def labels(self, seeds):
        return tf.constant(self._labels[np.asarray(seeds) % 4096])
