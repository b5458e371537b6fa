"""Guided gradients: by hand for a network of two layers, and the search for the strongest responses by brute force."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import guided_backprop, prepared_discriminator
from dcgan_tf.explore.guided_backprop import GuidedBackprop, guided
from dcgan_tf.models import pixels

PLAIN = ModelConfig(image_size=(16, 24), channels=1, base_filters=4, kernel_size=5)
CONDITIONAL = ModelConfig(image_size=(16, 16), channels=3, base_filters=4, conditional=True, classes=3)


def images_of(config: ModelConfig, count: int, seed: int = 0) -> np.ndarray:
    shape = (count, *config.image_size, config.channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture(scope="module")
def plain() -> keras.Model:
    return prepared_discriminator(PLAIN, None, images_of(PLAIN, 128), None)


@pytest.fixture(scope="module")
def conditional() -> keras.Model:
    return prepared_discriminator(CONDITIONAL, None, images_of(CONDITIONAL, 128), np.arange(128) % 3)


def of(gradients: np.ndarray) -> GuidedBackprop:
    return GuidedBackprop("down1", np.arange(len(gradients)), *[gradients] * 5)


def inputs_of(images: np.ndarray, labels: np.ndarray | None) -> tf.Tensor | list[tf.Tensor]:
    return models.inputs(pixels.to_model_range(images), None if labels is None else tf.constant(labels, tf.int32))


def activations(model: keras.Model, layer: str, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """The ordinary network's."""
    inner = keras.Model(model.inputs, model.get_layer(f"{layer}_leaky").output)
    return inner(inputs_of(images, labels), training=False).numpy()


class ByHand:
    """Images of 4x4 pixels; `down1` has one 2x2 patch for each value of 2x2x3 maps, `down2` sees all of these."""

    def __init__(self):
        random = np.random.default_rng(5)
        self.first, self.second = random.normal(size=(4, 3)), random.normal(size=(12, 2))
        chain = [
            keras.Input((4, 4, 1)),
            keras.layers.Conv2D(3, 2, strides=2, use_bias=False, name="down1"),
            keras.layers.LeakyReLU(negative_slope=0.2, name="down1_leaky"),
            keras.layers.Conv2D(2, 2, use_bias=False, name="down2"),
            keras.layers.LeakyReLU(negative_slope=0.2, name="down2_leaky"),
        ]
        self.model = keras.Sequential(chain)
        self.model.get_layer("down1").kernel.assign(self.first.reshape(2, 2, 1, 3))
        self.model.get_layer("down2").kernel.assign(self.second.reshape(2, 2, 3, 2))

    def hidden(self, image: np.ndarray) -> np.ndarray:
        """What enters the first LeakyReLU: [4 patches, 3]."""
        return self.patches(image / 127.5 - 1.0) @ self.first

    def response(self, image: np.ndarray, map: int) -> float:
        hidden = self.hidden(image)
        summed = np.where(hidden > 0, hidden, 0.2 * hidden).ravel() @ self.second[:, map]
        return summed if summed > 0 else 0.2 * summed

    def gradient(self, slopes: np.ndarray, map: int) -> np.ndarray:
        """With respect to the image, for what the first LeakyReLU lets through: [4, 3]."""
        patches = (self.second[:, map].reshape(4, 3) * slopes) @ self.first.T
        return patches.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4, 1)

    @staticmethod
    def patches(image: np.ndarray) -> np.ndarray:
        return image.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)


def test_a_network_of_two_layers_by_hand():
    network, image = ByHand(), np.random.default_rng(22).integers(0, 256, (1, 4, 4, 1), np.uint8)
    map = 1
    assert network.response(image[0], map) > 0
    found = guided_backprop(network.model, image, maps=[map], strongest=1)
    assert found.layer == "down2" and found.positions.tolist() == [[[0, 0]]] and found.rows.tolist() == [[0]]
    np.testing.assert_allclose(found.responses, [[network.response(image[0], map)]], rtol=1e-5)

    active, wanted = network.hidden(image[0]) > 0, network.second[:, map].reshape(4, 3) > 0
    for one in (active, ~active):
        assert (one & wanted).any() and (one & ~wanted).any()  # both masks have something to do
    np.testing.assert_allclose(found.gradients[0, 0], network.gradient(active & wanted, map), rtol=1e-5, atol=1e-6)
    for other in (np.where(active, 1.0, 0.2), active, wanted, np.where(active, 1.0, 0.2) * wanted):
        assert not np.allclose(found.gradients[0, 0], network.gradient(other, map), atol=1e-2)


