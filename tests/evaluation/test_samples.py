import numpy as np
import pytest

from dcgan_tf.errors import UserError
from dcgan_tf.evaluation import samples as module
from dcgan_tf.evaluation import scratch
from dcgan_tf.evaluation.samples import Samples, sample_features
from tests.evaluation.conftest import RealGenerator


def test_a_stream_can_be_started_again_and_cut_in_any_way(digits):
    samples = Samples(RealGenerator(digits), 300)
    blocks = list(samples.blocks())
    assert [len(block) for block in blocks] == [64, 64, 64, 64, 44]
    images, labels = (np.concatenate(part) for part in zip(*samples.labeled(3), strict=True))
    np.testing.assert_array_equal(images, np.concatenate(blocks))
    np.testing.assert_array_equal(labels, samples.generator.labels(module.FIRST_SEED + np.arange(300)))
    assert samples.seconds > 0


def test_features_larger_than_memory_lie_in_a_file_without_a_name(digits, classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(scratch, "IN_MEMORY", 1000)
    samples = Samples(RealGenerator(digits), 300)
    found = sample_features(samples, classifier, tmp_path)
    assert isinstance(found.vectors, np.memmap) and not list(tmp_path.iterdir())
    images = np.concatenate(list(samples.blocks()))
    np.testing.assert_allclose(found.vectors, classifier(images).vectors, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, classifier(images).probabilities, rtol=1e-4, atol=1e-5)


def test_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(UserError, match="make room"):
        scratch.scratch(tmp_path, (1 << 20, 100), "float32")
