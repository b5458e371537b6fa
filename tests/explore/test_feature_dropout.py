"""Maps that draw something are found, and dropping them removes what they draw and nothing else."""

import numpy as np
import pytest

from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.explore import feature_dropout
from dcgan_tf.explore.boxes import Box
from dcgan_tf.explore.feature_dropout import FeatureDropout, as_many_at_random, compare, default_layer, fitted, layers
from dcgan_tf.explore.feature_dropout import selection as selected_maps
from dcgan_tf.explore.rendering import Renderer
from dcgan_tf.explore.responses import boxes_around, of_generator
from dcgan_tf.models.generator import Generator
from tests.explore.conftest import CONDITIONAL, PLAIN, renderer_of

LAW = {"latent_dim": 8, "base_filters": 4}


@pytest.fixture(scope="module")
def spotted() -> Renderer:
    """Conditional, 3 channels: map 0 of "up1" is active here and there, and alone paints red, and nothing but red."""
    renderer = renderer_of(CONDITIONAL)
    model = renderer.generator.model
    kernel = model.get_layer("image").kernel  # [side, side, channels, maps + classes]
    painted = kernel.numpy()
    painted[:, :, 0, 1:] = 0.0
    painted[:, :, 1:, 0] = 0.0
    kernel.assign(painted)
    beta = model.get_layer("up1_norm").beta
    beta.assign(np.r_[-1.5, beta.numpy()[1:]])
    return renderer


def both(*names):
    return pytest.mark.parametrize("name", names or ("renderer", "conditional_renderer"))


@both()
@pytest.mark.parametrize("layer", ["project", "up1"])
def test_nothing_dropped_changes_no_bit(request, name, layer):
    renderer = request.getfixturevalue(name)
    points, dropout = renderer.of_seeds(range(70)), FeatureDropout(renderer, layer)
    expected = renderer.images(points)
    for keep in (None, np.ones(dropout.shape[2], bool)):
        found = dropout.images(points, keep)
        assert found.dtype == np.float32 and found.tobytes() == expected.tobytes()
    assert (dropout.images(points, np.arange(dropout.shape[2]) > 0) != expected).any()


def test_dropping_a_map_removes_what_it_paints_and_nothing_else(spotted):
    dropout, points = FeatureDropout(spotted, "up1"), spotted.of_seeds(range(6), [0, 1, 2, 0, 1, 2])
    dropped = np.arange(dropout.shape[2]) == 0
    before, after = dropout.images(points), dropout.images(points, ~dropped)
    assert np.abs(before[..., 0]).max() > 0.1 and (after[..., 0] == 0.0).all()
    assert (after[..., 1:] == before[..., 1:]).all()
    assert (dropout.images(points, dropped)[..., 0] == before[..., 0]).all()


def test_the_change_is_measured_where_the_map_is_active(spotted):
    dropout, points = FeatureDropout(spotted, "up1"), spotted.of_seeds(range(70))
    active = dropout.activations(points)[..., 0] > 0
    reached = np.pad(active, ((0, 0), (1, 1), (1, 1)))  # kernels of 4 at stride 2 paint half a position further
    reached = np.max([reached[:, y : y + 8, x : x + 8] for y in range(3) for x in range(3)], axis=0)
    found = compare(dropout, np.arange(4) == 0, points, reached)
    assert 0.1 < reached.mean() < 0.9 and found.elsewhere == 0.0
    assert (found.places == np.kron(reached, np.ones((2, 2), bool))).all()
    expected = np.abs(found.before - found.after)[found.places].mean()
    assert found.inside == pytest.approx(expected, rel=1e-5) and found.inside > 0.01
    assert np.isnan(compare(dropout, np.arange(4) == 0, points, np.ones_like(reached)).elsewhere)


def test_places_are_spread_over_the_pixels_they_stand_for():
    places = np.array([[[True, False, False], [False, False, True]]])
    assert (feature_dropout._spread(places, (4, 6)) == np.kron(places, np.ones((2, 2), bool))).all()
    assert feature_dropout._spread(places, (2, 4)).astype(int).tolist() == [[[1, 1, 0, 0], [0, 0, 0, 1]]]


