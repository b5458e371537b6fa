import numpy as np
import pytest

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.evaluation.features import Pixels
from dcgan_tf.evaluation.real_features import real_features


def test_real_features_are_computed_once_for_what_defines_them(digits, classifier, tmp_path, monkeypatch):
    vectors, moments = real_features(classifier, digits, tmp_path)
    assert isinstance(vectors, np.memmap)
    expected = classifier(np.asarray(digits.images)).vectors
    np.testing.assert_allclose(vectors, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(moments.mean, expected.mean(axis=0), rtol=1e-4)
    monkeypatch.setattr(type(classifier), "__call__", lambda *_: pytest.fail("computed again"))
    again, same = real_features(classifier, digits, tmp_path)
    np.testing.assert_array_equal(vectors, again)
    np.testing.assert_array_equal(moments.scatter, same.scatter)
    monkeypatch.undo()
    np.savez(tmp_path / "other.npz", images=np.asarray(digits.images[:300]), labels=digits.labels[:300])
    source = data.open_source(DataConfig(dataset=str(tmp_path / "other.npz")))
    other, _ = real_features(classifier, data.prepare_store(source, (16, 16), 1, "none", ""), tmp_path)
    assert len(other) == 300
    pixels, _ = real_features(Pixels((16, 16, 1)), digits, tmp_path)
    assert pixels.shape == (1797, 256)


def test_damaged_features_are_computed_again(digits, classifier, tmp_path, caplog):
    expected = np.array(real_features(classifier, digits, tmp_path)[0])
    (path,) = (tmp_path / "features").glob("classifier-*/features.npy")
    path.write_bytes(path.read_bytes()[:-8])
    np.testing.assert_array_equal(real_features(classifier, digits, tmp_path)[0], expected)
    assert "is damaged" in caplog.text
