"""Metrics: definitions on arrays and a registry of their names. No networks, no files, no TensorFlow."""

from dcgan_tf.metrics.moments import Moments
from dcgan_tf.metrics.nearest_neighbor import NearestNeighbors, nearest_neighbor_errors
from dcgan_tf.metrics.registry import DEFAULT, METRICS, Inputs, Metric, Reading, compute, metric

__all__ = [
    "DEFAULT",
    "METRICS",
    "Inputs",
    "Metric",
    "Moments",
    "NearestNeighbors",
    "Reading",
    "compute",
    "metric",
    "nearest_neighbor_errors",
]
