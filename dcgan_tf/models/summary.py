"""Layer tables, and how much memory training takes."""

import math

import keras

from dcgan_tf.config import Config
from dcgan_tf.models import networks

TENSORFLOW_GIB = 0.7
"""Memory of TensorFlow itself. Like the estimate below fitted to peak memory on a CPU, to within a tenth, for six
presets and batches from 16 to 256."""


def layer_table(model: keras.Model) -> str:
    """Name, output shape and parameters of every layer, and the sums."""
    rows = [("layer", "output", "parameters", "trainable")]
    for layer in model.layers:
        trainable = sum(math.prod(variable.shape) for variable in layer.trainable_variables)
        shape = "x".join(str(side) for side in layer.output.shape[1:])
        rows.append((layer.name, shape, f"{layer.count_params():,}", f"{trainable:,}"))
    rows.append((f"{model.name} total", "", f"{model.count_params():,}", f"{networks.trainable_count(model):,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}" for row in rows
    )


def training_bytes(config: Config, generator: keras.Model, discriminator: keras.Model) -> int:
    """A rough estimate of the memory that training takes on all devices together, without TensorFlow itself."""
    g, d = networks.trainable_count(generator), networks.trainable_count(discriminator)
    variables = 4 * (
        4 * (g + d) + g + (g if config.training.ema_decay else 0)
    )  # weights, gradients, Adam's two; copies
    size = 4 if config.training.precision == "float32" else 2
    per_image = _outputs(generator) + 2 * _outputs(discriminator)  # real and generated images pass the discriminator
    return variables + size * config.training.batch_size * per_image


def _outputs(model: keras.Model) -> int:
    return sum(math.prod(layer.output.shape[1:]) for layer in model.layers)
