"""Sums and directions of latents, against NumPy."""

import numpy as np
import pytest

from dcgan_tf.explore.points import Points
from dcgan_tf.explore.vector_arithmetic import arithmetic, turn


def test_the_sum_is_that_of_the_means(renderer):
    groups = [renderer.of_seeds(seeds) for seeds in ([3, 7, 9], [4, 1, 8], [2, 5, 6])]
    found = arithmetic(renderer, list(zip((1, -1, 1), groups, strict=True)), noise=0.25, seed=5)
    first, second, third = (group.latents.mean(axis=0) for group in groups)
    np.testing.assert_allclose(found.around.latents[4], first - second + third, atol=1e-6)
    np.testing.assert_allclose(found.terms.latents[1], second, atol=1e-6)
    noise = found.around.latents - found.around.latents[4]
    assert (np.abs(noise) <= 0.25).all() and (np.abs(noise[[0, 8]]) > 0.01).any(axis=1).all()
    np.testing.assert_array_equal(found.images, renderer.pixels(found.around))


def test_pixels_are_added_as_they_are(renderer):
    groups = [renderer.of_seeds([3, 7]), renderer.of_seeds([4])]
    found = arithmetic(renderer, [(1, groups[0]), (-1, groups[1])])
    first, second = (renderer.pixels(group).astype(float).mean(axis=0) for group in groups)
    np.testing.assert_array_equal(found.in_pixels, np.rint((first - second).clip(0, 255)))


def test_the_noise_belongs_to_its_seed(renderer):
    terms = [(1, renderer.of_seeds([3]))]
    one, same, other = (arithmetic(renderer, terms, seed=seed).around.latents for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()
    assert (arithmetic(renderer, terms, noise=0.0).around.latents == terms[0][1].latents).all()


def test_classes_are_added_and_subtracted_too(conditional_renderer):
    of = conditional_renderer.of_seeds
    found = arithmetic(conditional_renderer, [(1, of([1, 2], [0, 1])), (-1, of([3], [1])), (1, of([4], [2]))])
    np.testing.assert_allclose(found.around.classes, np.tile([0.5, -0.5, 1.0], (9, 1)))


def test_no_terms_are_refused(renderer):
    with pytest.raises(ValueError, match="at least one term"):
        arithmetic(renderer, [])


def test_a_turn_adds_the_difference_of_the_means(renderer):
    start, end, samples = renderer.of_seeds([1, 2]), renderer.of_seeds([3, 4, 5]), renderer.of_seeds([8, 9])
    found = turn(renderer, start, end, samples, [-1.0, 0.0, 0.5])
    np.testing.assert_allclose(found.direction, end.latents.mean(axis=0) - start.latents.mean(axis=0), atol=1e-6)
    assert found.images.shape == (2, 3, 16, 16, 1)
    np.testing.assert_array_equal(found.images[:, 1], renderer.pixels(samples))
    half = Points(samples.latents + np.float32(0.5) * found.direction, samples.classes)
    np.testing.assert_array_equal(found.images[:, 2], renderer.pixels(half))


def test_a_turn_leaves_classes_as_they_are(conditional_renderer):
    of = conditional_renderer.of_seeds
    found = turn(conditional_renderer, of([1], [0]), of([1], [2]), of([5], [1]), [1.0])
    assert not found.direction.any()
    np.testing.assert_array_equal(found.images[0], conditional_renderer.pixels(of([5], [1])))
