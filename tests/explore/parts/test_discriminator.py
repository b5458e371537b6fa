"""A discriminator that is prepared to be looked into."""

import keras
import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.explore import prepared_discriminator
from tests.explore.test_guided_backprop import CONDITIONAL, PLAIN, images_of, inputs_of


@pytest.mark.parametrize("config", [PLAIN, CONDITIONAL], ids=["plain", "conditional"])
def test_a_prepared_discriminator_has_given_weights_and_statistics_of_real_images(config):
    images = images_of(config, 256, seed=6)
    labels = np.arange(256) % 3 if config.conditional else None
    source = models.build_discriminator(config, seed=9)
    weights = {each.path.removeprefix("discriminator/"): 2 * each.numpy() for each in source.trainable_variables}
    model = prepared_discriminator(config, weights, images, labels)
    for name, value in weights.items():
        layer, variable = name.split("/")
        np.testing.assert_array_equal(getattr(model.get_layer(layer), variable), value)
    inner = keras.Model(model.inputs, model.get_layer("down2").output)
    maps = inner(inputs_of(images, labels), training=False)
    np.testing.assert_allclose(model.get_layer("down2_norm").moving_mean, maps.numpy().mean(axis=(0, 1, 2)), atol=1e-4)
    with pytest.raises(KeyError, match="down1/kernel"):
        prepared_discriminator(config, {}, images, labels)
    with pytest.raises(ValueError, match="one label for each image"):
        prepared_discriminator(config, None, images, None if config.conditional else np.zeros(256, int))


def test_an_untrained_discriminator_is_that_of_its_seed():
    images = images_of(PLAIN, 32)
    kernels = [
        prepared_discriminator(PLAIN, None, images, None, seed).get_layer("down1").kernel.numpy() for seed in (0, 0, 1)
    ]
    assert (kernels[0] == kernels[1]).all() and (kernels[0] != kernels[2]).any()
