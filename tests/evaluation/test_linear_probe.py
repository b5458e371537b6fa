import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation import linear_probe
from dcgan_tf.evaluation.features import Pixels
from dcgan_tf.evaluation.linear_probe import Protocol


def test_trained_features_are_better_than_pixels_and_many_labels_than_few(digits, classifier, tmp_path):
    parts = linear_probe.split(digits, None)
    assert not set(parts.training[1]) & set(parts.test[1]) and len(parts.training[1]) + len(parts.test[1]) == 1797
    good = linear_probe.measure(classifier, parts, Protocol(), tmp_path, "classifier")
    pixels = linear_probe.measure(Pixels((16, 16, 1)), parts, Protocol(), tmp_path, "pixels")
    few = linear_probe.measure(classifier, parts, Protocol(5, 3), tmp_path, "classifier")
    assert good["value"] > 0.95 and pixels["value"] > 0.85
    assert good["dimension"] == 128 and pixels["dimension"] == 256 and good["test_images"] == 359
    assert few["draws"] == 3 and few["deviation"] > 0 and 0.8 < few["value"] < good["value"]


def test_large_features_are_kept_as_float16(digits, classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(linear_probe, "HALF_FROM_BYTES", 1)
    row = linear_probe.measure(classifier, linear_probe.split(digits, None), Protocol(), tmp_path, "classifier")
    assert row["value"] > 0.95


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        (Protocol(1000), "labels_per_class=1000: digits: class"),
        (Protocol(-1), "labels_per_class=-1"),
        (Protocol(5, 0), "draws=0"),
        (Protocol(costs=(1.0, -1.0)), "costs=1,-1: at least one number is needed"),
        (Protocol(costs=()), "costs="),
    ],
)
def test_protocols_that_cannot_work(digits, protocol, expected):
    with pytest.raises(ArgumentError, match=expected):
        linear_probe.check(linear_probe.split(digits, None), protocol)
