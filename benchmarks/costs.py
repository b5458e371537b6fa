"""Multiply-adds of a training step, counted from the layer tables of the networks.

Counted are the matrix products of dense layers and convolutions, padding included, as is usual; batch norm,
activations, losses and Adam are not.

A step passes a layer in three ways, each as costly as the other: forward, gradient of the weights, gradient of the
input. A network's first layer needs the last one only where something before it is trained: the discriminator's, when
the generator learns through it; never the generator's. Hence, for the simultaneous update, 3 x forward for the
generator (first layer 2 x) and 7 x for the discriminator (first layer 5 x):

                              generator                    discriminator
  simultaneous, ours          1 forward, 1 + 1 back        2 forward (real, generated), 2 weights, 2 inputs;
                                                           1 inputs for the generator
  simultaneous, PyTorch       the same                     3 forward (the generator's update has its own), 3 + 3 back:
                                                           backward() fills the weights' gradients there as well, and
                                                           zero_grad() throws them away
  algorithm1, k updates of D  k + 1 forward, 1 + 1 back    2k + 1 forward, 2k weights, 2k + 1 inputs: for k = 1 that is
                                                           4 x and 8 x (PyTorch: 9 x)
"""

from dataclasses import dataclass

import keras

from dcgan_tf.config import TrainingConfig


@dataclass(frozen=True)
class Passes:
    """How often one step passes a network.

    Attributes:
        forward, weights, inputs: times forward, for gradients of weights, and for gradients of inputs.
        through: how many of `inputs` go on through the first layer.
    """

    forward: int
    weights: int
    inputs: int
    through: int

    def cost(self, layers: list[int]) -> int:
        """Multiply-adds, from those of each layer forward, the first layer first."""
        return sum(layers) * (self.forward + self.weights + self.inputs) - layers[0] * (self.inputs - self.through)


def generator_passes(training: TrainingConfig) -> Passes:
    """Those of one training step; ours and PyTorch's are the same."""
    own_for_discriminator = training.d_steps if training.update == "algorithm1" else 0
    return Passes(forward=own_for_discriminator + 1, weights=1, inputs=1, through=0)


def discriminator_passes(training: TrainingConfig, pytorch: bool) -> Passes:
    """Those of one training step; PyTorch's usual loop has some more (see the head of this file)."""
    k = training.d_steps
    shared = training.update == "simultaneous" and not pytorch  # one pass over generated images serves both updates
    return Passes(
        forward=2 * k + (0 if shared else 1),
        weights=2 * k + (1 if pytorch else 0),
        inputs=2 * k + 1,
        through=1,
    )


def forward_costs(model: keras.Sequential) -> list[int]:
    """Multiply-adds of one image forward, of each layer that has a kernel, in order."""
    return [_forward_cost(layer) for layer in model.layers if hasattr(layer, "kernel")]


def _forward_cost(layer: keras.layers.Layer) -> int:
    kernel = 1
    for side in layer.kernel.shape:
        kernel *= side
    if isinstance(layer, keras.layers.Dense):
        return kernel
    # each value of the smaller side of a (transposed) convolution meets the whole kernel once
    smaller = layer.input.shape if isinstance(layer, keras.layers.Conv2DTranspose) else layer.output.shape
    return kernel * smaller[1] * smaller[2]


def per_image(
    training: TrainingConfig, generator: keras.Sequential, discriminator: keras.Sequential, pytorch: bool
) -> float:
    """Multiply-adds of a training step for each real image that it takes."""
    of_generator = generator_passes(training).cost(forward_costs(generator))
    of_discriminator = discriminator_passes(training, pytorch).cost(forward_costs(discriminator))
    return (of_generator + of_discriminator) / training.d_steps
