"""Multiply-adds of a training step, counted from the layer tables of the networks.

Counted are the matrix products of dense layers and convolutions, padding included, as is usual; batch norm,
activations, losses and Adam are not.

A step passes a layer in three ways, each as costly as the others: forward, gradient of the weights, gradient of the
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

import math

import keras

from dcgan_tf.config import TrainingConfig


def passes(training: TrainingConfig, pytorch: bool) -> tuple[int, int]:
    """How often one training step passes a layer of the generator, and one of the discriminator; not the first ones."""
    k, shared = training.d_steps, training.update == "simultaneous"
    generator = 3 if shared else k + 3
    forward = 2 * k if shared and not pytorch else 2 * k + 1  # one pass over generated images serves both updates
    weights = 2 * k + 1 if pytorch else 2 * k
    return generator, forward + weights + 2 * k + 1


def forward_costs(model: keras.Sequential) -> list[int]:
    """Multiply-adds of one image forward, of each layer that has a kernel, in order."""
    return [_forward_cost(layer) for layer in model.layers if hasattr(layer, "kernel")]


def _forward_cost(layer: keras.layers.Layer) -> int:
    kernel = math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Dense):
        return kernel
    # each value of the smaller side of a (transposed) convolution meets the whole kernel once
    smaller = layer.input.shape if isinstance(layer, keras.layers.Conv2DTranspose) else layer.output.shape
    return kernel * smaller[1] * smaller[2]


def per_image(
    training: TrainingConfig, generator: keras.Sequential, discriminator: keras.Sequential, pytorch: bool
) -> float:
    """Multiply-adds of a training step for each real image that it takes."""
    of_generator, of_discriminator = passes(training, pytorch)
    g_layers, d_layers = forward_costs(generator), forward_costs(discriminator)
    total = sum(g_layers) * of_generator - g_layers[0]
    total += sum(d_layers) * of_discriminator - d_layers[0] * 2 * training.d_steps
    return total / training.d_steps
