"""From a run directory to a generator that makes images, and to a discriminator that has learned something."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dcgan_tf import models, runs
from dcgan_tf.generation import InferenceGenerator
from dcgan_tf.training import checkpoints
from dcgan_tf.training.state import named_variables


@dataclass(frozen=True)
class TrainedGenerator:
    """A generator in float32, and which one it is.

    Attributes:
        generator: ready to make images.
        step: generator updates it was trained for.
        weights: "ema" for the moving average, "raw" for the weights themselves.
        class_names: of the classes it was told; none where it was told none.
    """

    generator: InferenceGenerator
    step: int
    weights: str
    class_names: tuple[str, ...]


def generator_of(run: runs.Run, checkpoint: int | str | None = None, weights: str | None = None) -> TrainedGenerator:
    """The generator of a checkpoint.

    Args:
        run: the run directory.
        checkpoint: "latest", "best" or a step, as in `checkpoints.find`; None for the latest.
        weights: "ema", "raw", or None for the average where the run has one.

    Raises:
        UserError: when there is no such run, checkpoint or average, or they do not fit together.
    """
    run.read_config()  # that there is no run is said before that there is no checkpoint
    return generator_in(run, checkpoints.find(run, checkpoint), weights)


def generator_in(run: runs.Run, path: Path, weights: str | None = None) -> TrainedGenerator:
    """The generator in one checkpoint file of a run; see `generator_of`."""
    config, recorded = run.read_config()
    weights = weights or ("ema" if config.training.ema_decay else "raw")
    generator = InferenceGenerator(config.model)
    found = checkpoints.sampling_weights(path, weights)
    checkpoints.require_fit(path, found, named_variables(generator.model, trainable_only=True))
    generator.load(found)
    class_names = tuple(recorded["data"]["class_names"]) if config.model.conditional else ()
    return TrainedGenerator(generator, runs.step_of(path), weights, class_names)


def discriminator_in(run: runs.Run, path: Path) -> dict[str, np.ndarray]:
    """The trainable variables of the discriminator in one checkpoint file of a run, by "layer/variable".

    Raises:
        UserError: when the file cannot be read, or is not one of this configuration.
    """
    config, _ = run.read_config()
    found = {name: array for name, array in checkpoints.read(path, "discriminator/").items() if "/moving_" not in name}
    model = models.build_discriminator(config.model)
    checkpoints.require_fit(path, found, named_variables(model, trainable_only=True))
    return found
