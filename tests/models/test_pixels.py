import numpy as np

from dcgan_tf.models import pixels


def test_ranges_are_inverse_on_every_level():
    levels = np.arange(256, dtype=np.uint8)
    scaled = pixels.to_model_range(levels).numpy()
    assert scaled.min() == -1 and scaled.max() == 1 and scaled.dtype == np.float32
    assert np.array_equal(pixels.to_pixels(scaled), levels)


def test_pixels_are_rounded_to_the_nearest_and_clipped():
    values = np.array([-2.0, -1.0, -1 + 0.6 / 127.5, 1.0, 1.5], np.float32)
    assert pixels.to_pixels(values).numpy().tolist() == [0, 0, 1, 255, 255]
