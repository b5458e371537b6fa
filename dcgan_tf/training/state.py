"""Everything that a step changes, in one object, complete and built before the first trace."""

import keras
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.config import Config, OptimizerConfig
from dcgan_tf.models.custom_networks import Custom

SCALARS = ("d_loss", "g_loss", "d_real", "d_fake", "d_accuracy")
"""A step's report: both losses, mean D(x) of real and of generated images, share the discriminator gets right."""


class TrainingState:
    """Networks, optimizers, moving average, step and running sums.

    Make it inside the strategy's scope.

    Args:
        config: all settings.
        custom: networks and a loss of the user's own.

    Attributes:
        loss: what both networks minimize.
        generator, discriminator: Keras models in the run's precision; their variables are float32.
        generator_optimizer, discriminator_optimizer: Adam, with their slots made.
        rates: float32, the learning rate of each optimizer.
        averages: the moving average of the generator's trainable variables, in their order; empty without one.
        step: int64, generator updates done.
        sums: float32, the scalars of the steps since the last report, added up (see `SCALARS`).
        summed_steps: int64, how many steps `sums` holds.
        seconds_waiting: float64, time spent waiting for data since the last report; not part of a checkpoint.
    """

    def __init__(self, config: Config, custom: Custom | None = None):
        training, custom = config.training, custom or Custom()
        self.loss = custom.loss_of(config.loss.loss)
        self.generator = custom.network("generator") or models.build_generator(
            config.model, training.seed, training.precision
        )
        self.discriminator = custom.network("discriminator") or models.build_discriminator(
            config.model, training.seed, training.precision
        )
        rates = config.optimizer.learning_rate, config.optimizer.rate_of_discriminator
        self.generator_optimizer = _adam(config.optimizer, rates[0], training.precision, self.generator)
        self.discriminator_optimizer = _adam(config.optimizer, rates[1], training.precision, self.discriminator)
        self.rates = [each.learning_rate.value for each in (self.generator_optimizer, self.discriminator_optimizer)]
        self.averages = [
            tf.Variable(variable.value, trainable=False, name=f"average_{index}")
            for index, variable in enumerate(self.generator.trainable_variables)
            if training.ema_decay
        ]
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        self.sums = tf.Variable(tf.zeros([len(SCALARS)]), trainable=False, name="sums")
        self.summed_steps = tf.Variable(0, dtype=tf.int64, trainable=False, name="summed_steps")
        self.seconds_waiting = tf.Variable(0.0, dtype=tf.float64, trainable=False, name="seconds_waiting")

    def variables(self) -> dict[str, tf.Variable]:
        """All that a checkpoint holds, by stable names."""
        named = {"step": self.step, "sums": self.sums, "summed_steps": self.summed_steps}
        named |= {f"generator/{name}": variable for name, variable in models.named_variables(self.generator).items()}
        named |= {
            f"discriminator/{name}": variable for name, variable in models.named_variables(self.discriminator).items()
        }
        trainable = models.named_variables(self.generator, trainable_only=True)
        named |= {f"ema/{name}": average for name, average in zip(trainable, self.averages, strict=False)}
        named |= _optimizer_variables("generator_optimizer", self.generator_optimizer)
        named |= _optimizer_variables("discriminator_optimizer", self.discriminator_optimizer)
        return named

    def sampling_weights(self) -> dict[str, tf.Variable]:
        """The trainable variables that samples are drawn from: the moving average, or the generator without one."""
        trainable = models.named_variables(self.generator, trainable_only=True)
        return dict(zip(trainable, self.averages, strict=True)) if self.averages else trainable


def _adam(config: OptimizerConfig, rate: float, precision: str, model: keras.Model) -> keras.optimizers.Optimizer:
    """Adam (paper, section 4), its slots made at once: under a strategy they cannot be made inside the step."""
    optimizer = keras.optimizers.Adam(rate, config.beta_1, config.beta_2, config.epsilon, name="adam")
    if precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, name="loss_scale")
    optimizer.build(model.trainable_variables)
    return optimizer


def _optimizer_variables(prefix: str, optimizer: keras.optimizers.Optimizer) -> dict[str, tf.Variable]:
    return {f"{prefix}/{variable.path}": variable.value for variable in optimizer.variables}
