"""From a run directory to a generator that makes images, and to a discriminator that has learned something."""

from pathlib import Path

import numpy as np

from dcgan_tf import checkpoints, runs
from dcgan_tf.errors import ArgumentError
from dcgan_tf.models import custom_networks, networks
from dcgan_tf.models.generator import Generator


def load_generator(
    directory: runs.RunDirectory, checkpoint: int | str | Path | None = None, weights: str | None = None
) -> Generator:
    """The generator of a checkpoint, in float32, ready to make images.

    Args:
        directory: the run directory.
        checkpoint: "latest", "best", a step, or the path of a checkpoint of this run; None for the latest.
        weights: "ema" for the moving average, "raw" for the last weights, None for the average where the run has one.

    Raises:
        UserError: when there is no such run, checkpoint or average, or they do not fit together.
    """
    if weights not in (None, "ema", "raw"):
        raise ArgumentError("weights", weights, "choose one of ema, raw")
    config, recorded = directory.read_config()  # that there is no run is said before that there is no checkpoint
    path = checkpoint if isinstance(checkpoint, Path) else checkpoints.find(directory, checkpoint)
    weights = weights or ("ema" if config.training.ema_decay else "raw")
    names = recorded["data"]["class_names"] if config.model.conditional else ()
    generator = Generator(config.model, names, custom_networks.stored(directory, config.model, "generator"))
    found = checkpoints.sampling_weights(path, weights)
    checkpoints.require_fit(path, found, networks.named_variables(generator.model, trainable_only=True))
    generator.load(found)
    generator.step, generator.weights = runs.step_of(path), weights
    return generator


def discriminator_weights(directory: runs.RunDirectory, path: Path) -> dict[str, np.ndarray]:
    """The trainable variables of the discriminator in one checkpoint file of a run, by "layer/variable".

    Raises:
        UserError: when the file cannot be read, or is not one of this configuration.
    """
    config, _ = directory.read_config()
    found = checkpoints.trainable(checkpoints.read(path, "discriminator/"))
    model = custom_networks.stored(directory, config.model, "discriminator") or networks.build_discriminator(
        config.model
    )
    checkpoints.require_fit(path, found, networks.named_variables(model, trainable_only=True))
    return found
