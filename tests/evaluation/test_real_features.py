import numpy as np

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.evaluation.features import Pixels
from dcgan_tf.evaluation.real_features import real_features


def test_real_features_are_computed_once_for_what_defines_them(digits, classifier, tmp_path):
    first = real_features(classifier, digits, tmp_path)
    again = real_features(classifier, digits, tmp_path)
    assert first.computed_now and not again.computed_now and isinstance(again.vectors, np.memmap)
    np.testing.assert_array_equal(first.vectors, again.vectors)
    expected = classifier(np.asarray(digits.images)).vectors.mean(axis=0)
    np.testing.assert_allclose(again.moments.mean, expected, rtol=1e-4)
    np.savez(tmp_path / "other.npz", images=np.asarray(digits.images[:300]), labels=digits.labels[:300])
    source = data.open_source(DataConfig(dataset=str(tmp_path / "other.npz")))
    other = real_features(classifier, data.prepare_store(source, (16, 16), 1, "none", ""), tmp_path)
    assert other.computed_now and len(other.vectors) == 300
    assert real_features(Pixels((16, 16, 1)), digits, tmp_path).computed_now


def test_damaged_features_are_computed_again(digits, classifier, tmp_path):
    real_features(classifier, digits, tmp_path)
    (path,) = (tmp_path / "features").glob("classifier-*/features.npy")
    path.write_bytes(path.read_bytes()[:-8])
    assert real_features(classifier, digits, tmp_path).computed_now
    assert not real_features(classifier, digits, tmp_path).computed_now
