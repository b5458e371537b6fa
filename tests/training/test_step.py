"""The step against an independent computation, and what every loss, schedule and precision must satisfy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import augmentations, presets
from dcgan_tf.config import Config, DeviceConfig
from dcgan_tf.losses import LOSSES
from dcgan_tf.models import latent, pixels
from dcgan_tf.training import distribution
from dcgan_tf.training.state import SCALARS, TrainingState
from dcgan_tf.training.step import make_train_steps

TINY = presets.PRESETS["tiny"]
CONDITIONAL = {"conditional": True, "classes": 3}


def real_batches(config: Config, count: int) -> np.ndarray:
    shape = (count, config.training.batch_size, *config.model.image_size, config.model.channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def real_labels(config: Config, count: int) -> np.ndarray:
    shape = (count, config.training.batch_size)
    return np.random.default_rng(1).integers(0, max(1, config.model.classes), shape, np.int32)


def trained(config: Config, steps: int, per_call: int = 1) -> TrainingState:
    strategy = distribution.make_strategy(DeviceConfig())
    with strategy.scope():
        state = TrainingState(config)
    batches = real_batches(config, steps * config.training.d_steps)
    labels = real_labels(config, len(batches))
    data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((batches, labels)))
    train_steps, iterator = make_train_steps(state, config, strategy), iter(data)
    for _ in range(steps // per_call):
        train_steps(iterator, tf.constant(per_call, tf.int64))
    return state


def values(state: TrainingState) -> dict[str, np.ndarray]:
    return {name: variable.numpy() for name, variable in state.variables().items()}


class Reference:
    """The same schedules in eager Keras, in plain code, for one device."""

    def __init__(self, config: Config):
        self.config, self.state, self.loss = config, TrainingState(config), LOSSES[config.loss.loss]
        self.target = 1.0 - config.loss.label_smoothing

    def latents(self, stream, counter):
        training, model = self.config.training, self.config.model
        return latent.draw(
            training.seed, stream, counter, training.batch_size, model.latent_dim, model.latent_distribution
        )

    def inputs(self, values, labels):
        return [values, labels] if self.config.model.conditional else values

    def seen(self, images, stream, counter, which):
        """Images as the discriminator sees them; `which`: 0 for real ones, 1 for generated ones."""
        training, names = self.config.training, augmentations.chosen(self.config.training.augment)
        count = augmentations.numbers_needed(names)
        drawn = latent.draw(training.seed, stream, counter, training.batch_size, 2 * count, "uniform")
        return augmentations.augmented(images, names, (drawn[:, which * count : (which + 1) * count] + 1) / 2)

    def d_update(self, batch, fakes, labels, step, *numbers):
        d, config = self.state.discriminator, self.config.loss
        with tf.GradientTape() as tape:
            images = tf.Variable(self.seen(pixels.to_model_range(batch), *numbers, 0))
            with tf.GradientTape() as inner:
                real = d(self.inputs(images, labels), training=True)
                summed = tf.reduce_sum(real)
            fake = d(self.inputs(self.seen(fakes, *numbers, 1), labels), training=True)
            loss = tf.reduce_mean(self.loss.real(real, self.target)) + tf.reduce_mean(self.loss.fake(fake))
            if config.r1 and step % config.r1_every == 0:
                lengths = tf.reduce_sum(inner.gradient(summed, images) ** 2, axis=[1, 2, 3])
                loss += config.r1_every * config.r1 / 2 * tf.reduce_mean(lengths)
        return loss, self.decayed(tape.gradient(loss, d.trainable_variables), d.trainable_variables)

    def advance_norms(self):
        """u = W'Wu / |W'Wu| in NumPy."""
        for layer in self.state.discriminator.layers:
            if hasattr(layer, "vector"):
                kernel = layer.weights[0].numpy()
                matrix = kernel.reshape(-1, kernel.shape[-1])
                u = matrix.T @ (matrix @ layer.vector.numpy())
                layer.vector.assign(u / np.linalg.norm(u))

    def set_rates(self, step):
        """Even steps down to 0."""
        optimizer = self.config.optimizer
        if optimizer.decay_steps:
            share = min(max(step - optimizer.decay_start, 0) / optimizer.decay_steps, 1)
            d_rate = optimizer.discriminator_learning_rate or optimizer.learning_rate
            self.state.generator_optimizer.learning_rate.assign(optimizer.learning_rate * (1 - share))
            self.state.discriminator_optimizer.learning_rate.assign(d_rate * (1 - share))

    def decayed(self, gradients, variables):
        return [g + self.config.optimizer.l2 * v for g, v in zip(gradients, variables, strict=True)]

    def run(self, batches, labels):
        state, k = self.state, self.config.training.d_steps
        g, d = state.generator, state.discriminator
        for step in range(len(batches) // k):
            self.set_rates(step)
            self.advance_norms()
            if self.config.training.update == "algorithm1":
                for index in range(k):
                    number = step * k + index
                    z = self.latents("discriminator_latents", number)
                    fakes = g(self.inputs(z, labels[number]), training=True)
                    numbers = ("discriminator_augmentations", number)
                    _, gradients = self.d_update(batches[number], fakes, labels[number], step, *numbers)
                    state.discriminator_optimizer.apply(gradients, d.trainable_variables)
            own = labels[step * k + k - 1]
            with tf.GradientTape() as tape:
                fakes = g(self.inputs(self.latents("latents", step), own), training=True)
                seen = self.seen(fakes, "augmentations", step, 1)
                g_loss = tf.reduce_mean(self.loss.generator(d(self.inputs(seen, own), training=True)))
            g_gradients = self.decayed(tape.gradient(g_loss, g.trainable_variables), g.trainable_variables)
            if self.config.training.update == "simultaneous":
                _, gradients = self.d_update(batches[step], fakes, own, step, "augmentations", step)
                state.discriminator_optimizer.apply(gradients, d.trainable_variables)
            state.generator_optimizer.apply(g_gradients, g.trainable_variables)
        return state


@pytest.mark.parametrize(
    "settings",
    [
        {"update": "simultaneous", "l2": 0.01, "label_smoothing": 0.1},
        {"update": "algorithm1", "loss": "lsgan", "l2": 0.01, "latent_distribution": "uniform"},
        {"update": "simultaneous", "decay_start": 1, "decay_steps": 2, "steps": 3},
        {"update": "algorithm1", "d_steps": 2, "decay_steps": 4, "steps": 3},
        {"update": "simultaneous", **CONDITIONAL},
        {"loss": "hinge", "d_norm": "spectral", "discriminator_layers": 2, "discriminator_learning_rate": 4e-4},
        pytest.param(
            {"update": "algorithm1", "augment": "color,translation,cutout", "d_norm": "none", "r1": 10.0},
            marks=pytest.mark.full,
        ),
        pytest.param(
            {
                "augment": "cutout",
                "d_norm": "spectral",
                "r1": 5.0,
                "r1_every": 2,
                "channels": 4,
                "decay_steps": 4,
                "steps": 3,
                "discriminator_learning_rate": 1e-3,
                **CONDITIONAL,
                "conditioning": "projection",
            },
            marks=pytest.mark.full,
        ),
        pytest.param(
            {"update": "algorithm1", "d_steps": 2, **CONDITIONAL, "hidden_units": 6, "output": "sigmoid"},
            marks=pytest.mark.full,
        ),
    ],
    ids=lambda settings: ",".join(f"{key}={value}" for key, value in settings.items()),
)
def test_the_step_equals_a_plain_computation(settings):
    config = TINY.with_settings(settings)
    graph = trained(config, steps=3)
    count = 3 * config.training.d_steps
    plain = Reference(config).run(real_batches(config, count), tf.constant(real_labels(config, count)))
    for mine, reference in [(graph.generator, plain.generator), (graph.discriminator, plain.discriminator)]:
        for a, b in zip(mine.trainable_variables, reference.trainable_variables, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=2e-6, err_msg=a.path)


def test_adam_is_textbook_with_the_papers_constants():
    """One parameter, NumPy, three steps."""
    optimizer = keras.optimizers.Adam.from_config(TrainingState(TINY).generator_optimizer.get_config())
    variable = keras.Variable(np.zeros(1, np.float32))
    m = v = x = 0.0
    for t, gradient in enumerate([0.3, -0.7, 0.2], start=1):
        optimizer.apply([tf.constant([gradient])], [variable])
        m, v = 0.5 * m + 0.5 * gradient, 0.999 * v + 0.001 * gradient**2
        x -= 2e-4 * (m / (1 - 0.5**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(variable.numpy(), [x], rtol=1e-4)


@pytest.mark.full
def test_the_learning_rate_falls_to_nothing():
    """When it is 0, nothing moves any more but the moving averages."""
    config = TINY.with_settings({"decay_start": 1, "decay_steps": 2, "steps": 3, "precision": "mixed_float16"})
    states = {steps: trained(config, steps) for steps in (2, 3, 4)}
    for steps, share in ((2, 1.0), (3, 0.5)):
        assert [rate.numpy() for rate in states[steps].rates] == pytest.approx([2e-4 * share] * 2)
    done, after = values(states[3]), values(states[4])
    for name in done:
        if name.endswith("/kernel") and not name.startswith(("ema", "generator_optimizer", "discriminator_optimizer")):
            assert np.array_equal(done[name], after[name]), name


@pytest.mark.parametrize(
    ("loss", "update", "precision"),
    [
        ("bce", "simultaneous", "mixed_bfloat16"),
        ("lsgan", "algorithm1", "mixed_bfloat16"),
        ("bce", "algorithm1", "mixed_float16"),
        ("lsgan", "simultaneous", "mixed_float16"),
    ],
)
def test_every_loss_schedule_and_precision_moves_both_networks(loss, update, precision):
    config = TINY.with_settings({"loss": loss, "update": update, "precision": precision})
    before, after = values(TrainingState(config)), values(trained(config, steps=2))
    for name, array in after.items():
        assert np.all(np.isfinite(array)), name
        if name.endswith("/kernel") and not name.startswith("ema"):
            assert not np.array_equal(array, before[name]), name
    assert after["step"] == after["summed_steps"] == 2


def test_several_steps_in_one_call_are_the_same_steps():
    one, many = values(trained(TINY, steps=6)), values(trained(TINY, steps=6, per_call=3))
    for name, array in one.items():
        assert np.array_equal(array, many[name]), name


@pytest.mark.full
def test_compiled_by_xla_it_is_the_same_step():
    config = TINY.with_settings(CONDITIONAL)
    plain, compiled = values(trained(config, steps=3)), values(trained(config.with_settings({"jit": True}), steps=3))
    for name in plain:
        np.testing.assert_allclose(plain[name], compiled[name], rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.full
def test_the_moving_average_follows_its_definition():
    config = TINY.with_settings({"ema_decay": 0.9})
    average = TrainingState(config).generator.trainable_variables[0].numpy()
    for steps in range(1, 4):
        state = trained(config, steps)
        weights = state.generator.trainable_variables[0].numpy()
        decay = min(0.9, (1 + steps) / (10 + steps))
        average = decay * average + (1 - decay) * weights
    np.testing.assert_allclose(state.averages[0].numpy(), average, rtol=1e-5, atol=1e-7)


def test_without_a_moving_average_there_is_none():
    state = TrainingState(TINY.with_settings({"ema_decay": 0.0}))
    assert not state.averages and not [name for name in state.variables() if name.startswith("ema/")]


def test_scalars_are_means_over_the_batch():
    state = trained(TINY, steps=1)
    scalars = dict(zip(SCALARS, state.sums.numpy(), strict=True))
    assert 0 < scalars["d_real"] < 1 and 0 < scalars["d_fake"] < 1 and 0 <= scalars["d_accuracy"] <= 1
    assert scalars["d_loss"] == pytest.approx(2 * np.log(2), abs=0.3)
