import keras
import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation import features


def test_images_come_from_minus_one_to_one_and_in_the_models_size(keras_path, tmp_path):
    found = features.KerasFile(keras_path)
    assert found.describe()["resize"] == "bilinear, antialiased, to 12x12" and found.name.startswith("keras-mean-")
    path = tmp_path / "identity.keras"
    keras.Sequential([keras.Input((None, None, 1)), keras.layers.GlobalMaxPooling2D()]).save(path)
    levels = np.array([0, 255], np.uint8)[:, None, None, None] * np.ones((2, 5, 7, 1), np.uint8)
    np.testing.assert_allclose(features.KerasFile(path)(levels).vectors, [[-1], [1]])


def test_files_that_are_not_models(tmp_path):
    (tmp_path / "fake.keras").write_text("not a model")
    for name, expected in (("fake", "not a model that Keras can open"), ("none", "there is no such file")):
        with pytest.raises(ArgumentError, match=expected):
            features.KerasFile(tmp_path / f"{name}.keras")
