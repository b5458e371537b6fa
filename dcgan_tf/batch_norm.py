"""Re-estimates the running statistics of batch norm for weights that were never run in that combination.

A moving average of weights has no batch statistics of its own, and the running ones of a training network lag behind
it. Both are replaced by the mean over some batches of each batch's mean and variance, as in the paper's SVHN code.
"""

from collections.abc import Iterable

import keras
import tensorflow as tf


def reestimate(model: keras.Sequential, batches: Iterable[tf.Tensor]) -> None:
    """Sets moving mean and variance of every batch norm of `model`.

    Args:
        model: a Sequential model in float32.
        batches: its inputs, at least one batch; large ones (128) as in training.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return

    @tf.function
    def statistics(inputs: tf.Tensor) -> list[tf.Tensor]:
        outputs, found = inputs, []
        for layer in model.layers:
            if layer in norms:
                mean, variance = tf.nn.moments(outputs, axes=list(range(outputs.shape.rank - 1)))
                found += [mean, variance]
                outputs = tf.nn.batch_normalization(
                    outputs, mean, variance, layer.beta.value, layer.gamma.value, layer.epsilon
                )
            else:
                outputs = layer(outputs, training=False)
        return found

    count, sums = 0, None
    for batch in batches:
        found = statistics(batch)
        sums = found if sums is None else [total + value for total, value in zip(sums, found, strict=True)]
        count += 1
    for layer, mean, variance in zip(norms, sums[0::2], sums[1::2], strict=True):
        layer.moving_mean.assign(mean / count)
        layer.moving_variance.assign(variance / count)
