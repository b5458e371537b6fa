"""Points to images: equal to the generator's own for seeds, and defined in between."""

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import Points


def test_seeds_give_the_images_of_the_generator(generator, renderer):
    seeds = [0, 5, 70, 3]
    images = renderer.pixels(renderer.points(seeds)).astype(int)
    assert np.abs(images - generator.images(seeds)).max() <= 1


def test_a_class_is_asked_for_by_number_or_name(conditional_generator, conditional_renderer):
    points = conditional_renderer.points([(4, 0), (4, "owls"), 4])
    assert points.classes.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert points.names == ("seed 4 as cats", "seed 4 as owls", "seed 4 as dogs")
    assert conditional_renderer.points([4, 5], "cats").classes[:, 0].tolist() == [1, 1]
    images = conditional_renderer.pixels(points).astype(int)
    for image, label in zip(images, ("cats", "owls", "dogs"), strict=True):
        assert np.abs(image - conditional_generator.images([4], label)[0]).max() <= 1


def test_points_are_taken_as_they_are(renderer, conditional_renderer):
    points = renderer.points([4])
    assert renderer.points(points) is points and points.names == ("seed 4",)
    with pytest.raises(ArgumentError, match="takes points with 8 latents and 3 classes"):
        conditional_renderer.points(points)


@pytest.mark.parametrize(
    ("seeds", "label", "message"),
    [([], None, "name at least one"), ([-1], None, "a seed is from 0"), ([4], 1, "trained without classes")],
)
def test_what_is_no_point_is_refused(renderer, seeds, label, message):
    with pytest.raises(ArgumentError, match=message):
        renderer.points(seeds, label)


def test_a_class_that_is_not_there_is_refused(conditional_renderer):
    with pytest.raises(ArgumentError, match="there is no such class; choose one of 0 cats"):
        conditional_renderer.points([(4, 3)])


def test_an_image_does_not_depend_on_the_others(renderer):
    points = renderer.points(range(70))
    np.testing.assert_allclose(renderer.images(points)[[3, 69]], renderer.images(points[[3, 69]]), atol=1e-6)


def test_classes_can_be_mixed(conditional_renderer):
    ends = conditional_renderer.points([(1, 0), (1, 2)])
    images = conditional_renderer.images(Points.joined([ends, ends.mean()]))
    assert not np.allclose(images[2], images[0]) and not np.allclose(images[2], images[1])
