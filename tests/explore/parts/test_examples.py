"""Examples of a class among generated images."""

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features import Features
from dcgan_tf.explore.parts.examples import examples


def brightness(images):
    """Two classes: dark and bright."""
    bright = images.astype(np.float64).mean(axis=(1, 2, 3))
    bright /= bright.max()
    return Features(np.zeros((len(images), 1)), np.stack([1 - bright, bright], axis=1))


def test_the_most_certain_come_first(generator, renderer):
    found = examples(generator, brightness, label=1, count=3, candidates=50)
    everything = brightness(renderer.pixels(renderer.points(range(50)))).probabilities[:, 1]
    seeds = np.argsort(-everything, kind="stable")[:3]
    np.testing.assert_array_equal(found.latents, renderer.points(seeds).latents)
    assert found.names[0] == f"seed {seeds[0]} ({100 * everything[seeds[0]]:.0f}%)"


def test_a_conditional_generator_is_asked_for_the_class(conditional_generator):
    bright = lambda images: Features(np.zeros((len(images), 1)), np.full((len(images), 3), 0.9))  # noqa: E731
    found = examples(conditional_generator, bright, label=1, count=2, candidates=10)
    assert found.classes.tolist() == [[0, 1, 0]] * 2


def test_uncertain_examples_are_refused(generator):
    with pytest.raises(ArgumentError, match="of 20 generated images the classifier takes only 0 for this class and 4"):
        examples(generator, lambda images: Features(None, np.full((len(images), 2), 0.4)), 1, 4, candidates=20)
