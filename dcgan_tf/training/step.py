"""The training step: batches to updated state, inside one graph. It touches no file and prints nothing.

Everything is averaged over the *global* batch exactly once: losses are sums over a replica's examples divided by the
global batch, gradients are summed over replicas by the optimizer, batch norm sums its statistics over replicas. Latents
are drawn for the global batch and sliced. So a step is the same on one device and on several.

Sums are written so that their order is fixed, see `fixed_order_of_sums`.

Conditional networks: generated images take the labels of the batch of real ones, as in the paper's MNIST code. So each
class is asked for as often as the data have it, the discriminator learns nothing from how often a label comes, and the
labels of every replica are there with its images.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf

from dcgan_tf import augmentations, models
from dcgan_tf.config import Config, OptimizerConfig
from dcgan_tf.models import latent, pixels
from dcgan_tf.models.spectral_norm import spectral_layers
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
    clock, every = distribution.clock(), config.loss.r1_every
    plain = _replica_step(state, config, strategy, penalized=bool(config.loss.r1) and every == 1)
    penalized = _replica_step(state, config, strategy, penalized=True) if config.loss.r1 and every > 1 else None

    @tf.function
    def train_steps(iterator, count):
        for _ in tf.range(count):
            batches, step, seconds = _timed_batches(iterator, config, state.step, clock)
            _set_rates(state, config.optimizer, step, strategy)
            _advance_norms(state, strategy)
            arguments = (batches, _global_draws(config, step))
            if penalized is None:
                parts = _total(strategy.run(plain, args=arguments), strategy)
            elif step % every == 0:
                parts = _total(strategy.run(penalized, args=arguments), strategy)
            else:
                parts = _total(strategy.run(plain, args=arguments), strategy)
            state.sums.assign_add(parts)
            state.summed_steps.assign_add(1)
            state.step.assign_add(1)
            state.seconds_waiting.assign_add(seconds)
            _update_averages(state, config.training.ema_decay, strategy)

    return train_steps


def _replica_step(
    state: TrainingState, config: Config, strategy: tf.distribute.Strategy, penalized: bool
) -> Callable[..., tf.Tensor]:
    step = _Update(state, config, strategy, penalized).step
    return tf.function(step, jit_compile=True) if config.training.jit else step


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


def _global_draws(config: Config, step: tf.Tensor) -> list[tuple[tf.Tensor, ...]]:
    """What is random in one step, for all replicas together, at each update.

    That is the latents, float32 [batch_size, latent_dim], and where images are augmented the numbers for the real and
    for the generated ones, float32 [batch_size, 2, numbers] in [0, 1). There is one entry for each discriminator update
    of algorithm1, then one for the update of the generator. They are drawn outside of what XLA compiles, because XLA
    draws other numbers from the same seed.
    """
    training, model = config.training, config.model
    numbers = augmentations.numbers_needed(augmentations.chosen(training.augment))

    def draw(prefix: str, counter: tf.Tensor) -> tuple[tf.Tensor, ...]:
        seed, size = training.seed, training.batch_size
        z = latent.draw(seed, f"{prefix}latents", counter, size, model.latent_dim, model.latent_distribution)
        if not numbers:
            return (z,)
        signed = latent.draw(seed, f"{prefix}augmentations", counter, size, 2 * numbers, "uniform")
        return z, tf.reshape((signed + 1.0) / 2.0, [size, 2, numbers])

    own = range(training.d_steps) if training.update == "algorithm1" else ()
    return [draw("discriminator_", step * training.d_steps + index) for index in own] + [draw("", step)]


def _set_rates(
    state: TrainingState, config: OptimizerConfig, step: tf.Tensor, strategy: tf.distribute.Strategy
) -> None:
    """The learning rates of this step, where they fall: a function of the step, so that a resumed run has the same."""
    if not config.decay_steps:
        return
    fallen = tf.cast(step - config.decay_start, tf.float32) / config.decay_steps
    for variable, rate in zip(state.rates, (config.learning_rate, config.rate_of_discriminator), strict=True):
        value = rate * (1.0 - tf.clip_by_value(fallen, 0.0, 1.0))
        strategy.extended.update(variable, lambda variable, value: variable.assign(value), args=(value,))


def _advance_norms(state: TrainingState, strategy: tf.distribute.Strategy) -> None:
    """One step of every power iteration of the discriminator's spectral norms; replicas have the same kernels."""
    for layer in spectral_layers(state.discriminator):
        strategy.extended.update(
            layer.vector.value,
            lambda vector, kernel, layer=layer: vector.assign(layer.advanced(vector, kernel)),
            args=(layer.weights[0].value,),
        )


def _update_averages(state: TrainingState, decay: float, strategy: tf.distribute.Strategy) -> None:
    """average += (1 - decay) * (variable - average), with a shorter memory in the first steps."""
    if not state.averages:
        return
    done = tf.cast(state.step, tf.float32)
    weight = 1.0 - tf.minimum(decay, (1.0 + done) / (EMA_WARMUP + done))
    for average, variable in zip(state.averages, state.generator.trainable_variables, strict=True):
        strategy.extended.update(average, lambda a, v: a.assign_add(weight * (v - a)), args=(variable.value,))


