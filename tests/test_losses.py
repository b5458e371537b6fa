import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.losses import LOSSES
from dcgan_tf.training import health

LOGITS = np.array([[-40.0], [-1.0], [0.0], [2.5], [40.0]], np.float32)


def softplus(x):
    return np.logaddexp(0.0, x.astype(np.float64))


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_gives_one_finite_value_per_example(name):
    loss = LOSSES[name]
    for values in (loss.real(LOGITS, 1.0), loss.fake(LOGITS), loss.generator(LOGITS), loss.realness(LOGITS)):
        assert values.shape == (5,) and np.all(np.isfinite(values))


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_pulls_logits_the_right_way(name):
    loss, logits = LOSSES[name], tf.constant([[0.5]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        real, fake, generator = loss.real(logits, 1.0), loss.fake(logits), loss.generator(logits)
    assert tape.gradient(real, logits) < 0 < tape.gradient(fake, logits)
    assert tape.gradient(generator, logits) < 0


def test_bce_against_numpy():
    loss, x = LOSSES["bce"], LOGITS[:, 0]
    np.testing.assert_allclose(loss.real(LOGITS, 1.0), softplus(-x), rtol=1e-6)
    np.testing.assert_allclose(loss.fake(LOGITS), softplus(x), rtol=1e-6)
    np.testing.assert_allclose(loss.generator(LOGITS), softplus(-x), rtol=1e-6)
    np.testing.assert_allclose(loss.realness(LOGITS), 1 / (1 + np.exp(-x.astype(np.float64))), rtol=1e-6)


def test_one_sided_smoothing_moves_only_the_real_target():
    loss, x = LOSSES["bce"], LOGITS[:, 0]
    expected = 0.9 * softplus(-x) + 0.1 * softplus(x)
    np.testing.assert_allclose(loss.real(LOGITS, 0.9), expected, rtol=1e-5)


def test_lsgan_against_numpy():
    loss, x = LOSSES["lsgan"], LOGITS[:, 0]
    np.testing.assert_allclose(loss.real(LOGITS, 0.9), 0.5 * (x - np.float32(0.9)) ** 2, rtol=1e-6)
    np.testing.assert_allclose(loss.fake(LOGITS), 0.5 * x**2, rtol=1e-6)
    np.testing.assert_allclose(loss.generator(LOGITS), 0.5 * (x - 1) ** 2, rtol=1e-6)


def test_hinge_against_numpy():
    loss, x = LOSSES["hinge"], LOGITS[:, 0]
    np.testing.assert_allclose(loss.real(LOGITS, 1.0), np.maximum(0, 1 - x))
    np.testing.assert_allclose(loss.fake(LOGITS), np.maximum(0, 1 + x))
    np.testing.assert_allclose(loss.generator(LOGITS), -x)
    np.testing.assert_allclose(loss.realness(LOGITS), [0, 0, 0.5, 1, 1])


@pytest.mark.parametrize("name", LOSSES)
def test_a_discriminator_that_wins_by_its_own_loss_reads_as_too_strong(name):
    """Logits at which the discriminator's loss is almost 0; those of the hinge end at its margins, -1 and 1."""
    loss = LOSSES[name]
    real, fake = {"bce": (6.0, -6.0), "lsgan": (1.0, 0.0), "hinge": (1.0, -1.0)}[name]
    real, fake = tf.fill([4, 1], real), tf.fill([4, 1], fake)
    d_real, d_fake = (float(tf.reduce_mean(loss.realness(each))) for each in (real, fake))
    d_loss = float(tf.reduce_mean(loss.real(real, 1.0) + loss.fake(fake)))
    g_loss = float(tf.reduce_mean(loss.generator(fake)))
    row = {"d_loss": d_loss, "g_loss": g_loss, "d_real": d_real, "d_fake": d_fake, "d_accuracy": 1.0}
    rows = [{"step": 20 * index, **row} for index in range(1, 20)]
    assert d_loss < 0.01 and health.Judge().verdict(rows).state == health.STRONG_DISCRIMINATOR
