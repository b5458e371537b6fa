"""(seed, stream, step) to random numbers. Nothing else in the package makes a seed.

Every random draw is a stateless function of the run's seed, the name of its stream and a counter, so a run can be
stopped, resumed and split over devices without changing it. Host-side draws (data order, flips) use NumPy's Philox;
draws inside the graph (latents) use TensorFlow's stateless Philox, named explicitly because the default algorithm
depends on the device.
"""

import hashlib

import numpy as np
import tensorflow as tf

LATENT_LAWS = ("uniform", "normal")


def stream_key(seed: int, stream: str) -> int:
    """A 31-bit number that is the same on every machine and different for every (seed, stream)."""
    digest = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
    return int.from_bytes(digest[:4], "little") >> 1


def generator(seed: int, stream: str, counter: int) -> np.random.Generator:
    """A NumPy generator for one (seed, stream, counter)."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([stream_key(seed, stream), counter])))


def _draw(shape, key: tf.Tensor, law: str) -> tf.Tensor:
    if law == "uniform":
        return tf.random.stateless_uniform(shape, key, minval=-1.0, maxval=1.0, alg="philox")
    return tf.random.stateless_normal(shape, key, alg="philox")


def latents(seed: int, stream: str, counter: tf.Tensor | int, count: int, dim: int, law: str) -> tf.Tensor:
    """`count` latent vectors for one (seed, stream, counter): float32 [count, dim].

    `law` is "uniform" on [-1, 1] (paper, section 4) or "normal".
    """
    key = tf.stack([tf.constant(stream_key(seed, stream), tf.int64), tf.cast(counter, tf.int64)])
    return _draw([count, dim], key, law)


def labels_of_images(image_seeds: tf.Tensor, classes: int) -> tf.Tensor:
    """The class of each image seed where nobody asks for another: the seed modulo the classes, int64 [n] to int32 [n].

    Any run of successive seeds has the classes evenly.
    """
    return tf.cast(tf.cast(image_seeds, tf.int64) % classes, tf.int32)


def latents_of_images(image_seeds: tf.Tensor, dim: int, law: str) -> tf.Tensor:
    """One latent vector for each image seed: int64 [n] to float32 [n, dim].

    The vector depends on its own seed alone, so image 17 is image 17 in every call, batch and program.
    """
    stream = tf.constant(stream_key(0, "image"), tf.int64)
    return tf.map_fn(
        lambda image_seed: _draw([dim], tf.stack([stream, image_seed]), law),
        tf.cast(image_seeds, tf.int64),
        fn_output_signature=tf.TensorSpec([dim], tf.float32),
    )
