"""Sums of latents, against NumPy."""

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import arithmetic


def test_the_sum_is_that_of_the_means(generator, renderer):
    found = arithmetic(generator, plus=[[3, 7, 9], [2, 5, 6]], minus=[[4, 1, 8]], noise=0.25, seed=5)
    first, second, third = (renderer.points(seeds).latents.mean(axis=0) for seeds in ([3, 7, 9], [4, 1, 8], [2, 5, 6]))
    np.testing.assert_allclose(found.points.latents[4], first - second + third, atol=1e-6)
    assert [term.sign for term in found.terms] == [1, -1, 1]
    assert found.terms[1].points.names == ("seed 4", "seed 1", "seed 8")
    noise = found.points.latents - found.points.latents[4]
    assert (np.abs(noise) <= 0.25).all() and (np.abs(noise[[0, 8]]) > 0.01).any(axis=1).all()
    np.testing.assert_array_equal(found.images, renderer.pixels(found.points))
    np.testing.assert_array_equal(found.terms[2].images, renderer.pixels(renderer.points([2, 5, 6])))


def test_pixels_are_added_as_they_are(generator, renderer):
    found = arithmetic(generator, [[3, 7]], [[4]])
    first, second = (renderer.pixels(renderer.points(seeds)).astype(float).mean(axis=0) for seeds in ([3, 7], [4]))
    np.testing.assert_array_equal(found.in_pixels, np.rint((first - second).clip(0, 255)))


def test_the_noise_belongs_to_its_seed(generator, renderer):
    one, same, other = (arithmetic(generator, [[3]], seed=seed).points.latents for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()
    still = arithmetic(generator, [renderer.points([3])], noise=0.0)
    assert (still.points.latents == renderer.points([3]).latents).all()


def test_classes_are_added_and_subtracted_too(conditional_generator):
    found = arithmetic(conditional_generator, plus=[[(1, 0), (2, 1)], [(4, 2)]], minus=[[(3, 1)]])
    np.testing.assert_allclose(found.points.classes, np.tile([0.5, -0.5, 1.0], (9, 1)))


@pytest.mark.parametrize(
    ("plus", "message"), [([], "at least one group"), ([3, 7], "give groups of seeds"), ([[]], "name at least one")]
)
def test_what_is_no_group_is_refused(generator, plus, message):
    with pytest.raises(ArgumentError, match=message):
        arithmetic(generator, plus)