def test_a_map_that_never_fires_has_no_gradient():
    network = ByHand()
    images = np.random.default_rng(2).integers(0, 256, (40, 4, 4, 1), np.uint8)
    silent = images[[network.response(image, 1) < 0 for image in images]][:3]
    assert len(silent) == 3
    found = guided_backprop(network.model, silent, maps=[1], strongest=2)
    assert (found.responses < 0).all() and not found.gradients.any()
    assert found.concentration == 0.0
    assert (found.pictures == 128).all()


@pytest.mark.parametrize("layer", ["down1", "down2"])
def test_the_way_forward_is_the_networks_own(plain, conditional, layer):
    for config, model, labels in ((PLAIN, plain, None), (CONDITIONAL, conditional, np.arange(9) % 3)):
        images = images_of(config, 9, seed=1)
        found = guided(model, f"{layer}_leaky")(inputs_of(images, labels), training=False)
        np.testing.assert_array_equal(found, activations(model, layer, images, labels))


@pytest.mark.parametrize("layer", ["down1", "down2"])
def test_the_strongest_are_really_the_strongest(plain, conditional, layer):
    """In more than one block, of which the last is not full; the same again at the second call."""
    for config, model, labels in ((PLAIN, plain, None), (CONDITIONAL, conditional, np.arange(150) % 3)):
        images = images_of(config, 150, seed=2)
        chosen = [3, 0]
        found = guided_backprop(model, images, labels, layer, chosen, strongest=5)
        maps = activations(model, layer, images, labels)
        for number, map in enumerate(chosen):
            best = maps[..., map].max(axis=(1, 2))
            assert found.rows[number].tolist() == np.argsort(-best)[:5].tolist()
            np.testing.assert_allclose(found.responses[number], np.sort(best)[::-1][:5], atol=1e-6)
            row, column = found.positions[number].T
            there = maps[found.rows[number], row, column, map]
            np.testing.assert_allclose(there, found.responses[number], atol=1e-6)
        np.testing.assert_array_equal(found.images, images[found.rows])
        assert found.images.dtype == np.uint8 and found.gradients.dtype == np.float32
        assert found.gradients.shape == found.images.shape and np.abs(found.gradients).max(axis=(2, 3, 4)).min() > 0
        again = guided_backprop(model, images, labels, layer, chosen, strongest=5)
        np.testing.assert_array_equal(again.gradients, found.gradients)


def test_the_gradient_of_a_first_map_is_its_filter(conditional):
    """Where it responds, and for as many responses as need two blocks."""
    images, labels = images_of(CONDITIONAL, 70, seed=3), np.arange(70) % 3
    found = guided_backprop(conditional, images, labels, "down1", [2], strongest=70)
    kernel = conditional.get_layer("down1").kernel.numpy()[:, :, :3, 2]
    for gradient, (row, column) in zip(found.gradients[0], found.positions[0], strict=True):
        expected = np.zeros([18, 18, 3], np.float32)  # the image with the border that "same" pads it with
        expected[2 * row : 2 * row + 4, 2 * column : 2 * column + 4] = kernel
        np.testing.assert_allclose(gradient, expected[1:17, 1:17], atol=1e-6)


