"""A run to rows: what its samples are worth, and what its discriminator has learned.

judge            `evaluate`: checks everything, then judges checkpoint by checkpoint
session          the run, its images, and what every row says
feature_metrics  metrics of samples, read from features
table_3          the paper's Table 3: generated digits as a training set
linear_probe     the paper's Tables 1 and 2: a linear classifier on the discriminator's features
features/        images to vectors
samples, real_features, scratch      images and features, generated and real
rows, plot, samples_out              what is written
"""

from dcgan_tf.evaluation.judge import DEFAULT, evaluate
from dcgan_tf.evaluation.samples import FIRST_SEED

__all__ = ["DEFAULT", "FIRST_SEED", "evaluate"]
