"""Response maps of three kinds, and boxes around what responds."""

import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation.features import classifier
from dcgan_tf.explore import Box, boxes_around, class_responses, discriminator_responses, generator_responses
from dcgan_tf.explore.parts.boxes import covered
from dcgan_tf.explore.parts.split import SplitGenerator
from tests.explore.conftest import CONDITIONAL, PLAIN

LABELS = np.arange(70, dtype=np.int32) % 3


def pictures(channels, size=(16, 16)):
    return np.random.default_rng(0).uniform(-1, 1, (70, *size, channels)).astype(np.float32)


def leaky_convolution(images, kernel, row, column):
    """One output of the first layer, 4x4 at stride 2, padded by one."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    part = padded[:, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4]
    values = np.einsum("nyxc,yxc->n", part, kernel)
    return np.where(values > 0, values, 0.2 * values)


def test_a_map_of_a_discriminator():
    model, images = models.build_discriminator(PLAIN), pictures(1)
    found = discriminator_responses(model, "down1", 3, images)
    assert found.shape == (70, 8, 8) and found.dtype == np.float32
    kernel = model.get_layer("down1").kernel.numpy()[..., 3]
    for row, column in [(0, 0), (4, 6), (7, 7)]:
        np.testing.assert_allclose(found[:, row, column], leaky_convolution(images, kernel, row, column), atol=1e-5)
    assert discriminator_responses(model, "down2", 7, images).shape == (70, 4, 4)


def test_a_map_of_a_conditional_discriminator():
    model, images = models.build_discriminator(CONDITIONAL), pictures(3)
    found = discriminator_responses(model, "down1", 1, images, LABELS)
    everywhere = np.broadcast_to(np.eye(3, dtype=np.float32)[LABELS][:, None, None], (70, 16, 16, 3))
    kernel = model.get_layer("down1").kernel.numpy()[..., 1]
    expected = leaky_convolution(np.concatenate([images, everywhere], axis=3), kernel, 3, 5)
    np.testing.assert_allclose(found[:, 3, 5], expected, atol=1e-5)
    with pytest.raises(ValueError, match="one label for each image"):
        discriminator_responses(model, "down1", 1, images)


def test_maps_that_are_not_there():
    for wrong in (4, -1):
        with pytest.raises(ArgumentError, match=f"map={wrong}: the maps of down1 are counted from 0 to 3$"):
            discriminator_responses(models.build_discriminator(PLAIN), "down1", wrong, pictures(1))


def small_classifier(classes=3):
    network = classifier._network((16, 16, 1), classes)
    random = np.random.default_rng(1)
    weights = {f"{layer.name}/{each.name}": random.normal(0, 0.2, each.shape).astype(np.float32)
               for layer in network.layers for each in layer.trainable_variables}  # fmt: skip
    return classifier.Classifier((16, 16, 1), weights, {"classes": classes, "accuracy": 1.0})


def test_evidence_for_a_class():
    judge, images = small_classifier(), pictures(1)
    found = class_responses(judge, 2, images)
    layers = {layer.name: layer for layer in judge.network.layers}
    activations = layers["down2"](layers["down1"](images)).numpy()
    flat = activations.reshape(70, -1)
    first, last = layers["features"], layers["logits"]
    hidden = flat @ first.kernel.numpy() + first.bias.numpy()
    derivative = ((hidden > 0) * last.kernel.numpy()[:, 2]) @ first.kernel.numpy().T
    expected = np.maximum(0, (flat * derivative).reshape(activations.shape).sum(axis=3))
    assert found.shape == (70, 4, 4) and (expected == 0).any() and (expected > 0).any()
    np.testing.assert_allclose(found, expected, atol=1e-4)
    with pytest.raises(ArgumentError, match=r"label=3: the classes are counted from 0 to 2$"):
        class_responses(judge, 3, images)


def test_a_map_of_the_generator(conditional_generator, conditional_renderer):
    points = conditional_renderer.points(range(3))
    activations = SplitGenerator(conditional_generator, "project").activations(points)
    assert (generator_responses(conditional_generator, "project", 5, points) == activations[..., 5]).all()
    with pytest.raises(ArgumentError, match=r"map=8: the maps of project are counted from 0 to 7$"):
        generator_responses(conditional_generator, "project", 8, points)


RESPONSE = np.array(
    [
        [0.0, 6.0, 4.9, 0.0],
        [0.0, 5.0, 0.0, 9.0],
        [0.0, 10.0, 0.0, 9.0],
        [8.0, 0.0, 9.0, 9.0],
    ]
)  # the peak is connected to what lies above it; 8 and 9 touch it at corners only


def test_a_box_surrounds_what_is_connected_to_the_peak():
    assert boxes_around(RESPONSE[None], [7], (16, 32), 1) == (Box(7, 8, 0, 16, 12),)
    assert boxes_around(RESPONSE[None, ::-1], [(7, None)], (16, 32), 1) == (Box(7, 8, 4, 16, 16),)
    assert boxes_around(RESPONSE[None], [(7, 2)], (16, 32), 1, share=0.45) == (Box(7, 8, 0, 24, 12, label=2),)
    assert boxes_around(RESPONSE[None], [(7, 2)], (16, 32), 1, share=1.0) == (Box(7, 8, 8, 16, 12, label=2),)


def test_a_box_of_positions_covers_these_positions():
    for size, grid in [((28, 28), (7, 7)), ((28, 28), (4, 4)), ((30, 45), (4, 7))]:
        for row in range(grid[0]):
            for column in range(grid[1]):
                response = np.zeros((1, *grid))
                response[0, row, column] = 1.0
                [box] = boxes_around(response, [(0, None)], size, 1)
                assert (covered(box, size, grid) == response[0].astype(bool)).all()


def test_pixels_of_which_a_position_has_a_part_are_in_the_box():
    response = np.zeros((1, 4, 7))
    response[0, 1, 1] = 1.0  # rows 7.5 to 15 of 30, columns 6.4 to 12.9 of 45
    assert boxes_around(response, [(0, None)], (30, 45), 1) == (Box(0, 6, 7, 13, 15),)


def test_the_images_that_respond_most_get_boxes():
    strengths = np.array([1.0, 5.0, -1.0, 0.0, 5.0, 3.0])
    responses = strengths[:, None, None] * np.eye(2)
    images = [(10 + row, row) for row in range(6)]
    found = boxes_around(responses, images, (8, 8), 3)
    assert [(box.seed, box.label) for box in found] == [(11, 1), (14, 4), (15, 5)]
    assert [box.seed for box in boxes_around(responses, images, (8, 8), 100)] == [11, 14, 15, 10]


def test_images_that_respond_nearly_everywhere_are_passed_over():
    responses = np.ones((3, 4, 4))
    responses[1, 2:] = 0.0  # just half
    responses[2, 3] = 0.4  # connected, but less than half of the peak; three quarters of the image remain
    assert boxes_around(responses, [(0, None), (1, None), (2, None)], (8, 8), 3) == (Box(1, 0, 0, 8, 4),)
    with pytest.raises(UserError, match="more than half of each image responds"):
        boxes_around(responses[[0, 2]], [(0, None), (2, None)], (8, 8), 3)


def test_boxes_that_cannot_be():
    with pytest.raises(UserError, match="nothing responds in any of 2 images"):
        boxes_around(np.zeros((2, 4, 4)), [(0, None), (1, None)], (8, 8), 1)
    for wrong in (0.0, 1.1, float("nan")):
        with pytest.raises(ArgumentError, match=f"share={wrong}: it must be above 0 and at most 1"):
            boxes_around(RESPONSE[None], [(7, None)], (16, 32), 1, share=wrong)
    with pytest.raises(ArgumentError, match="count=0: it must be at least 1"):
        boxes_around(RESPONSE[None], [(7, None)], (16, 32), 0)
