"""Judging a generator: its samples, their features, and the metrics of both."""

from dcgan_tf.evaluation.judging import Judgement, judge
from dcgan_tf.evaluation.real import RealFeatures, real_features
from dcgan_tf.evaluation.samples import FIRST_SEED, Samples
from dcgan_tf.evaluation.session import Request, Session
from dcgan_tf.evaluation.tasks import SVM, tasks

__all__ = [
    "FIRST_SEED",
    "SVM",
    "Judgement",
    "RealFeatures",
    "Request",
    "Samples",
    "Session",
    "judge",
    "real_features",
    "tasks",
]
