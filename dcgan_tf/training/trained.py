"""From a run directory to a generator that makes images."""

from dataclasses import dataclass

from dcgan_tf import runs
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
    config, recorded = run.read_config()
    path = checkpoints.find(run, checkpoint)
    weights = weights or ("ema" if config.training.ema_decay else "raw")
    generator = InferenceGenerator(config.model)
    found = checkpoints.sampling_weights(path, weights)
    checkpoints.require_fit(path, found, named_variables(generator.model, trainable_only=True))
    generator.load(found)
    class_names = tuple(recorded["data"]["class_names"]) if config.model.conditional else ()
    return TrainedGenerator(generator, runs.step_of(path), weights, class_names)
