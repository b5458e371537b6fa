import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import augmentations
from dcgan_tf.augmentations import AUGMENTATIONS, augmented, chosen, numbers_needed
from dcgan_tf.errors import ArgumentError

MIDDLE = 0.5  # the number that changes nothing, but for the hole


def images_of(channels: int, height: int = 16, width: int = 24) -> np.ndarray:
    return np.random.default_rng(channels).uniform(-1, 1, (5, height, width, channels)).astype(np.float32)


def numbers_of(name: str) -> np.ndarray:
    return np.random.default_rng(7).uniform(size=(5, AUGMENTATIONS[name].numbers)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_keeps_shapes_and_lets_gradients_through(name, channels):
    images = tf.constant(images_of(channels))
    with tf.GradientTape() as tape:
        tape.watch(images)
        changed = augmented(images, [name], numbers_of(name))
        total = tf.reduce_sum(changed)
    assert changed.shape == images.shape and changed.dtype == tf.float32
    assert not np.array_equal(changed, images)
    assert np.abs(tape.gradient(total, images)).max() > 0.5


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_an_image_depends_on_its_own_numbers_alone(name):
    images, numbers = images_of(3), numbers_of(name)
    together = augmented(images, [name], numbers).numpy()
    alone = augmented(images[2:3], [name], numbers[2:3]).numpy()
    np.testing.assert_allclose(together[2:3], alone, atol=1e-6)


def test_color_against_numpy():
    images, numbers = images_of(4), numbers_of("color")
    brightness, saturation, contrast = numbers.T[:, :, None, None, None]
    colors = images[..., :3] + brightness - 0.5
    gray = colors.mean(axis=3, keepdims=True)
    colors = gray + 2 * saturation * (colors - gray)
    mean = colors.mean(axis=(1, 2, 3), keepdims=True)
    colors = mean + (0.5 + contrast) * (colors - mean)
    changed = augmented(images, ["color"], numbers).numpy()
    np.testing.assert_allclose(changed[..., :3], colors, atol=1e-5)
    assert np.array_equal(changed[..., 3], images[..., 3]), "alpha is no color"
    np.testing.assert_allclose(augmented(images, ["color"], np.full((5, 3), MIDDLE)), images, atol=1e-6)


def test_translation_moves_by_up_to_an_eighth():
    """16 rows by -2 to 2, 24 columns by -3 to 3; what comes in is 0."""
    images = images_of(1)
    numbers = np.array([[0, 0.999], [0.5, 0.5], [0.999, 0], [0.3, 0.5], [0.5, 0.2]], np.float32)
    expected = np.zeros_like(images)
    for index, (down, right) in enumerate([(-2, 3), (0, 0), (2, -3), (-1, 0), (0, -2)]):
        padded = np.pad(images[index], ((2, 2), (3, 3), (0, 0)))
        expected[index] = padded[2 - down : 18 - down, 3 - right : 27 - right]
    np.testing.assert_array_equal(augmented(images, ["translation"], numbers), expected)


@pytest.mark.parametrize(("side", "furthest"), [(20, 3), (28, 4), (36, 5), (32, 4)])
def test_half_a_pixel_is_rounded_up(side, furthest):
    """As int(side / 8 + 0.5) in the authors' code."""
    images = np.ones((1, side, side, 1), np.float32)
    moved = augmented(images, ["translation"], np.array([[0.999, 0.5]], np.float32)).numpy()[0, :, 0, 0]
    assert np.count_nonzero(moved == 0) == furthest


def test_cutout_makes_a_hole_of_half_of_each_side():
    """8 of 16 rows and 12 of 24 columns, centered on a row from 0 to 16 and a column from 0 to 24."""
    images = np.ones((3, 16, 24, 2), np.float32)
    numbers = np.array([[0, 0], [0.5, 0.5], [0.999, 0.5]], np.float32)
    expected = images.copy()
    for index, (top, left) in enumerate([(-4, -6), (4, 6), (12, 6)]):
        expected[index, max(0, top) : top + 8, max(0, left) : left + 12] = 0
    np.testing.assert_array_equal(augmented(images, ["cutout"], numbers), expected)


def test_they_are_chosen_by_name_and_applied_in_their_own_order():
    assert chosen("cutout, color,cutout") == ["color", "cutout"] and chosen("none") == chosen("") == []
    assert numbers_needed(["color", "cutout"]) == 5
    with pytest.raises(ArgumentError, match="augment.*colour.*color, translation, cutout"):
        chosen("colour")
    images, numbers = images_of(3), np.random.default_rng(1).uniform(size=(5, 5)).astype(np.float32)
    one_by_one = augmented(augmented(images, ["color"], numbers[:, :3]), ["cutout"], numbers[:, 3:])
    np.testing.assert_array_equal(augmented(images, augmentations.chosen("cutout,color"), numbers), one_by_one)
