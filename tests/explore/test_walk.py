"""The path: where it passes, that it closes, and how evenly images move along it."""

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import Points, Renderer, walk
from dcgan_tf.explore.walk import Walk


def test_the_path_passes_the_given_points_and_returns(generator, renderer):
    found, stations = walk(generator, [3, 14, 15], 10), renderer.points([3, 14, 15])
    assert found.images.shape == (30, 16, 16, 1) and found.movement.shape == (3, 10)
    np.testing.assert_allclose(found.points.latents[::10], stations.latents, atol=1e-6)
    np.testing.assert_array_equal(found.images[::10], renderer.pixels(stations))
    np.testing.assert_array_equal(walk(generator, stations, 10).images, found.images)


def test_the_way_of_a_normal_law_stays_on_the_sphere_between_equal_lengths(generator, renderer):
    stations = renderer.points([3, 14])
    stations.latents[:] *= 2.0 / np.linalg.norm(stations.latents, axis=1, keepdims=True)
    lengths = np.linalg.norm(walk(generator, stations, 12).points.latents, axis=1)
    np.testing.assert_allclose(lengths, 2.0, rtol=1e-5)


def test_movement_is_the_distance_of_neighbors_in_shares_of_the_range(generator, renderer):
    found = walk(generator, [1, 2], 10)
    images = renderer.images(found.points) / 2.0
    expected = np.sqrt(np.square(images[4] - images[5]).mean())
    assert found.movement[0, 4] == pytest.approx(expected, rel=1e-4)
    last = np.sqrt(np.square(images[19] - images[0]).mean())
    assert found.movement[1, 9] == pytest.approx(last, rel=1e-4)


def test_classes_are_mixed_on_the_way(conditional_generator, conditional_renderer):
    found = walk(conditional_generator, [(5, "cats"), (5, "owls")], 10)
    np.testing.assert_allclose(found.points.classes[5], [0.5, 0.0, 0.5])
    latent = conditional_renderer.points([5]).latents
    np.testing.assert_allclose(found.points.latents, latent.repeat(20, axis=0), atol=1e-6)
    assert found.movement.all()
    one = walk(conditional_generator, [5, 6], 10, label="dogs")
    assert one.stations.names == ("seed 5 as dogs", "seed 6 as dogs") and (one.points.classes[:, 1] == 1).all()


@pytest.mark.parametrize(
    ("movement", "unevenness", "words"),
    [
        (np.full((2, 20), 0.1), 0.1, "evenly (10% of the path lies in the fastest tenth of the steps; 10% is the"),
        (np.eye(20)[:2], 1.0, "jumps"),
        (np.eye(20)[:2] * 0.9 + 0.1, (1.0 + 0.1) / (1.0 + 1.9), "spurts"),
        (np.zeros((2, 20)), 0.1, "nothing moves"),
    ],
)
def test_the_verdict_follows_from_the_fastest_tenth(renderer, movement, unevenness, words):
    points = renderer.points([0])
    found = Walk(points, points, np.zeros((40, 16, 16, 1), np.uint8), 20, movement.astype(np.float32))
    assert found.unevenness == pytest.approx(unevenness, rel=1e-5) and words in found.verdict


def test_a_generator_that_remembers_images_is_said_to_jump(generator, renderer, monkeypatch):
    """It shows the nearer of two images, as a generator would that has memorized them."""
    ends, images = renderer.points([1, 2]), renderer.images(renderer.points([1, 2]))

    def nearer(self, points: Points) -> np.ndarray:
        return images[np.square(points.latents[:, None] - ends.latents).sum(axis=2).argmin(axis=1)]

    assert "evenly" in walk(generator, ends, 30).verdict
    monkeypatch.setattr(Renderer, "images", nearer)
    found = walk(generator, ends, 30)
    assert found.unevenness == pytest.approx(1.0) and "memorized" in found.verdict


def test_the_animation_loops(generator, tmp_path):
    found = walk(generator, [3, 14], 10)
    found.save_gif(tmp_path / "walk.gif")
    with Image.open(tmp_path / "walk.gif") as film:
        assert film.format == "GIF" and film.n_frames == 20 and film.info["loop"] == 0 and film.info["duration"] == 120
        np.testing.assert_array_equal(np.asarray(film.convert("L"))[::16, ::16], found.images[0, ..., 0])


@pytest.mark.parametrize(("seeds", "steps", "message"), [([3], 10, "at least two points"), ([1, 2], 0, "at least 1")])
def test_too_few_points_or_steps_are_refused(generator, seeds, steps, message):
    with pytest.raises(ArgumentError, match=message):
        walk(generator, seeds, steps)