class _Update:
    """The two update schedules, as seen by one replica; `penalized`: with the gradient penalty in this step."""

    def __init__(self, state: TrainingState, config: Config, strategy: tf.distribute.Strategy, penalized: bool):
        self.generator, self.discriminator = state.generator, state.discriminator
        self.generator_optimizer = state.generator_optimizer
        self.discriminator_optimizer = state.discriminator_optimizer
        self.batch_size = config.training.batch_size
        self.loss, self.real_target = state.loss, 1.0 - config.loss.label_smoothing
        self.r1 = config.loss.r1 * config.loss.r1_every if penalized else 0.0
        self.augment = augmentations.chosen(config.training.augment)
        self.l2 = config.optimizer.l2
        self.replicas = strategy.num_replicas_in_sync
        self.replica_batch = distribution.replica_batch(strategy, self.batch_size)
        self.step = {"simultaneous": self._simultaneous, "algorithm1": self._algorithm1}[config.training.update]

    def _simultaneous(self, batches: list[tuple[tf.Tensor, ...]], draws: list[tuple[tf.Tensor, ...]]) -> tf.Tensor:
        """One generator pass; both networks are updated from the same outputs."""
        images, *labels = batches[0]
        z, *numbers = map(self._slice, draws[0])
        generated = self.generator(models.inputs(z, *labels), training=True)
        d_loss, penalty, real_logits, fake_logits = self._discriminate(images, generated, labels, numbers)
        g_loss = self._mean(self.loss.generator(fake_logits))
        d_gradients = self._gradients(d_loss + penalty, self.discriminator, self.discriminator_optimizer)
        g_gradients = self._gradients(g_loss, self.generator, self.generator_optimizer)
        self.discriminator_optimizer.apply(d_gradients, self.discriminator.trainable_variables)
        self.generator_optimizer.apply(g_gradients, self.generator.trainable_variables)
        return self._scalars(d_loss, g_loss, real_logits, fake_logits)

    def _algorithm1(self, batches: list[tuple[tf.Tensor, ...]], draws: list[tuple[tf.Tensor, ...]]) -> tf.Tensor:
        """k discriminator updates on fresh images and latents, one generator update on fresh latents.

        Algorithm 1 of Goodfellow et al., 2014 (arXiv:1406.2661). The scalars are those of the last discriminator
        update, and the generator's labels are those of its batch.
        """
        for batch, draw in zip(batches, draws[:-1], strict=True):
            d_loss, real_logits, fake_logits = self._update_discriminator(map(self._slice, draw), *batch)
        g_loss = self._update_generator(map(self._slice, draws[-1]), *batches[-1][1:])
        return self._scalars(d_loss, g_loss, real_logits, fake_logits)

    def _update_discriminator(self, draw: Iterable[tf.Tensor], images: tf.Tensor, *labels: tf.Tensor):
        z, *numbers = draw
        generated = self.generator(models.inputs(z, *labels), training=True)
        loss, penalty, real_logits, fake_logits = self._discriminate(images, generated, labels, numbers)
        gradients = self._gradients(loss + penalty, self.discriminator, self.discriminator_optimizer)
        self.discriminator_optimizer.apply(gradients, self.discriminator.trainable_variables)
        return loss, real_logits, fake_logits

    def _update_generator(self, draw: Iterable[tf.Tensor], *labels: tf.Tensor) -> tf.Tensor:
        z, *numbers = draw
        generated = self._augmented(self.generator(models.inputs(z, *labels), training=True), numbers, 1)
        logits = self.discriminator(models.inputs(generated, *labels), training=True)
        loss = self._mean(self.loss.generator(logits))
        gradients = self._gradients(loss, self.generator, self.generator_optimizer)
        self.generator_optimizer.apply(gradients, self.generator.trainable_variables)
        return loss

    def _slice(self, drawn: tf.Tensor) -> tf.Tensor:
        """This replica's rows of what was drawn for all: float32 [replica batch, ...]."""
        if self.replicas == 1:
            return drawn
        first = tf.distribute.get_replica_context().replica_id_in_sync_group * self.replica_batch
        return tf.ensure_shape(drawn[first : first + self.replica_batch], [self.replica_batch, *drawn.shape[1:]])

    def _discriminate(
        self, images: tf.Tensor, generated: tf.Tensor, labels: Sequence[tf.Tensor], numbers: Sequence[tf.Tensor]
    ) -> tuple[tf.Tensor, ...]:
        """The discriminator's loss, its gradient penalty, and its logits on real and on generated images.

        Real and generated images pass it apart, each with its own batch statistics.
        """
        real = self._augmented(pixels.to_model_range(images), numbers, 0)
        real_logits = self.discriminator(models.inputs(real, *labels), training=True)
        fake_inputs = models.inputs(self._augmented(generated, numbers, 1), *labels)
        fake_logits = self.discriminator(fake_inputs, training=True)
        loss = self._mean(self.loss.real(real_logits, self.real_target)) + self._mean(self.loss.fake(fake_logits))
        return loss, self._penalty(real_logits, real), real_logits, fake_logits

    def _augmented(self, images: tf.Tensor, numbers: Sequence[tf.Tensor], which: int) -> tf.Tensor:
        """Images as the discriminator sees them; `which`: 0 for real ones, 1 for generated ones."""
        return augmentations.augmented(images, self.augment, numbers[0][:, which]) if self.augment else images

    def _penalty(self, logits: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        """R1 (Mescheder et al., 2018, arXiv:1801.04406): r1/2 times the mean squared gradient at real images.

        Every image has its own gradient, because nothing in the discriminator couples them.
        """
        if not self.r1:
            return tf.zeros([])
        (gradient,) = tf.gradients(logits, images, aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE)
        return self.r1 / 2.0 * self._mean(tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]))

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
