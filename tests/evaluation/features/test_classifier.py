import numpy as np
import pytest

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.data.cache import cache_root
from dcgan_tf.errors import UserError
from dcgan_tf.evaluation import features

MODULE = "dcgan_tf.evaluation.features.classifier"


def store_of(path, images, labels=None):
    np.savez(path, images=images, **({} if labels is None else {"labels": labels}))
    source = data.open_source(DataConfig(dataset=str(path)))
    return data.prepare_store(source, images.shape[1:3], images.shape[3], "none", "")


def test_the_classifier_knows_its_data_and_is_trained_once(digits, classifier, monkeypatch):
    assert classifier.accuracy > 0.9
    correct = classifier(np.asarray(digits.images[:500])).probabilities.argmax(axis=1) == digits.labels[:500]
    assert correct.mean() > 0.95
    monkeypatch.setattr(f"{MODULE}._trained", lambda *_: pytest.fail("trained again"))
    assert features.trained_classifier(digits, cache_root("")).name == classifier.name


@pytest.mark.full
def test_a_damaged_classifier_is_trained_again(digits, classifier, tmp_path):
    """And the second training gives the same weights: the name is their hash."""
    (tmp_path / "classifiers").mkdir()
    for path in (cache_root("") / "classifiers").glob("digits-*.npz"):
        (tmp_path / "classifiers" / path.name).write_bytes(path.read_bytes()[:1000])
    assert features.trained_classifier(digits, tmp_path).name == classifier.name


@pytest.mark.parametrize("shape", [(24, 40, 3), (12, 12, 4)])
def test_a_classifier_of_any_shape(tmp_path, shape, monkeypatch):
    monkeypatch.setattr(f"{MODULE}.FEWEST_STEPS", 20)
    labels = np.arange(40, dtype=np.int32) % 2
    images = np.where(labels[:, None, None, None] == 1, 200, 50) + np.zeros((40, *shape))
    store = store_of(tmp_path / "two.npz", images.astype(np.uint8), labels)
    found = features.trained_classifier(store, tmp_path / "cache")
    assert found.accuracy == 1.0 and found(store.images[:3]).vectors.shape == (3, 128)


def test_without_labels_the_other_extractors_are_named(tmp_path):
    store = store_of(tmp_path / "plain.npz", np.zeros((4, 8, 8, 1), np.uint8))
    with pytest.raises(UserError, match=r"has no labels.*inception.*discriminator"):
        features.trained_classifier(store, tmp_path)
