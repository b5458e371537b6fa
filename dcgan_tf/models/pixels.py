"""The range of pixels. Nothing else in the package scales them.

Stored and shown images are uint8 in [0, 255]; the networks see and make floats in [-1, 1] (paper, section 4: "no
pre-processing besides scaling to the range of the tanh").
"""

import tensorflow as tf


def to_model_range(pixels: tf.Tensor) -> tf.Tensor:
    """uint8 in [0, 255] to float32 in [-1, 1], any shape."""
    return tf.cast(pixels, tf.float32) / 127.5 - 1.0


def to_pixels(images: tf.Tensor) -> tf.Tensor:
    """Floats in [-1, 1] to uint8 in [0, 255], rounded to the nearest, any shape."""
    levels = tf.round((tf.cast(images, tf.float32) + 1.0) * 127.5)
    return tf.cast(tf.clip_by_value(levels, 0.0, 255.0), tf.uint8)
