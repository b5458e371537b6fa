"""Latent vectors: drawn for a step, drawn for an image seed, and on the way between two others.

All draws are stateless functions of their arguments. They use TensorFlow's stateless Philox, named explicitly because
the default algorithm depends on the device.
"""

import functools
from collections.abc import Callable

import tensorflow as tf

from dcgan_tf import seeds

NEARLY_PARALLEL = 1e-4  # sine of the angle below which the two paths are the same to rounding


def draw(seed: int, stream: str, counter: tf.Tensor | int, count: int, dim: int, law: str) -> tf.Tensor:
    """`count` latent vectors for one (seed, stream, counter): float32 [count, dim].

    `law` is "uniform" on [-1, 1] (paper, section 4) or "normal".
    """
    key = tf.stack([tf.constant(seeds.stream_key(seed, stream), tf.int64), tf.cast(counter, tf.int64)])
    return _random([count, dim], key, law)


def of_seeds(image_seeds: tf.Tensor, dim: int, law: str) -> tf.Tensor:
    """One latent vector for each image seed: int64 [n] to float32 [n, dim].

    The vector depends on its own seed alone, so image 17 is image 17 in every call, batch and program.
    """
    image_seeds = tf.cast(image_seeds, tf.int64)
    # Outside of a graph they are drawn one by one, and a thousand of them take seconds.
    return _traced(dim, law)(image_seeds) if tf.executing_eagerly() else _of_seeds(image_seeds, dim, law)


def _of_seeds(image_seeds: tf.Tensor, dim: int, law: str) -> tf.Tensor:
    stream = tf.constant(seeds.stream_key(0, "image"), tf.int64)
    return tf.map_fn(
        lambda image_seed: _random([dim], tf.stack([stream, image_seed]), law),
        image_seeds,
        fn_output_signature=tf.TensorSpec([dim], tf.float32),
    )


@functools.cache
def _traced(dim: int, law: str) -> Callable[[tf.Tensor], tf.Tensor]:
    traced = tf.function(lambda image_seeds: _of_seeds(image_seeds, dim, law))
    return traced.get_concrete_function(tf.TensorSpec([None], tf.int64))


def labels_of_seeds(image_seeds: tf.Tensor, classes: int) -> tf.Tensor:
    """The class of each image seed where none is asked for: the seed modulo the classes, int64 [n] to int32 [n].

    Any run of successive seeds has the classes evenly.
    """
    return tf.cast(tf.cast(image_seeds, tf.int64) % classes, tf.int32)


def _random(shape: list[int], key: tf.Tensor, law: str) -> tf.Tensor:
    if law == "uniform":
        return tf.random.stateless_uniform(shape, key, minval=-1.0, maxval=1.0, alg="philox")
    return tf.random.stateless_normal(shape, key, alg="philox")


def between(start: tf.Tensor, end: tf.Tensor, fractions: tf.Tensor, law: str) -> tf.Tensor:
    """Latents on the way from `start` to `end`.

    Vectors of the normal law have nearly all the same length. The straight line between two of them leaves the sphere
    that the generator was trained on, so the path follows the sphere. In the cube of the uniform law it is straight.

    Args:
        start: float32 [dim] or [n, dim].
        end: likewise.
        fractions: float32 [n], 0 at `start`, 1 at `end`.
        law: "uniform" (straight) or "normal" (spherical interpolation; Shoemake, 1985).

    Returns:
        float32 [n, dim].
    """
    fractions = fractions[:, tf.newaxis]
    straight = (1.0 - fractions) * start + fractions * end
    if law == "uniform":
        return straight
    lengths = tf.norm(start, axis=-1, keepdims=True) * tf.norm(end, axis=-1, keepdims=True)
    cosine = tf.reduce_sum(start * end, axis=-1, keepdims=True) / lengths
    angle = tf.acos(tf.clip_by_value(cosine, -1.0, 1.0))
    sine = tf.sin(angle)
    spherical = (tf.sin((1.0 - fractions) * angle) * start + tf.sin(fractions * angle) * end) / sine
    return tf.where(sine > NEARLY_PARALLEL, spherical, straight)
