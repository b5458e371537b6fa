"""Re-estimates the running statistics of batch norm.

A moving average of weights has no batch statistics of its own, and the running statistics of a network in training lag
behind its weights. Both are replaced by the mean and variance of some batches, averaged over the batches, as in the
paper's SVHN code.
"""

from collections.abc import Iterable

import keras
import tensorflow as tf


class Reestimator:
    """Sets the moving mean and variance of every batch norm in one network; traced once, used for many weights.

    Args:
        model: a Sequential or functional model in float32, each of whose layers is used once.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        self._statistics = tf.function(self._batch_statistics, reduce_retracing=True)

    def __call__(self, batches: Iterable[tf.Tensor | list[tf.Tensor]]) -> None:
        """Runs `batches` of network inputs, at least one; they should be as large as in training (128)."""
        if not self._norms:
            return
        count, sums = 0, None
        for batch in batches:
            found = self._statistics(batch)
            sums = found if sums is None else [total + value for total, value in zip(sums, found, strict=True)]
            count += 1
        for layer, mean, variance in zip(self._norms, sums[0::2], sums[1::2], strict=True):
            layer.moving_mean.assign(mean / count)
            layer.moving_variance.assign(variance / count)

    def _batch_statistics(self, inputs: tf.Tensor | list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean and variance of each batch norm in turn; every layer is applied to the outputs of those before it."""
        values = {id(symbol): value for symbol, value in zip(self._model.inputs, tf.nest.flatten(inputs), strict=True)}
        found = []
        for layer in self._model.layers:
            if isinstance(layer, keras.layers.InputLayer):
                continue
            arguments = tf.nest.map_structure(lambda symbol: values[id(symbol)], layer.input)
            if layer in self._norms:
                mean, variance = tf.nn.moments(arguments, axes=list(range(arguments.shape.rank - 1)))
                offset, gain = (None if part is None else part.value for part in (layer.beta, layer.gamma))
                outputs = tf.nn.batch_normalization(arguments, mean, variance, offset, gain, layer.epsilon)
                found += [mean, variance]
            else:
                outputs = layer(arguments, training=False)
            values[id(layer.output)] = outputs
        return found
