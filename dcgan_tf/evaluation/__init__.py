"""A run to rows: what its samples are worth, and what its discriminator has learned. It begins in `judge`."""

from dcgan_tf.evaluation.judge import DEFAULT, evaluate
from dcgan_tf.evaluation.samples import FIRST_SEED

__all__ = ["DEFAULT", "FIRST_SEED", "evaluate"]
