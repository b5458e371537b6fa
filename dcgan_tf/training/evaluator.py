"""What scores the generator while it trains: cheap, without a trained extractor, for labelled and unlabelled images."""

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
"""Its features are those of `random_features`: never comparable with a published FID, or with another data set."""


@dataclass(frozen=True)
class Evaluator:
    """A way to score a generator.

    Attributes:
        evaluate: a generator with its weights loaded to values by name; the same for the same weights.
        score: which of the values decides what the best checkpoint is.
        lower_is_better: whether a smaller score is a better one.
    """

    evaluate: Callable[[Generator], dict[str, float]]
    score: str
    lower_is_better: bool = True


def random_frechet(store: ImageStore) -> Evaluator:
    """The Fréchet distance of 2,000 samples to up to 5,000 training images on `random_features`.

    Statistics of the training images are computed here, once. Why these features: pixels that are pooled take a blurred
    image for a good one, and channel statistics of random features without places take one image repeated for better
    than early samples. With these, on MNIST, Fashion-MNIST, CIFAR-10 and photographs, later checkpoints of healthy runs
    came before earlier ones, these before half of the samples being one image, and that before one image alone.
    """
    features = random_features(*store.images.shape[1:])
    real = Moments.empty(features(np.zeros((1, *store.images.shape[1:]), np.uint8)).shape[1])
    chosen = chosen_reals(store, "evaluation", REALS)
    for start in range(0, len(chosen), BLOCK):
        real.add(features(store.images[chosen[start : start + BLOCK]]))

    def evaluate(generator: Generator) -> dict[str, float]:
        generated = Moments.empty(len(real.mean))
        for block in generator.blocks(range(SAMPLES)):
            generated.add(features(block))
        return {FRECHET_RANDOM: frechet_distance(real, generated)}

    return Evaluator(evaluate, FRECHET_RANDOM)


def one_blas_thread() -> AbstractContextManager:
    """NumPy on one thread, inside the block.

    The matrices are small: beside TensorFlow's own threads, several take a hundred times as long (2.8 s, not 4 ms), and
    the last digits would depend on how many there are.
    """
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def chosen_reals(store: ImageStore, stream: str, count: int) -> np.ndarray:
    """Which training images stand for all: int64 [at most `count`, at least 2], in the order of the store.

    They do not depend on the run's seed, so that runs on the same images can be compared.
    """
    drawn = seeds.generator(0, stream, 0).permutation(len(store))[:count]
    return np.sort(np.resize(drawn, max(2, len(drawn))))


def random_features(height: int, width: int, channels: int) -> Callable[[np.ndarray], np.ndarray]:
    """Two strided convolutions with fixed random kernels, their responses averaged over the quarters of the image.

    Random kernels keep what a comparison of two sets of images needs (edges, contrast, colour, where they are) without
    having been trained on anything (Saxe et al. 2011, "On random weights and unsupervised feature learning").

    Returns:
        uint8 [n, height, width, channels] to float32 [n, 128].
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
    """float32 [4, 4, channels, 32] that keep the scale of what they see (He et al. 2015)."""
    drawn = seeds.generator(0, "random_features", layer).standard_normal((KERNEL, KERNEL, channels, FILTERS))
    return (drawn * np.sqrt(2.0 / (KERNEL * KERNEL * channels))).astype(np.float32)
