"""The path: where it passes, that it closes, and how evenly images move along it."""

import numpy as np
import pytest

from dcgan_tf.explore.latent_walk import Walk, walk
from dcgan_tf.explore.rendering import Renderer


def test_the_path_passes_the_given_points_and_returns(renderer):
    stations = renderer.of_seeds([3, 14, 15])
    found = walk(renderer, stations, 10)
    assert found.images.shape == (30, 16, 16, 1) and found.movement.shape == (3, 10)
    np.testing.assert_allclose(found.points.latents[::10], stations.latents, atol=1e-6)
    np.testing.assert_array_equal(found.images[::10], renderer.pixels(stations))


def test_the_way_of_a_normal_law_stays_on_the_sphere_between_equal_lengths(renderer):
    stations = renderer.of_seeds([3, 14])
    stations.latents[:] *= 2.0 / np.linalg.norm(stations.latents, axis=1, keepdims=True)
    lengths = np.linalg.norm(walk(renderer, stations, 12).points.latents, axis=1)
    np.testing.assert_allclose(lengths, 2.0, rtol=1e-5)


def test_movement_is_the_distance_of_neighbours_in_shares_of_the_range(renderer):
    found = walk(renderer, renderer.of_seeds([1, 2]), 10)
    images = renderer.images(found.points) / 2.0
    expected = np.sqrt(np.square(images[4] - images[5]).mean())
    assert found.movement[0, 4] == pytest.approx(expected, rel=1e-4)
    last = np.sqrt(np.square(images[19] - images[0]).mean())
    assert found.movement[1, 9] == pytest.approx(last, rel=1e-4)


def test_classes_are_mixed_on_the_way(conditional_renderer):
    stations = conditional_renderer.of_seeds([5, 5], [0, 2])
    found = walk(conditional_renderer, stations, 10)
    np.testing.assert_allclose(found.points.classes[5], [0.5, 0.0, 0.5])
    np.testing.assert_allclose(found.points.latents, stations.latents[:1].repeat(20, axis=0), atol=1e-6)
    assert found.movement.all()


@pytest.mark.parametrize(
    ("movement", "unevenness", "words"),
    [
        (np.full((2, 20), 0.1), 0.1, "evenly"),
        (np.eye(20)[:2], 1.0, "jumps"),
        (np.eye(20)[:2] * 0.9 + 0.1, (1.0 + 0.1) / (1.0 + 1.9), "spurts"),
        (np.zeros((2, 20)), 0.1, "nothing moves"),
    ],
)
def test_the_verdict_follows_from_the_fastest_tenth(renderer, movement, unevenness, words):
    found = Walk(renderer.of_seeds([0]), np.zeros((40, 16, 16, 1), np.uint8), 20, movement.astype(np.float32))
    assert found.unevenness == pytest.approx(unevenness, rel=1e-5) and words in found.verdict


class Remembering(Renderer):
    """Shows the nearer of two images, as a generator would that has memorised them."""

    def images(self, points):
        ends = self.of_seeds([1, 2])
        near = np.square(points.latents[:, None] - ends.latents).sum(axis=2).argmin(axis=1)
        return super().images(ends)[near]


def test_a_generator_that_remembers_images_is_said_to_jump(renderer):
    stations = renderer.of_seeds([1, 2])
    found = walk(Remembering(renderer.generator), stations, 30)
    assert found.unevenness == pytest.approx(1.0) and "memorised" in found.verdict
    assert "evenly" in walk(renderer, stations, 30).verdict


@pytest.mark.parametrize(("count", "steps"), [(1, 10), (3, 0)])
def test_too_few_points_or_steps_are_refused(renderer, count, steps):
    with pytest.raises(ValueError, match="at least two points"):
        walk(renderer, renderer.of_seeds(range(count)), steps)
