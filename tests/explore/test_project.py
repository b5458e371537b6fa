"""From an image back to its latent."""

import numpy as np
import pytest

from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import Points, project, renderer_of
from dcgan_tf.explore.project import quality
from tests.explore.conftest import generator_of

QUICK = {"starts": 8, "steps": 300, "candidates": 64}


def test_a_generated_image_is_found_again(generator, renderer):
    images = renderer.pixels(renderer.points([1000, 1001]))
    found = project(generator, images, **QUICK)
    assert (found.errors < 2.0).all() and (found.explained > 0.99).all(), found.errors
    assert (found.errors < 0.2 * found.candidate_errors).all()
    np.testing.assert_array_equal(found.reconstructions, renderer.pixels(found.points))
    candidates = renderer.pixels(renderer.points(range(64))).astype(float)
    nearest = np.square(candidates - images[1]).mean(axis=(1, 2, 3)).argmin()
    np.testing.assert_array_equal(found.candidates[1], candidates[nearest])


def test_so_is_its_class(conditional_generator, conditional_renderer):
    points = conditional_renderer.points([(1000, 2), (1001, 0), (1002, 1)])
    found = project(conditional_generator, conditional_renderer.pixels(points), **QUICK)
    assert (found.errors < 2.0).all() and (found.points.classes == points.classes).all()


def test_a_class_that_is_named_is_kept(conditional_generator, conditional_renderer):
    images = conditional_renderer.pixels(conditional_renderer.points([(1000, 2)]))
    found = project(conditional_generator, images, label="dogs", **QUICK)
    assert found.points.classes.tolist() == [[0, 1, 0]]
    with pytest.raises(ArgumentError, match="there is no such class"):
        project(conditional_generator, images, label=3, **QUICK)


@pytest.mark.parametrize("law", ["uniform", "normal"])
def test_latents_stay_where_the_generator_was_trained(law):
    """Also where the image was made by a latent far outside."""
    config = ModelConfig(image_size=(16, 16), channels=1, latent_dim=8, base_filters=4, latent_distribution=law)
    generator = generator_of(config)
    renderer = renderer_of(generator)
    inside = renderer.points([1000, 1001])
    images = renderer.pixels(Points(4.0 * inside.latents, inside.classes))
    found = project(generator, images, **QUICK).points.latents
    if law == "uniform":
        assert np.abs(found).max() == 1.0
    else:
        assert np.linalg.norm(found, axis=1).max() == pytest.approx(np.sqrt(8) + 2.2, rel=1e-4)


def test_an_image_does_not_depend_on_those_beside_it_and_repeats(generator, renderer):
    images = renderer.pixels(renderer.points([1000, 1001]))
    quick = QUICK | {"steps": 60}
    both, one = project(generator, images, **quick), project(generator, images[1:], **quick)
    np.testing.assert_array_equal(both.points.latents[1], one.points.latents[0])


def test_quality_against_numpy():
    images = np.random.default_rng(1).integers(0, 256, (2, 4, 4, 1), np.uint8)
    made = images / 127.5 - 1.0
    made[1] += 0.1
    errors, explained = quality(images, made.astype(np.float32))
    np.testing.assert_allclose(errors, [0.0, 12.75], atol=1e-4)
    variance = np.var(images[1] / 127.5)
    np.testing.assert_allclose(explained, [1.0, 1.0 - 0.01 / variance], atol=1e-5)


def test_a_flat_image_has_no_variance_to_explain(generator):
    found = project(generator, np.full((1, 16, 16, 1), 128, np.uint8), starts=4, steps=30, candidates=8)
    assert found.explained.tolist() == [0.0] and np.isfinite(found.errors).all()
    assert found.summary.startswith("image 0: 0.0% of the image's variance is explained")


@pytest.mark.parametrize(
    ("images", "more"),
    [
        (np.zeros((1, 8, 8, 1), np.uint8), {}),
        (np.zeros((1, 16, 16, 1), np.float32), {}),
        (np.zeros((0, 16, 16, 1), np.uint8), {}),
        (np.zeros((1, 16, 16, 1), np.uint8), {"starts": 9, "candidates": 8}),
        (np.zeros((1, 16, 16, 1), np.uint8), {"steps": 2}),
    ],
)
def test_what_cannot_work_is_refused(generator, images, more):
    with pytest.raises(ArgumentError, match=r"generator's|it must be"):
        project(generator, images, **more)
