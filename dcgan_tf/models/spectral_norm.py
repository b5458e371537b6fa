"""Layers whose weights are divided by their largest singular value (Miyato et al., 2018, arXiv:1802.05957).

The kernel itself is never changed, gradients go through the norm, and the power iteration makes one step for each
training step, in `advance`. So the real and the generated images of a step see the same weights, replicas agree, and
checkpoints hold all there is. `keras.layers.SpectralNormalization` overwrites the kernel in every call instead.
"""

from keras import initializers, layers, ops

from dcgan_tf.checkpoints import SINGULAR_VECTOR

SETTLED = 100  # steps


class _Spectral:
    """What the layers below share.

    Attributes:
        vector: float32 [units], the estimated singular vector on the side of the outputs.
    """

    def __init__(self, *args, **kwargs):
        # Without autocast, so that the norm is computed in float32 under every precision.
        super().__init__(*args, autocast=False, **kwargs)

    def build(self, input_shape):
        """Makes the layer's own variables, and the vector."""
        super().build(input_shape)
        units = self._kernel.shape[-1]
        start = initializers.Constant(units**-0.5)
        self.vector = self.add_weight(shape=(units,), initializer=start, trainable=False, name=SINGULAR_VECTOR)

    @property
    def kernel(self):
        """The kernel divided by its norm, in the layer's precision."""
        product = ops.matmul(ops.reshape(self._kernel, (-1, self.vector.shape[0])), self.vector)
        norm = ops.sum(ops.stop_gradient(_unit(product)) * product)  # v' W u, with v = W u / |W u|
        return ops.cast(self._kernel / norm, self.compute_dtype)

    def call(self, inputs):
        """The layer's own output, with the divided kernel."""
        return super().call(ops.cast(inputs, self.compute_dtype))

    def advanced(self, vector, kernel):
        """The next `vector`: one step of the power iteration with W'W, for the kernel's value."""
        matrix = ops.reshape(kernel, (-1, vector.shape[0]))
        return _unit(ops.matmul(ops.transpose(matrix), ops.matmul(matrix, vector)))

    def settle(self) -> None:
        """Iterates until the norm is that of the kernel as it is, for weights that are no longer trained."""
        for _ in range(SETTLED):
            self.vector.assign(self.advanced(self.vector, self._kernel))


class SpectralConv2D(_Spectral, layers.Conv2D):
    """A convolution; its kernel is the matrix [height * width * channels, filters], as in the paper's code."""


class SpectralDense(_Spectral, layers.Dense):
    """A dense layer."""


def spectral_layers(model) -> list[_Spectral]:
    """The layers of a model whose power iteration must be advanced."""
    return [layer for layer in model.layers if isinstance(layer, _Spectral)]


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)
