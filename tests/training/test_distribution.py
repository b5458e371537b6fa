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


class Workers:
    """Stands for the strategy of some workers."""

    def __init__(self, count):
        hosts = [f"host{index}:1" for index in range(count)]
        self.cluster_resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec({"worker": hosts})
        )


def raised(error, count):
    with pytest.raises(Exception) as caught, distribution.lost_worker_explained(Workers(count)):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (tf.errors.UnavailableError, "lost another worker (why)"),
        (tf.errors.InvalidArgumentError, "the workers cannot train together (why)"),
        (tf.errors.FailedPreconditionError, "the workers cannot train together (why)"),
        (tf.errors.UnknownError, "the workers cannot train together (why)"),
    ],
)
def test_an_error_among_several_workers_is_one_line(kind, told):
    place = 'Detected at node while/add defined at (most recent call last):\n  File "train.py", line 14, in <module>\n'
    error = kind(None, None, f"Graph execution error:\n\n{place}\nwhy\nand more")
    line = str(raised(error, 2))
    assert line.startswith(told) and "start the same command on every worker" in line and "\n" not in line
    assert raised(error, 1) is error


def test_memory_that_runs_out_is_explained_elsewhere():
    error = tf.errors.ResourceExhaustedError(None, None, "why")
    assert raised(error, 2) is error
