import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.models import latent

RANDOM = np.random.default_rng(0)
FRACTIONS = np.linspace(0, 1, 7, dtype=np.float32)


def between(start, end, law):
    return latent.between(tf.constant(start), tf.constant(end), tf.constant(FRACTIONS), law).numpy()


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_a_path_begins_and_ends_where_it_should(law):
    start, end = RANDOM.normal(size=(2, 50)).astype(np.float32)
    path = between(start, end, law)
    assert path.shape == (7, 50) and path.dtype == np.float32
    assert np.allclose(path[0], start, atol=1e-6) and np.allclose(path[-1], end, atol=1e-6)


def test_the_uniform_law_goes_straight():
    start, end = RANDOM.uniform(-1, 1, (2, 50)).astype(np.float32)
    assert np.allclose(between(start, end, "uniform")[3], (start + end) / 2, atol=1e-6)


def test_the_normal_law_follows_the_sphere():
    start, end = RANDOM.normal(size=(2, 50)).astype(np.float64)
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    angle = np.arccos(start @ end)
    expected = [
        (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle) for t in FRACTIONS.astype(float)
    ]
    path = between(start.astype(np.float32), end.astype(np.float32), "normal")
    assert np.allclose(path, expected, atol=1e-5)
    assert np.allclose(np.linalg.norm(path, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("factor", [1.0, -1.0, 2.0])
def test_ends_in_one_direction_leave_a_finite_path(factor):
    start = RANDOM.normal(size=50).astype(np.float32)
    path = between(start, factor * start, "normal")
    assert np.isfinite(path).all() and np.allclose(path[-1], factor * start, atol=1e-5)
