"""A configuration as text: settings, layer tables, parameter counts, memory."""

import keras

from dcgan_tf import geometry
from dcgan_tf.config import Config, all_settings
from dcgan_tf.models import networks

_GIB = 1024**3

# Fitted to peak memory on a CPU, for six presets and batches from 16 to 256, to within a tenth of the whole. Copies of
# every parameter: weights, gradients, Adam's two, and what comes and goes while they are updated.
_PARAMETER_COPIES = 5.5
_ACTIVATION_COPIES = 1.0
_TENSORFLOW_GIB = 0.7


def settings_text(config: Config) -> str:
    """One line per setting, in the form in which the command line takes it; without dashes where it takes none."""
    lines = []
    for item in all_settings():
        value = config.value(item.name)
        text = geometry.size_text(value) if isinstance(value, tuple) else f"{value:g}" if item.type is float else value
        dashes = "--" if item.metadata["flag"] else ""
        lines.append(f"  {dashes}{item.name}={str(text).lower() if item.type is bool else text}")
    return "\n".join(lines)


def layer_table(model: keras.Model) -> str:
    """Name, output shape and parameters of every layer, and the sums."""
    rows = [("layer", "output", "parameters", "of them trainable")]
    for layer in model.layers:
        trainable = sum(int(v.shape.num_elements()) for v in layer.trainable_variables)
        shape = "x".join(str(side) for side in layer.output.shape[1:])
        rows.append((layer.name, shape, f"{layer.count_params():,}", f"{trainable:,}"))
    rows.append((f"{model.name} in all", "", f"{model.count_params():,}", f"{networks.trainable_count(model):,}"))
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
    return int(variables + _ACTIVATION_COPIES * size * config.training.batch_size * per_image)


def _outputs(model: keras.Model) -> int:
    total = 0
    for layer in model.layers:
        count = 1
        for side in layer.output.shape[1:]:
            count *= side
        total += count
    return total


def describe(config: Config, preset: str) -> str:
    """All that `--dry_run` prints. The networks are built to be counted, and thrown away."""
    generator, discriminator = networks.build_generator(config.model), networks.build_discriminator(config.model)
    memory = training_bytes(config, generator, discriminator) / _GIB
    return "\n".join(
        [
            f"configuration (preset {preset}):",
            settings_text(config),
            "",
            layer_table(generator),
            "",
            layer_table(discriminator),
            "",
            f"memory for training: about {memory:.1f} GiB, and about {_TENSORFLOW_GIB} GiB for TensorFlow itself",
        ]
    )
