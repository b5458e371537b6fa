"""Examples of a class among generated images."""

import numpy as np

from dcgan_tf.explore.concepts import examples


def brightness(images):
    """Two classes: dark and bright."""
    bright = images.astype(np.float64).mean(axis=(1, 2, 3)) / 255
    return np.stack([1 - bright, bright], axis=1)


def test_the_most_certain_come_first(renderer):
    found = examples(renderer, brightness, label=1, count=3, candidates=50)
    everything = brightness(renderer.pixels(renderer.of_seeds(range(50))))[:, 1]
    assert found.seeds == np.argsort(-everything)[:3].tolist()
    np.testing.assert_array_equal(found.certainties, np.sort(everything)[::-1][:3])
    np.testing.assert_array_equal(found.points.latents, renderer.of_seeds(found.seeds).latents)


def test_a_conditional_generator_is_asked_for_the_class(conditional_renderer):
    found = examples(conditional_renderer, brightness, label=1, count=2, candidates=10)
    assert found.points.classes.tolist() == [[0, 1, 0]] * 2
