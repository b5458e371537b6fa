"""One contract for every extractor."""

import numpy as np
import pytest

from dcgan_tf.config import ModelConfig
from dcgan_tf.evaluation import features
from dcgan_tf.evaluation.features.extractor import with_channels

TINY = ModelConfig(image_size=(16, 16), channels=1, base_filters=4)


@pytest.fixture(params=["classifier", "discriminator", "inception", "keras", "pixels"])
def extractor(request, digits, classifier, graph_file, keras_path):
    return {
        "classifier": lambda: classifier,
        "discriminator": lambda: features.DiscriminatorFeatures(TINY, None, digits.images[:256], "untrained"),
        "inception": lambda: features.Inception(graph_file),
        "keras": lambda: features.KerasFile(keras_path),
        "pixels": lambda: features.Pixels((16, 16, 1)),
    }[request.param]()


def test_contract(extractor, digits):
    images = np.asarray(digits.images[:33])
    found = extractor(images)
    assert found.vectors.shape == (33, extractor.dimension) and found.vectors.dtype == np.float32
    assert np.isfinite(found.vectors).all() and len(np.unique(found.vectors, axis=0)) > 10
    assert (found.probabilities is not None) == (extractor.classes > 0)
    if found.probabilities is not None:
        assert found.probabilities.shape == (33, extractor.classes)
        assert found.probabilities.dtype == np.float32 and (found.probabilities >= 0).all()
        np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    alone = extractor(images[7:8])
    np.testing.assert_allclose(alone.vectors[0], found.vectors[7], rtol=1e-4, atol=1e-5)
    about = extractor.describe()
    assert about["name"] == extractor.name and about["kind"] and isinstance(extractor.caution, str)


def test_channels():
    rgba = np.array([[[[200, 100, 0, 255], [9, 9, 9, 0]]]], np.uint8)
    np.testing.assert_array_equal(with_channels(rgba, 3), [[[[200, 100, 0], [255, 255, 255]]]])
    np.testing.assert_array_equal(with_channels(rgba, 1)[..., 0], [[[118, 255]]])
    gray = np.array([[[[7]]]], np.uint8)
    np.testing.assert_array_equal(with_channels(gray, 3), [[[[7, 7, 7]]]])
