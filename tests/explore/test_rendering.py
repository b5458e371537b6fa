"""Points to images: equal to the generator's own where it has some, and defined in between."""

import numpy as np
import pytest

from dcgan_tf.explore.points import Points, joined


def test_seeds_give_the_images_of_the_generator(renderer):
    seeds = [0, 5, 70, 3]
    found = renderer.pixels(renderer.of_seeds(seeds)).astype(int)
    expected = np.concatenate([renderer.generator.images(range(seed, seed + 1)) for seed in seeds]).astype(int)
    assert np.abs(found - expected).max() <= 1


def test_a_class_is_asked_for_by_its_number(conditional_renderer):
    renderer = conditional_renderer
    found = renderer.pixels(renderer.of_seeds([4, 4], [0, 2])).astype(int)
    expected = np.concatenate(
        [renderer.generator.images(range(4, 5), 0), renderer.generator.images(range(4, 5), 2)]
    ).astype(int)
    assert np.abs(found - expected).max() <= 1 and (found[0] != found[1]).any()
    assert renderer.of_seeds([4]).classes.tolist() == [[0.0, 1.0, 0.0]]
    with pytest.raises(ValueError, match="class 3"):
        renderer.of_seeds([4], [3])


def test_an_image_does_not_depend_on_its_company(renderer):
    points = renderer.of_seeds(range(70))
    np.testing.assert_allclose(renderer.images(points)[[3, 69]], renderer.images(points[[3, 69]]), atol=1e-6)


def test_classes_can_be_mixed(conditional_renderer):
    renderer = conditional_renderer
    ends = renderer.of_seeds([1, 1], [0, 2])
    halfway = renderer.images(joined([ends, ends.mean()]))
    assert not np.allclose(halfway[2], halfway[0]) and not np.allclose(halfway[2], halfway[1])


def test_the_mean_of_points():
    points = Points(np.array([[1.0, 2.0], [3.0, 6.0]], np.float32), np.array([[1.0], [0.0]], np.float32))
    assert points.mean().latents.tolist() == [[2.0, 4.0]] and points.mean().classes.tolist() == [[0.5]]
    with pytest.raises(ValueError, match="one row for each point"):
        Points(points.latents, points.classes[:1])
