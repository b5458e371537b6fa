"""Judging a generator: its samples, their features, and the metrics of both, without knowing where it comes from."""

from dcgan_tf.evaluation.judging import Judgement, judge
from dcgan_tf.evaluation.real import RealFeatures, real_features
from dcgan_tf.evaluation.samples import FIRST_SEED, Samples

__all__ = ["FIRST_SEED", "Judgement", "RealFeatures", "Samples", "judge", "real_features"]
