"""Filters as images: what they are said to do, done."""

import keras
import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.config import ModelConfig
from dcgan_tf.explore import filters, filters_figure
from dcgan_tf.explore.filters import Filters

CONFIGS = {
    "gray": ModelConfig(image_size=(16, 16), channels=1, base_filters=5, kernel_size=5),
    "color": ModelConfig(image_size=(16, 16), channels=3, base_filters=4),
    "rgba": ModelConfig(image_size=(16, 16), channels=4, base_filters=4),
    "conditional": ModelConfig(image_size=(16, 16), channels=3, base_filters=4, conditional=True, classes=3),
    "projection": ModelConfig(
        image_size=(16, 16), base_filters=4, conditional=True, classes=3, conditioning="projection", d_norm="spectral"
    ),
    "two_layers": ModelConfig(image_size=(16, 16), channels=1, base_filters=4, kernel_size=3, layers_per_scale=2),
}


def of(images: np.ndarray) -> Filters:
    return Filters(images, np.arange(len(images)), np.ones(len(images)))


def smoothness(images: np.ndarray) -> float:
    return of(images).smoothness


@pytest.fixture(params=CONFIGS)
def config(request) -> ModelConfig:
    return CONFIGS[request.param]


def expect_the_strongest_first(found: Filters, config: ModelConfig) -> None:
    count, side = config.base_filters, config.kernel_size
    assert found.images.shape == (count, side, side, config.channels) and found.images.dtype == np.float32
    assert sorted(found.maps) == list(range(count)) and (np.diff(found.norms) <= 0).all()
    np.testing.assert_allclose(found.norms, np.linalg.norm(found.images.reshape(count, -1), axis=1), rtol=1e-5)
    assert found.pictures.shape == found.images.shape


def test_a_feature_map_responds_to_its_filter(config):
    """A piece of the image that is the filter gives the square of its norm; the label maps are zero."""
    model = models.build_discriminator(config, seed=1)
    found = filters(model)
    expect_the_strongest_first(found, config)
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    pieces = np.pad(found.images, ((0, 0), (0, 0), (0, 0), (0, first.kernel.shape[2] - config.channels)))
    responses = keras.ops.conv(pieces, first.kernel, padding="valid").numpy()[:, 0, 0]  # [pieces, feature maps]
    np.testing.assert_allclose(responses[np.arange(len(pieces)), found.maps], found.norms**2, rtol=1e-4)


def test_a_feature_map_paints_its_filter(config):
    """A one in the middle of a single feature map, before the activation."""
    model = models.build_generator(config, seed=1)
    found = filters(model)
    expect_the_strongest_first(found, config)
    layer = model.get_layer("image")
    maps = np.zeros([config.base_filters, 8, 8, layer.kernel.shape[3]], np.float32)
    maps[np.arange(config.base_filters), 4, 4, found.maps] = 1.0
    painted = layer(maps).numpy() - (layer.bias.numpy() if layer.use_bias else 0.0)
    side, stride = config.kernel_size, layer.strides[0]
    start = 4 * stride - (side - stride) // 2
    piece = slice(start, start + side)
    np.testing.assert_allclose(painted[:, piece, piece], found.images, atol=1e-6)
    assert np.abs(painted).sum() == pytest.approx(np.abs(found.images).sum(), rel=1e-4)  # and nothing else


def test_pictures_have_one_scale():
    images = np.zeros([2, 2, 2, 1], np.float32)
    images[0, 0, 0], images[0, 1, 1], images[1, 0, 1] = -2.0, 1.0, 0.5
    assert of(images).pictures[..., 0].tolist() == [[[0, 128], [128, 191]], [[128, 159], [128, 128]]]
    assert (of(0 * images).pictures == 128).all()
    images = np.zeros([1, 2, 2, 4], np.float32)
    images[0, 0, 0] = [0.1, -0.1, 0.0, 7.0]
    assert of(images).pictures[0, 0, 0].tolist() == [255, 0, 128, 255]


def test_smoothness_is_the_correlation_of_neighbors():
    random = np.random.default_rng(0)
    assert abs(smoothness(random.normal(size=(400, 5, 5, 3)))) < 0.02
    board = np.indices((6, 6)).sum(axis=0) % 2 * 2.0 - 1.0
    assert smoothness(board[None, :, :, None]) == pytest.approx(-1.0)
    halves = np.sign(np.arange(4) - 1.5) * np.ones([4, 1])  # an edge: 20 of 24 pairs are equal
    edges = np.stack([halves, -halves])[..., None]
    assert smoothness(edges) == pytest.approx((20 - 4) / 24)
    assert smoothness(np.concatenate([edges, edges.transpose(0, 2, 1, 3)])) == pytest.approx((20 - 4) / 24)
    assert smoothness(np.ones([2, 3, 3, 1])) == 0.0


def test_channels_and_filters_are_no_neighbors():
    flat = np.random.default_rng(1).normal(size=(50, 1, 1, 3)) * np.ones([1, 4, 4, 1])
    assert smoothness(flat) == pytest.approx(1.0)


def test_networks_stand_one_below_the_other():
    both = {"one": filters(models.build_discriminator(CONFIGS["color"])), "two": of(np.ones([40, 3, 3, 1], np.float32))}
    one, two = filters_figure(both, count=20, note="n").blocks
    assert [len(row) for row in one.rows] == [4] and [len(row) for row in two.rows] == [16, 4]
