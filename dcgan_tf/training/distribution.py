"""Devices: the only place that names a `tf.distribute` strategy."""

import tensorflow as tf

from dcgan_tf.errors import SettingError


def make_strategy() -> tf.distribute.Strategy:
    """All visible GPUs under MirroredStrategy, else one CPU."""
    gpus = tf.config.list_logical_devices("GPU")
    if gpus:
        return tf.distribute.MirroredStrategy([gpu.name for gpu in gpus])
    return tf.distribute.OneDeviceStrategy("/cpu:0")


def replica_batch(strategy: tf.distribute.Strategy, batch_size: int) -> int:
    """Images per replica and update.

    Raises:
        SettingError: when the global batch does not divide; the message names the nearest that does.
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        nearest = max(1, round(batch_size / replicas)) * replicas
        raise SettingError("batch_size", batch_size, f"it must divide by {replicas} devices; the nearest is {nearest}")
    return batch_size // replicas


def distribute(strategy: tf.distribute.Strategy, global_batches: tf.data.Dataset) -> tf.distribute.DistributedDataset:
    """Slices each global batch by replica, in order."""
    return strategy.experimental_distribute_dataset(global_batches)
