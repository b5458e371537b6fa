"""A direction between two groups, against NumPy."""

import numpy as np

from dcgan_tf.explore import Points, turn


def test_a_turn_adds_the_difference_of_the_means(generator, renderer):
    start, end, samples = (renderer.points(seeds) for seeds in ([1, 2], [3, 4, 5], [8, 9]))
    found = turn(generator, [1, 2], [3, 4, 5], [8, 9], [-1.0, 0.0, 0.5])
    np.testing.assert_allclose(found.direction, end.latents.mean(axis=0) - start.latents.mean(axis=0), atol=1e-6)
    assert found.images.shape == (2, 3, 16, 16, 1) and found.start.names == ("seed 1", "seed 2", "mean")
    np.testing.assert_array_equal(found.images[:, 1], renderer.pixels(samples))
    half = Points(samples.latents + np.float32(0.5) * found.direction, samples.classes)
    np.testing.assert_array_equal(found.images[:, 2], renderer.pixels(half))
    np.testing.assert_array_equal(found.end_images[-1:], renderer.pixels(end.mean()))


def test_a_turn_leaves_classes_as_they_are(conditional_generator, conditional_renderer):
    found = turn(conditional_generator, [(1, 0)], [(1, 2)], [(5, 1)], [1.0])
    assert not found.direction.any()
    np.testing.assert_array_equal(
        found.images[0], conditional_renderer.pixels(conditional_renderer.points([(5, 1)]))
    )  # fmt: skip
