"""What `--dry_run` prints: settings, layers, parameters and memory."""

from dcgan_tf import geometry, models
from dcgan_tf.config import Config, all_settings
from dcgan_tf.models import summary


def describe(config: Config, preset: str) -> str:
    """A configuration as text. The networks are built to be counted, and thrown away."""
    generator, discriminator = models.build_generator(config.model), models.build_discriminator(config.model)
    memory = summary.training_bytes(config, generator, discriminator) / 1024**3
    parts = [
        f"configuration (preset {preset}):",
        _settings(config),
        "",
        summary.layer_table(generator),
        "",
        summary.layer_table(discriminator),
        "",
        f"memory for training: about {memory:.1f} GiB, and about {summary.TENSORFLOW_GIB} GiB for TensorFlow itself",
    ]
    return "\n".join(parts)


def _settings(config: Config) -> str:
    """One line per setting, as the command line takes it; without dashes if it takes none."""
    lines = []
    for item in all_settings():
        value = config.value(item.name)
        text = geometry.size_text(value) if isinstance(value, tuple) else f"{value:g}" if item.type is float else value
        dashes = "--" if item.metadata["flag"] else ""
        lines.append(f"  {dashes}{item.name}={str(text).lower() if item.type is bool else text}")
    return "\n".join(lines)
