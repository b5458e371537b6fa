"""Dropping maps removes what they draw and nothing else."""

import numpy as np
import pytest

from dcgan_tf.explore import renderer_of
from dcgan_tf.explore.parts.split import SplitGenerator


@pytest.mark.parametrize("name", ["generator", "conditional_generator"])
@pytest.mark.parametrize("layer", ["project", "up1"])
def test_nothing_dropped_changes_no_bit(request, name, layer):
    generator = request.getfixturevalue(name)
    renderer, dropout = renderer_of(generator), SplitGenerator(generator, layer)
    points = renderer.points(range(70))
    expected = renderer.images(points)
    for keep in (None, np.ones(dropout.shape[2], bool)):
        found = dropout.images(points, keep)
        assert found.dtype == np.float32 and found.tobytes() == expected.tobytes()
    assert (dropout.images(points, np.arange(dropout.shape[2]) > 0) != expected).any()


def test_dropping_a_map_removes_what_it_paints_and_nothing_else(spotted):
    dropout = SplitGenerator(spotted, "up1")
    points = dropout.renderer.points([(seed, seed % 3) for seed in range(6)])
    dropped = np.arange(dropout.shape[2]) == 0
    before, after = dropout.images(points), dropout.images(points, ~dropped)
    assert np.abs(before[..., 0]).max() > 0.1 and (after[..., 0] == 0.0).all()
    assert (after[..., 1:] == before[..., 1:]).all()
    assert (dropout.images(points, dropped)[..., 0] == before[..., 0]).all()


def test_activations_are_those_of_the_layer(generator, renderer):
    points, model = renderer.points(range(3)), generator.model
    norm = model.get_layer("project_norm")
    gain, offset, mean, variance = (
        np.array(each) for each in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    )
    linear = (points.latents @ model.get_layer("project").kernel.numpy()).reshape(3, 4, 4, 8)
    expected = np.maximum(0, gain * (linear - mean) / np.sqrt(variance + norm.epsilon) + offset)
    np.testing.assert_allclose(SplitGenerator(generator, "project").activations(points), expected, atol=1e-4)


def test_maps_can_be_weakened(generator, renderer):
    """The last layer is linear but for its tanh, and has no constant."""
    points, dropout = renderer.points(range(3)), SplitGenerator(generator, "up1")
    half, whole = dropout.images(points, np.full(4, 0.5)), dropout.images(points)
    np.testing.assert_allclose(half, np.tanh(0.5 * np.arctanh(whole.astype(float))), atol=1e-4)
