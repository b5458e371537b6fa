"""The score of a generator while it trains: cheap, without a trained feature extractor, for any images."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache

import numpy as np
import tensorflow as tf
from threadpoolctl import ThreadpoolController

from dcgan_tf import seeds
from dcgan_tf.data import ImageStore
from dcgan_tf.metrics.frechet import frechet_distance
from dcgan_tf.metrics.moments import Moments
from dcgan_tf.models import pixels
from dcgan_tf.models.generator import Generator

SAMPLES, REALS, BLOCK = 2000, 5000, 500
FILTERS, KERNEL, CELLS, LARGEST = 32, 4, 2, 64

FRECHET_RANDOM = "frechet_random_conv_2k"
"""Computed on `random_features`: not comparable with a published FID, nor between data sets."""


@dataclass(frozen=True)
class Evaluator:
    """A way to score a generator.

    Attributes:
        evaluate: computes values by name from a generator with its weights loaded; the same weights must give the same
            values.
        score_name: the value that decides which checkpoint is the best.
        lower_is_better: whether a smaller score is better.
    """

    evaluate: Callable[[Generator], dict[str, float]]
    score_name: str
    lower_is_better: bool = True


def random_frechet(store: ImageStore) -> Evaluator:
    """The Fréchet distance between 2,000 samples and up to 5,000 training images on `random_features`.

    The statistics of the training images are computed here, once.

    Why these features: pooled pixels rate a blurred image as good, and random features averaged over the whole image
    rate one repeated image above early samples. These features gave the right order on MNIST, Fashion-MNIST, CIFAR-10
    and photographs: later checkpoints of healthy runs, earlier ones, samples of which half are one image, one image.
    """
    features = random_features(*store.images.shape[1:])
    real = Moments.empty(features(np.zeros((1, *store.images.shape[1:]), np.uint8)).shape[1])
    indices = reference_indices(store, "evaluation", REALS)
    for start in range(0, len(indices), BLOCK):
        real.add(features(store.images[indices[start : start + BLOCK]]))

    def evaluate(generator: Generator) -> dict[str, float]:
        generated = Moments.empty(len(real.mean))
        for block in generator.blocks(range(SAMPLES)):
            generated.add(features(block))
        return {FRECHET_RANDOM: frechet_distance(real, generated)}

    return Evaluator(evaluate, FRECHET_RANDOM)


def one_blas_thread() -> AbstractContextManager:
    """Limits NumPy to one thread inside the block.

    The matrices are small. Several threads compete with TensorFlow's own and take a hundred times as long (2.8 s, not
    4 ms), and the last digits would depend on their number.
    """
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def reference_indices(store: ImageStore, stream: str, count: int) -> np.ndarray:
    """A fixed random sample of the training images: sorted int64 [at most `count`, at least 2].

    It does not depend on the run's seed, so runs on the same images can be compared.
    """
    drawn = seeds.generator(0, stream, 0).permutation(len(store))[:count]
    return np.sort(np.resize(drawn, max(2, len(drawn))))


def random_features(height: int, width: int, channels: int) -> Callable[[np.ndarray], np.ndarray]:
    """Two strided convolutions with fixed random kernels, their responses averaged over each quarter of the image.

    Untrained kernels keep what a comparison of two sets of images needs: edges, contrast, color, and where they are
    (Saxe et al. 2011, "On random weights and unsupervised feature learning").

    Returns:
        A function from uint8 [n, height, width, channels] to float32 [n, 128].
    """
    kernels = [_kernel(0, channels), _kernel(1, FILTERS)]
    scale = min(1.0, LARGEST / max(height, width))
    size = [max(1, round(height * scale)), max(1, round(width * scale))]

    @tf.function(input_signature=[tf.TensorSpec([None, height, width, channels], tf.uint8)])
    def compute(images):
        maps = pixels.to_model_range(images)
        if scale < 1.0:
            maps = tf.image.resize(maps, size, method="area")
        for kernel in kernels:
            maps = tf.nn.leaky_relu(tf.nn.conv2d(maps, kernel, 2, "SAME"), 0.2)
        return tf.reshape(tf.image.resize(maps, [CELLS, CELLS], method="area"), [-1, CELLS * CELLS * FILTERS])

    return lambda images: compute(np.asarray(images)).numpy()


def _kernel(layer: int, channels: int) -> np.ndarray:
    """float32 [4, 4, channels, 32], scaled to preserve the variance of activations (He et al. 2015)."""
    drawn = seeds.generator(0, "random_features", layer).standard_normal((KERNEL, KERNEL, channels, FILTERS))
    return (drawn * np.sqrt(2.0 / (KERNEL * KERNEL * channels))).astype(np.float32)
