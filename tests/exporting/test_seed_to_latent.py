"""The latent vectors that model cards show how to draw with NumPy: those of TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.exporting.seed_to_latent import seed_to_latent
from dcgan_tf.models import latent


@pytest.mark.parametrize(("law", "largest"), [("normal", 3e-7), ("uniform", 0.0)])
@pytest.mark.parametrize("dim", [1, 7, 64, 100])
def test_it_is_the_latent_of_the_seed(dim, law, largest):
    seeds = [0, 17, 2**31, 2**32 - 1, 2**40, 2**62, *range(100, 200)]
    expected = latent.of_seeds(tf.constant(seeds, tf.int64), dim, law).numpy()
    found = np.concatenate([seed_to_latent(seed, dim, law) for seed in seeds])
    assert found.dtype == np.float32 and found.shape == expected.shape
    assert np.abs(found - expected).max() <= largest
    assert np.array_equal(seed_to_latent(np.int64(17), dim, law), found[1:2])
