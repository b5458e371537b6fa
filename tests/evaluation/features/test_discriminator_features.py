import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import models, presets
from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import UserError
from dcgan_tf.evaluation import features
from dcgan_tf.evaluation.features.discriminator_features import pooled, statistics_rows

TINY = ModelConfig(image_size=(16, 16), channels=1, base_filters=4)


@pytest.mark.parametrize(("name", "expected"), [("imagenet_32", 28_672), ("cifar10_32", 7_168)])
def test_as_many_features_as_in_the_paper(name, expected):
    """28,672: section 5.1. 7,168: the network behind Table 2."""
    config = presets.PRESETS[name].model
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, config.channels), np.uint8)
    found = features.DiscriminatorFeatures(config, None, images, "untrained")
    assert found.dimension == expected and found(images).vectors.shape == (4, expected)


def test_pooling_takes_the_largest_of_each_cell():
    maps = tf.random.stateless_normal([2, 8, 14, 3], [0, 1])
    found = pooled(maps).numpy()
    np.testing.assert_array_equal(pooled(maps[:, :, :8]), tf.nn.max_pool2d(maps[:, :, :8], 2, 2, "VALID"))
    assert found.shape == (2, 4, 4, 3)
    np.testing.assert_array_equal(found[:, 1, 1], maps.numpy()[:, 2:4, 3:7].max(axis=(1, 2)))
    np.testing.assert_array_equal(pooled(maps[:, :2, :4]), maps[:, :2, :4])


def test_statistics_are_those_of_the_real_images(digits):
    """The name is a hash of weights and statistics."""
    images = np.asarray(digits.images[:1024])
    found, again, other = (
        features.DiscriminatorFeatures(TINY, None, part, "untrained") for part in (images, images, 255 - images)
    )
    assert found.name == again.name != other.name
    assert found.dimension == 16 * sum(models.discriminator_filters(TINY))


def test_statistics_rows_are_drawn_from_the_chosen_ones(digits):
    assert len(set(statistics_rows(digits))) == len(digits)
    rows = statistics_rows(digits, np.arange(100, 200))
    assert sorted(rows) == list(range(100, 200)) and rows.tolist() != sorted(rows)


def test_a_conditional_discriminator_is_refused():
    config = ModelConfig(image_size=(16, 16), channels=1, base_filters=4, conditional=True, classes=3)
    with pytest.raises(UserError, match="conditional discriminator"):
        features.DiscriminatorFeatures(config, None, np.zeros((4, 16, 16, 1), np.uint8), "untrained")
