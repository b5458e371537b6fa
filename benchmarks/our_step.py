"""The training step of this package, as `train.py` runs it, over batches that lie in memory."""

import os

from dcgan_tf import quiet

with quiet.quiet_stderr():
    import keras
    import numpy as np
    import tensorflow as tf

    tf.config.list_physical_devices()  # the first look at the devices prints as well

from benchmarks import costs
from benchmarks.workers import Task
from dcgan_tf import models
from dcgan_tf.config import Config
from dcgan_tf.training import distribution
from dcgan_tf.training.state import TrainingState
from dcgan_tf.training.step import fixed_order_of_sums, make_train_steps

BATCHES = 4  # different ones, so that no cache holds the only one


def prepare(config: Config) -> Task:
    """The real step, its state, and a distributed iterator; one repeat is one graph call."""
    strategy = distribution.make_strategy(config.device)
    distribution.replica_batch(strategy, config.training.batch_size)
    with strategy.scope():
        state = TrainingState(config)
    train_steps = make_train_steps(state, config, strategy)
    batches = iter(distribution.distribute(strategy, lambda parts, own: memory_batches(config, parts)))
    training = config.training
    count = training.steps_per_execution

    def run(repeats: int) -> None:
        with fixed_order_of_sums():
            for _ in range(repeats):
                train_steps(batches, tf.constant(count, tf.int64))
            state.sums.numpy()  # waits for the device

    return Task(run, count * training.batch_size * training.d_steps, _facts(config, state, strategy))


def memory_batches(config: Config, parts: int) -> tf.data.Dataset:
    """Endless (images uint8, labels int32) of noise, each the part of a global batch that one replica takes."""
    shape = (BATCHES, config.training.batch_size // parts, *config.model.image_size, config.model.channels)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    batches = tf.data.Dataset.from_tensor_slices((images, np.zeros(shape[:2], np.int32)))
    return batches.repeat().prefetch(2)


def _facts(config: Config, state: TrainingState, strategy: tf.distribute.Strategy) -> dict:
    networks = state.generator, state.discriminator
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    native = os.environ.get("TF_ENABLE_ONEDNN_OPTS")
    return {
        "version": f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
        + (f", TF_ENABLE_ONEDNN_OPTS={native}" if native else ""),
        "device": f"{strategy.num_replicas_in_sync} {kind}",
        "parameters": tuple(models.trainable_count(network) for network in networks),
        "macs": costs.per_image(config.training, *networks, pytorch=False),
        "macs_pytorch": costs.per_image(config.training, *networks, pytorch=True),
    }
