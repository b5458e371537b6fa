"""Devices that are not there, and batches that do not fit them; what several devices compute is in test_replicas.py."""

import pytest
import tensorflow as tf

from dcgan_tf.config import DeviceConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.training import distribution


class Three:
    """Stands for a strategy."""

    num_replicas_in_sync = 3


def test_a_batch_that_does_not_divide_names_the_nearest_that_does():
    assert distribution.replica_batch(Three, 12) == 4
    with pytest.raises(ArgumentError, match=r"batch_size=10: .* 3 devices; the nearest is 9"):
        distribution.replica_batch(Three, 10)


def test_a_cpu_is_divided_before_tensorflow_computes_or_not_at_all():
    """As in a notebook that has used TensorFlow; otherwise training would silently run on one device."""
    count = 1 + len(tf.config.list_logical_devices("CPU"))
    with pytest.raises(ArgumentError, match=f"devices={count}: .* new process"):
        distribution.make_strategy(DeviceConfig(devices=count))


def test_one_device_is_not_two():
    with pytest.raises(ArgumentError, match=r"devices=2: .*`strategy=mirrored`"):
        distribution.make_strategy(DeviceConfig(devices=2, strategy="one_device"))