def test_masks_in_a_conditional_network(conditional):
    """Against the ordinary gradient of a network whose first LeakyReLU is replaced by multiplication with the masks."""
    images, labels = images_of(CONDITIONAL, 6, seed=4), np.arange(6) % 3
    found = guided_backprop(conditional, images, labels, "down2", [1], strongest=6)
    (row, column), image = found.positions[0, 0], found.images[0, :1]
    label = labels[found.rows[0, :1]]
    first, second = conditional.get_layer("down1"), conditional.get_layer("down2")
    norm = conditional.get_layer("down2_norm")
    maps = np.eye(3, dtype=np.float32)[label][:, None, None]
    values = pixels.to_model_range(image)
    hidden = first(tf.concat([values, tf.tile(maps, [1, 16, 16, 1])], axis=3))
    with tf.GradientTape() as tape:
        active = tf.nn.leaky_relu(hidden, 0.2)
        tape.watch(active)
        response = norm(second(tf.concat([active, tf.tile(maps, [1, 8, 8, 1])], axis=3)))[0, row, column, 1]
    np.testing.assert_allclose(response, found.responses[0, 0], atol=1e-5)
    back = tape.gradient(response, active)
    back = tf.where((hidden > 0) & (back > 0), back, 0.0)
    kernel = first.kernel.value[:, :, :3]
    expected = tf.nn.conv2d_transpose(back, kernel, [1, 16, 16, 3], 2, "SAME")
    assert response > 0
    np.testing.assert_allclose(found.gradients[0, 0], expected[0], atol=1e-6)


def test_the_last_convolution_and_its_first_six_maps(plain):
    found = guided_backprop(plain, images_of(PLAIN, 4))
    assert found.layer == "down2" and found.maps.tolist() == [0, 1, 2, 3, 4, 5]


def test_what_a_user_can_get_wrong(plain, conditional):
    images = images_of(PLAIN, 4)
    for wrong in ([0, 8], [-1], []):
        with pytest.raises(ArgumentError, match=f"maps={','.join(map(str, wrong))}: down2 has 8 maps"):
            guided_backprop(plain, images, maps=wrong)
    for strongest in (0, 5):
        with pytest.raises(ArgumentError, match="from 1 to 4, the number of images"):
            guided_backprop(plain, images, strongest=strongest)
    with pytest.raises(ValueError, match="one label for each image"):
        guided_backprop(plain, images, np.zeros(4, int))
    for labels in (None, np.zeros(3, int)):
        with pytest.raises(ValueError, match="one label for each image"):
            guided_backprop(conditional, images_of(CONDITIONAL, 4), labels)


def test_pictures_are_scaled_one_by_one_around_mid_gray():
    gradients = np.zeros([1, 2, 2, 1, 4], np.float32)
    gradients[0, 0, :, 0, 0], gradients[0, 1, :, 0, 0] = [-3.0, 1.5], [0.0, 0.01]
    gradients[0, 0, 0, 0, 3] = 9.0  # the opacity is not shown
    assert of(gradients).pictures[..., 0, 0].tolist() == [[[0, 191], [128, 255]]]
    assert (of(gradients).pictures[..., 3] == 255).all()


def test_concentration():
    even = np.ones([2, 10, 10, 1], np.float32)
    assert of(even).concentration == pytest.approx(0.1)
    narrow = np.pad(even, ((0, 0), (0, 10), (0, 10), (0, 0)))
    assert of(narrow).concentration == pytest.approx(0.1)  # only the pixels that it reaches
    peaked = np.ones([1, 10, 10, 2], np.float32)
    peaked[0, :, 3] = -5.0
    assert of(peaked).concentration == pytest.approx(100 / 280)
    both = np.concatenate([np.zeros([1, 10, 10, 2], np.float32), peaked])
    assert of(both[None]).concentration == pytest.approx(100 / 280)


def test_two_convolutions_at_each_scale():
    config = ModelConfig(image_size=(16, 16), channels=1, base_filters=4, layers_per_scale=2, output="sigmoid")
    model = prepared_discriminator(config, None, images_of(config, 32), None)
    found = guided_backprop(model, images_of(config, 8), layer="refine2", strongest=2)
    maps = activations(model, "refine2", images_of(config, 8))
    np.testing.assert_allclose(found.responses[0, 0], maps[..., 0].max(), atol=1e-6)