def test_activations_are_those_of_the_layer(renderer):
    points, model = renderer.of_seeds(range(3)), renderer.generator.model
    norm = model.get_layer("project_norm")
    gain, offset, mean, variance = (
        np.array(each) for each in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    )
    linear = (points.latents @ model.get_layer("project").kernel.numpy()).reshape(3, 4, 4, 8)
    expected = np.maximum(0, gain * (linear - mean) / np.sqrt(variance + norm.epsilon) + offset)
    np.testing.assert_allclose(FeatureDropout(renderer, "project").activations(points), expected, atol=1e-4)


def test_fewer_maps_can_be_dropped():
    found = fitted(*planted())
    order = np.argsort(-found.weights)
    assert np.flatnonzero(found.strongest(1)).tolist() == [order[0]]
    assert (found.strongest(1000) == found.selected).all()


def test_maps_can_be_weakened(renderer):
    """The last layer is linear but for its tanh, and has no constant."""
    points, dropout = renderer.of_seeds(range(3)), FeatureDropout(renderer, "up1")
    half, whole = dropout.images(points, np.full(4, 0.5)), dropout.images(points)
    np.testing.assert_allclose(half, np.tanh(0.5 * np.arctanh(whole.astype(float))), atol=1e-4)


NETWORKS = {
    "plain": (PLAIN, {"project": (4, 4, 8), "up1": (8, 8, 4)}),
    "hidden layer, classes": (CONDITIONAL, {"project": (4, 4, 8), "up1": (8, 8, 4)}),
    "norm of units": (
        ModelConfig(image_size=(16, 24), projection="unit_norm", **LAW), {"project": (4, 6, 8), "up1": (8, 12, 4)}
    ),
    "linear projection": (
        ModelConfig(image_size=(32, 32), projection="linear", **LAW),
        {"project": (4, 4, 16), "up1": (8, 8, 8), "up2": (16, 16, 4)},
    ),
    "two layers a scale": (
        ModelConfig(image_size=(16, 16), layers_per_scale=2, **LAW),
        {"project": (4, 4, 8), "up1": (8, 8, 8), "refine1": (8, 8, 4), "up2": (16, 16, 4)},
    ),
    "the smallest": (ModelConfig(image_size=(8, 8), **LAW), {"project": (4, 4, 4)}),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_of_every_kind_of_network(name):
    config, expected = NETWORKS[name]
    renderer = Renderer(Generator(config))
    assert layers(renderer) == tuple(expected)
    assert {layer: FeatureDropout(renderer, layer).shape for layer in expected} == expected
    assert default_layer(renderer) == FeatureDropout(renderer).layer == list(expected)[1 if len(expected) > 2 else 0]


def test_a_layer_that_is_not_there(renderer):
    with pytest.raises(ArgumentError, match=r"--layer=up7: there is no such layer; choose one of project, up1$"):
        FeatureDropout(renderer, "up7")
    with pytest.raises(ArgumentError, match="--layer=: "):
        FeatureDropout(renderer, "")
    with pytest.raises(ValueError, match=r"keep has shape \(3,\); up1 has 4 maps"):
        FeatureDropout(renderer, "up1").images(renderer.of_seeds([0]), np.ones(3))


def planted(images=6, rows=40):
    """Map 2 is larger inside, map 4 smaller, map 5 never active, map 3 on another scale; the others know nothing."""
    random = np.random.default_rng(0)
    inside, outside = (random.normal(size=(images, rows, 6)).astype(np.float32) for _ in range(2))
    inside[..., 2] += 4.0
    inside[..., 4] -= 2.0
    for each in (inside, outside):
        each[..., 5] = 0.0
        each[..., 3] = 1e3 * each[..., 3] + 1e4
    return list(inside), list(outside)


def test_the_regression_finds_a_planted_map():
    inside, outside = planted()
    found = fitted(inside, outside)
    assert found.weights.argmax() == 2 and found.weights.argmin() == 4 and found.weights[5] == 0.0
    assert (
        found.selected.tolist() == (found.weights > 0).tolist()
        and found.selected[2]
        and not found.selected[[4, 5]].any()
    )
    assert found.accuracy > 0.95 and (found.positives, found.negatives) == (240, 240)
    named = np.concatenate([found.inside(np.array(inside)).ravel(), ~found.inside(np.array(outside)).ravel()])
    assert named.mean() > 0.95
    everything = np.concatenate([*inside, *outside]).astype(float)
    np.testing.assert_allclose(found.means, everything.mean(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.deviations[:5], everything.std(axis=0)[:5], rtol=1e-3)


def test_what_cannot_be_told_is_guessed():
    """In each image the positions of a side are alike and mean nothing for others: an image learned from is known."""
    random = np.random.default_rng(1)
    inside, outside = ([row + 0.01 * random.normal(size=(20, 40)) for row in random.normal(size=(8, 40))] for _ in "ab")
    assert 0.3 < fitted(inside, outside).accuracy < 0.7
    alone = fitted([random.normal(size=(50, 3)) for _ in range(6)], [random.normal(size=(5, 3)) for _ in range(6)])
    assert 0.4 < alone.accuracy < 0.6 and alone.negatives == 30  # naming the larger part would be right in 91 %


def test_positions_in_boxes_are_compared_with_others_of_the_same_images(monkeypatch, conditional_renderer):
    renderer, given = conditional_renderer, {}
    monkeypatch.setattr(feature_dropout, "fitted", lambda inside, outside: given.update(inside=inside, outside=outside))
    # 8x8 positions of 2 pixels. The first three lie in the image of seed 4, whose own class is 1.
    drawn = [Box(4, 0, 0, 4, 4), Box(4, 2, 2, 6, 4, label=1), Box(4, 0, 0, 2, 2), Box(4, 0, 0, 16, 14, label=2)]
    selected_maps(FeatureDropout(renderer, "up1"), drawn)
    own, other = FeatureDropout(renderer, "up1").activations(renderer.of_seeds([4, 4], [1, 2]))
    np.testing.assert_allclose(
        given["inside"][0], np.stack([own[y, x] for y, x in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]]), atol=1e-6
    )
    np.testing.assert_allclose(given["inside"][1], other[:7].reshape(-1, 4), atol=1e-6)
    np.testing.assert_allclose(given["outside"][1], other[7], atol=1e-6)  # fewer than 56: all
    rest = [tuple(row.round(4)) for row in own.reshape(64, 4)]
    chosen = [rest.index(tuple(row.round(4))) for row in given["outside"][0]]
    assert len(set(chosen)) == 5 and not {0, 1, 8, 9, 10} & set(chosen)
    first = given["outside"][0]
    selected_maps(FeatureDropout(renderer, "up1"), drawn)
    assert (first == given["outside"][0]).all()
    selected_maps(FeatureDropout(renderer, "up1"), drawn, seed=1)
    assert (first != given["outside"][0]).any()


def test_from_boxes_to_the_map_that_draws_what_is_in_them(spotted):
    """Automatic boxes where map 0 is active; the regression names it, and without it the boxes change most."""
    images = [(seed, seed % 3) for seed in range(60)]
    points = spotted.of_seeds(*zip(*images, strict=True))
    drawn = boxes_around(of_generator(spotted, "up1", 0, points), images, (16, 16), 20)
    dropout = FeatureDropout(spotted, "up1")
    found = selected_maps(dropout, drawn)
    assert found.weights.argmax() == 0 and found.accuracy > 0.8 and found.positives == found.negatives
    new = spotted.of_seeds(range(100, 160))
    result = compare(dropout, np.arange(4) == 0, new, found.inside(dropout.activations(new)))
    assert result.inside > 3 * result.elsewhere


def test_boxes_that_teach_nothing(renderer):
    dropout = FeatureDropout(renderer, "project")
    with pytest.raises(UserError, match="all boxes lie in one image, that of seed 3: draw some in others as well"):
        selected_maps(dropout, [Box(3, 0, 0, 4, 4), Box(3, 8, 8, 12, 12)])
    with pytest.raises(UserError, match="image of seed 5 cover all 16 positions of the layer project: draw smaller"):
        selected_maps(dropout, [Box(3, 0, 0, 4, 4), Box(5, 0, 0, 16, 16)])


def test_the_control_drops_as_many():
    selected = np.arange(100) < 30
    found = as_many_at_random(selected)
    assert found.dtype == bool and found.sum() == 30 and 0 < (found & selected).sum() < 30
    assert (found == as_many_at_random(selected)).all() and (found != as_many_at_random(selected, 1)).any()
