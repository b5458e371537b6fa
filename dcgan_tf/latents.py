"""Paths between latent vectors.

Where the law is normal, vectors have nearly all the same length, and the straight line between two of them leaves the
sphere that the generator was trained on; the path then follows the sphere. In the cube of the uniform law the straight
line is the right one.
"""

import tensorflow as tf

NEARLY_PARALLEL = 1e-4  # sine of the angle below which the two paths are the same to rounding


def between(start: tf.Tensor, end: tf.Tensor, fractions: tf.Tensor, law: str) -> tf.Tensor:
    """Latents on the way from `start` to `end`.

    Args:
        start: float32 [dim].
        end: float32 [dim].
        fractions: float32 [n], 0 at `start`, 1 at `end`.
        law: "uniform" (straight) or "normal" (spherical interpolation; Shoemake, 1985).

    Returns:
        float32 [n, dim].
    """
    fractions = fractions[:, tf.newaxis]
    straight = (1.0 - fractions) * start + fractions * end
    if law == "uniform":
        return straight
    cosine = tf.reduce_sum(start * end) / (tf.norm(start) * tf.norm(end))
    angle = tf.acos(tf.clip_by_value(cosine, -1.0, 1.0))
    sine = tf.sin(angle)
    spherical = (tf.sin((1.0 - fractions) * angle) * start + tf.sin(fractions * angle) * end) / sine
    return tf.where(sine > NEARLY_PARALLEL, spherical, straight)
