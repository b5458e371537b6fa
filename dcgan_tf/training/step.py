"""The training step: batches to updated state, inside one graph. It touches no file and prints nothing.

Everything is averaged over the *global* batch exactly once: losses are sums over a replica's examples divided by the
global batch, gradients are summed over replicas by the optimizer, batch norm sums its statistics over replicas. Latents
are drawn for the global batch and sliced. So a step is the same on one device and on several.

Sums are written so that their order is fixed, see `fixed_order_of_sums`.

Conditional networks: generated images take the labels of the batch of real ones, as in the paper's MNIST code. So each
class is asked for as often as the data have it, the discriminator learns nothing from how often a label comes, and the
labels of every replica are there with its images.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.config import Config, OptimizerConfig
from dcgan_tf.models import latent, pixels
from dcgan_tf.training import distribution
from dcgan_tf.training.state import TrainingState

EMA_WARMUP = 10.0


def make_train_steps(
    state: TrainingState, config: Config, strategy: tf.distribute.Strategy
) -> Callable[[Iterator, tf.Tensor], None]:
    """Returns `train_steps(iterator, count)`: `count` training steps in one graph call.

    The iterator yields distributed (images uint8, labels int32) of one global batch; a step takes as many as its
    schedule has discriminator updates. Scalars are added to `state.sums`; nothing is returned, nothing leaves the
    device.
    """
    update, clock = _Update(state, config, strategy), distribution.clock()
    replica_step = tf.function(update.step, jit_compile=True) if config.training.jit else update.step

    @tf.function
    def train_steps(iterator, count):
        for _ in tf.range(count):
            batches, step, seconds = _timed_batches(iterator, config, state.step, clock)
            _set_rates(state, config.optimizer, step, strategy)
            parts = strategy.run(replica_step, args=(batches, _global_latents(config, step)))
            state.sums.assign_add(_total(parts, strategy))
            state.summed_steps.assign_add(1)
            state.step.assign_add(1)
            state.seconds_waiting.assign_add(seconds)
            _update_averages(state, config.training.ema_decay, strategy)

    return train_steps


@contextmanager
def fixed_order_of_sums() -> Iterator[None]:
    """Trains to the same bits however busy the processor is; `train_steps` is to be called inside the block.

    `AddN`, the sum of several tensors, adds in an order that depends on which of its inputs can lend its memory at that
    moment. From three tensors on, the order changes the last bits. So nothing here makes an `AddN` of more than two:
    gradients are summed in pairs. TensorFlow's graph optimizer would merge such pairs, and any other chain of
    additions, into one `AddN` again. The block switches that optimization off, for the whole process.
    """
    option = "arithmetic_optimization"
    before = tf.config.optimizer.get_experimental_options().get(option, True)
    tf.config.optimizer.set_experimental_options({option: False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({option: before})


def _total(parts: tf.Tensor, strategy: tf.distribute.Strategy) -> tf.Tensor:
    """The sum over all replicas, in their order where `strategy.reduce` would use an `AddN`."""
    if strategy.num_replicas_in_sync == 1:
        return parts

    def of_replica(part: tf.Tensor) -> tf.Tensor:
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, part)

    return strategy.experimental_local_results(strategy.run(of_replica, args=(parts,)))[0]


def _timed_batches(iterator: Iterator, config: Config, step: tf.Variable, clock: Callable[[], tf.Tensor]):
    """The next batches of one step, the step, and the seconds that the batches were waited for.

    A batch is (images,), or (images, labels) where the networks are conditional.

    The step is read after the batches have come, and the latents depend on it, so nothing else computes while the clock
    runs.
    """
    parts_of_batch = 2 if config.model.conditional else 1
    start = clock()
    with tf.control_dependencies([start]):
        batches = [next(iterator)[:parts_of_batch] for _ in range(config.training.d_steps)]
    parts = [part for batch in batches for part in tf.nest.flatten(batch, expand_composites=True)]
    with tf.control_dependencies(parts):
        seconds = clock() - start
    with tf.control_dependencies([seconds]):
        return batches, step.read_value(), seconds


def _global_latents(config: Config, step: tf.Tensor) -> list[tf.Tensor]:
    """The latents of one step, for all replicas together: float32 [batch_size, latent_dim] each.

    One for each discriminator update of algorithm1, then the one that the generator is updated with. They are drawn
    outside of what XLA compiles, because XLA draws other numbers from the same seed.
    """
    training, model = config.training, config.model

    def draw(stream: str, counter: tf.Tensor) -> tf.Tensor:
        return latent.draw(
            training.seed, stream, counter, training.batch_size, model.latent_dim, model.latent_distribution
        )

    own = range(training.d_steps) if training.update == "algorithm1" else ()
    return [draw("discriminator_latents", step * training.d_steps + index) for index in own] + [draw("latents", step)]


def _set_rates(
    state: TrainingState, config: OptimizerConfig, step: tf.Tensor, strategy: tf.distribute.Strategy
) -> None:
    """The learning rates of this step, where they fall: a function of the step, so that a resumed run has the same."""
    if not config.decay_steps:
        return
    fallen = tf.cast(step - config.decay_start, tf.float32) / config.decay_steps
    rate = config.learning_rate * (1.0 - tf.clip_by_value(fallen, 0.0, 1.0))
    for variable in state.rates:
        strategy.extended.update(variable, lambda variable, value: variable.assign(value), args=(rate,))


def _update_averages(state: TrainingState, decay: float, strategy: tf.distribute.Strategy) -> None:
    """average += (1 - decay) * (variable - average), with a shorter memory in the first steps."""
    if not state.averages:
        return
    done = tf.cast(state.step, tf.float32)
    weight = 1.0 - tf.minimum(decay, (1.0 + done) / (EMA_WARMUP + done))
    for average, variable in zip(state.averages, state.generator.trainable_variables, strict=True):
        strategy.extended.update(average, lambda a, v: a.assign_add(weight * (v - a)), args=(variable.value,))


class _Update:
    """The two update schedules, as seen by one replica."""

    def __init__(self, state: TrainingState, config: Config, strategy: tf.distribute.Strategy):
        self.generator, self.discriminator = state.generator, state.discriminator
        self.generator_optimizer = state.generator_optimizer
        self.discriminator_optimizer = state.discriminator_optimizer
        self.batch_size = config.training.batch_size
        self.loss, self.real_target = state.loss, 1.0 - config.loss.label_smoothing
        self.l2 = config.optimizer.l2
        self.replicas = strategy.num_replicas_in_sync
        self.replica_batch = distribution.replica_batch(strategy, self.batch_size)
        self.step = {"simultaneous": self._simultaneous, "algorithm1": self._algorithm1}[config.training.update]

    def _simultaneous(self, batches: list[tuple[tf.Tensor, ...]], latents: list[tf.Tensor]) -> tf.Tensor:
        """One generator pass; both networks are updated from the same outputs."""
        images, *labels = batches[0]
        generated = self.generator(models.inputs(self._slice(latents[0]), *labels), training=True)
        real_logits, fake_logits = self._logits(images, generated, *labels)
        d_loss = self._discriminator_loss(real_logits, fake_logits)
        g_loss = self._generator_loss(fake_logits)
        d_gradients = self._gradients(d_loss, self.discriminator, self.discriminator_optimizer)
        g_gradients = self._gradients(g_loss, self.generator, self.generator_optimizer)
        self.discriminator_optimizer.apply(d_gradients, self.discriminator.trainable_variables)
        self.generator_optimizer.apply(g_gradients, self.generator.trainable_variables)
        return self._scalars(d_loss, g_loss, real_logits, fake_logits)

    def _algorithm1(self, batches: list[tuple[tf.Tensor, ...]], latents: list[tf.Tensor]) -> tf.Tensor:
        """k discriminator updates on fresh images and latents, one generator update on fresh latents.

        Algorithm 1 of Goodfellow et al., 2014 (arXiv:1406.2661). The scalars are those of the last discriminator
        update, and the generator's labels are those of its batch.
        """
        for batch, z in zip(batches, latents[:-1], strict=True):
            d_loss, real_logits, fake_logits = self._update_discriminator(self._slice(z), *batch)
        g_loss = self._update_generator(self._slice(latents[-1]), *batches[-1][1:])
        return self._scalars(d_loss, g_loss, real_logits, fake_logits)

    def _update_discriminator(self, latents: tf.Tensor, images: tf.Tensor, *labels: tf.Tensor):
        generated = self.generator(models.inputs(latents, *labels), training=True)
        real_logits, fake_logits = self._logits(images, generated, *labels)
        loss = self._discriminator_loss(real_logits, fake_logits)
        gradients = self._gradients(loss, self.discriminator, self.discriminator_optimizer)
        self.discriminator_optimizer.apply(gradients, self.discriminator.trainable_variables)
        return loss, real_logits, fake_logits

    def _update_generator(self, latents: tf.Tensor, *labels: tf.Tensor) -> tf.Tensor:
        generated = self.generator(models.inputs(latents, *labels), training=True)
        loss = self._generator_loss(self.discriminator(models.inputs(generated, *labels), training=True))
        gradients = self._gradients(loss, self.generator, self.generator_optimizer)
        self.generator_optimizer.apply(gradients, self.generator.trainable_variables)
        return loss

    def _slice(self, latents: tf.Tensor) -> tf.Tensor:
        """This replica's part of the global latents: float32 [replica batch, latent_dim]."""
        if self.replicas == 1:
            return latents
        first = tf.distribute.get_replica_context().replica_id_in_sync_group * self.replica_batch
        return tf.ensure_shape(latents[first : first + self.replica_batch], [self.replica_batch, latents.shape[1]])

    def _logits(self, images: tf.Tensor, generated: tf.Tensor, *labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Real and generated images pass the discriminator apart, each with its own batch statistics."""
        real_logits = self.discriminator(models.inputs(pixels.to_model_range(images), *labels), training=True)
        return real_logits, self.discriminator(models.inputs(generated, *labels), training=True)

    def _discriminator_loss(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return self._mean(self.loss.real(real_logits, self.real_target)) + self._mean(self.loss.fake(fake_logits))

    def _generator_loss(self, fake_logits: tf.Tensor) -> tf.Tensor:
        return self._mean(self.loss.generator(fake_logits))

    def _mean(self, per_example: tf.Tensor) -> tf.Tensor:
        """This replica's share of the mean over the global batch."""
        return tf.reduce_sum(per_example) / self.batch_size

    def _gradients(self, loss: tf.Tensor, model, optimizer) -> list[tf.Tensor]:
        """This replica's share of the gradients, scaled where the precision asks for it, summed in pairs.

        A gradient tape sums with `AddN`. L2 is added here, because it is one more term for each parameter: the loss has
        l2/2 * |p|^2 more, its gradient l2 * p, on every trainable parameter, as in the paper's code.
        """
        variables = [variable.value for variable in model.trainable_variables]
        gradients = tf.gradients(
            optimizer.scale_loss(loss),
            variables,
            aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE,  # in pairs
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        if self.l2:
            l2 = optimizer.scale_loss(tf.constant(self.l2 / self.replicas))
            gradients = [gradient + l2 * variable for gradient, variable in zip(gradients, variables, strict=True)]
        # Sums of pairs name no device, and several workers can only exchange what is on one.
        return [tf.identity(gradient) for gradient in gradients]

    def _scalars(self, d_loss, g_loss, real_logits, fake_logits) -> tf.Tensor:
        """This replica's share of `SCALARS`: float32 [5]."""
        real, fake = self.loss.realness(real_logits), self.loss.realness(fake_logits)
        right = tf.cast(tf.concat([real > 0.5, fake < 0.5], axis=0), tf.float32)
        return tf.stack([d_loss, g_loss, self._mean(real), self._mean(fake), self._mean(right) / 2.0])
