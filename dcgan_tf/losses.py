"""Losses, by name. Each gives one value per example; averaging over the global batch is the step's business.

A loss is written on logits, the discriminator's raw outputs [n, 1], and returns [n]. TensorFlow is imported when a loss
is computed, so that a configuration can be checked without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from dcgan_tf.errors import ArgumentError

if TYPE_CHECKING:
    import tensorflow as tf

    PerExample = Callable[[tf.Tensor], tf.Tensor]

CUSTOM = "custom"
"""What the configuration of a run calls a `Loss` that is passed to `train` and is not in `LOSSES`."""


@dataclass(frozen=True)
class Loss:
    """What both networks minimize, and how to read the discriminator's output.

    Attributes:
        real: (logits on real images, target for real) to the discriminator's loss on them; the target is 1, or less
            under one-sided label smoothing.
        fake: logits on generated images to the discriminator's loss on them. Its whole loss is the sum of both means.
        generator: logits on generated images to the generator's loss.
        realness: logits to the number shown as D(x): near 1 for "real", near 0 for "generated".
    """

    real: Callable[[tf.Tensor, float], tf.Tensor]
    fake: PerExample
    generator: PerExample
    realness: PerExample

    def check(self) -> None:
        """Computes all four on three logits, in a graph as training does.

        Raises:
            ArgumentError: one of them fails, or does not give one finite float for each example.
        """
        import tensorflow as tf

        logits = tf.constant([[-2.0], [0.0], [3.0]])
        for field in fields(self):
            function, target = getattr(self, field.name), [1.0] if field.name == "real" else []
            try:
                values = tf.convert_to_tensor(tf.function(lambda *given, f=function: f(*given))(logits, *target))
            except Exception as error:  # whatever the user's own code throws
                line = (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()[:160]
                raise ArgumentError("loss", field.name, f"it cannot be computed on logits [3, 1] ({line})") from error
            shape, dtype = tuple(values.shape), values.dtype.name
            if shape != (3,) or dtype != "float32" or not bool(tf.reduce_all(tf.math.is_finite(values))):
                remedy = f"it must turn logits [n, 1] into n finite float32 values; for n = 3 it gave {dtype} {shape}"
                raise ArgumentError("loss", field.name, remedy)


def _column(logits: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.squeeze(logits, axis=-1)  # [n, 1] to [n]


def _cross_entropy(logits: tf.Tensor, target: float) -> tf.Tensor:
    import tensorflow as tf

    logits = _column(logits)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.fill(tf.shape(logits), target), logits=logits)


def _sigmoid(logits: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.sigmoid(_column(logits))


def _between_margins(logits: tf.Tensor) -> tf.Tensor:
    """Where logits are between the margins of the hinge, from 0 at -1 to 1 at 1; what is beyond costs nothing more."""
    import tensorflow as tf

    return tf.clip_by_value((_column(logits) + 1.0) / 2.0, 0.0, 1.0)


def _half_square(logits: tf.Tensor, target: float) -> tf.Tensor:
    import tensorflow as tf

    return 0.5 * tf.square(_column(logits) - target)


def _below(margin: float, values: tf.Tensor) -> tf.Tensor:
    """By how much values are below the margin."""
    import tensorflow as tf

    return tf.nn.relu(margin - values)


LOSSES: dict[str, Loss] = {
    # Goodfellow et al., 2014, with the non-saturating generator loss, as the paper's code has it.
    "bce": Loss(
        real=_cross_entropy,
        fake=lambda logits: _cross_entropy(logits, 0.0),
        generator=lambda logits: _cross_entropy(logits, 1.0),
        realness=_sigmoid,
    ),
    # Mao et al., 2017 (arXiv:1611.04076), equation 9: a = 0, b = c = 1.
    "lsgan": Loss(
        real=_half_square,
        fake=lambda logits: _half_square(logits, 0.0),
        generator=lambda logits: _half_square(logits, 1.0),
        realness=_column,
    ),
    # Lim and Ye, 2017 (arXiv:1705.02894); Miyato et al., 2018, equations 16 and 17.
    "hinge": Loss(
        real=lambda logits, target: _below(target, _column(logits)),
        fake=lambda logits: _below(1.0, -_column(logits)),
        generator=lambda logits: -_column(logits),
        realness=_between_margins,
    ),
}
