"""Losses, by name. Each gives one value per example; averaging over the global batch is the step's business.

A loss is written on logits, the discriminator's raw outputs [n, 1], and returns [n].
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

PerExample = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Loss:
    """What both networks minimise, and how to read the discriminator's output.

    Attributes:
        real: (logits on real images, target for real) to the discriminator's loss on them; the target is 1, or less
            under one-sided label smoothing.
        fake: logits on generated images to the discriminator's loss on them. Its whole loss is the sum of both means.
        generator: logits on generated images to the generator's loss.
        score: logits to the number shown as D(x): near 1 for "real", near 0 for "generated".
    """

    real: Callable[[tf.Tensor, float], tf.Tensor]
    fake: PerExample
    generator: PerExample
    score: PerExample


def _column(logits: tf.Tensor) -> tf.Tensor:
    return tf.squeeze(logits, axis=-1)  # [n, 1] to [n]


def _cross_entropy(logits: tf.Tensor, target: float) -> tf.Tensor:
    logits = _column(logits)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.fill(tf.shape(logits), target), logits=logits)


def _half_square(logits: tf.Tensor, target: float) -> tf.Tensor:
    return 0.5 * tf.square(_column(logits) - target)


LOSSES: dict[str, Loss] = {
    # Goodfellow et al., 2014, with the non-saturating generator loss, as the paper's code has it.
    "bce": Loss(
        real=_cross_entropy,
        fake=lambda logits: _cross_entropy(logits, 0.0),
        generator=lambda logits: _cross_entropy(logits, 1.0),
        score=lambda logits: tf.sigmoid(_column(logits)),
    ),
    # Mao et al., 2017 (arXiv:1611.04076), equation 9: a = 0, b = c = 1.
    "lsgan": Loss(
        real=_half_square,
        fake=lambda logits: _half_square(logits, 0.0),
        generator=lambda logits: _half_square(logits, 1.0),
        score=_column,
    ),
}
