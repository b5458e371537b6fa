"""TensorFlow Datasets by name, offline."""

import numpy as np
import pytest

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.errors import ArgumentError, UserError

MNIST_MEAN, MNIST_DEVIATION = 0.1307, 0.3081


def opened(**values):
    return data.open_source(DataConfig(**values))


@pytest.mark.full
def test_prepared_mnist(tfds_dir, cache):
    source = opened(dataset="mnist", data_dir=tfds_dir)
    info = source.info()
    assert (info.count, info.image_size, info.channels) == (60000, (28, 28), 1)
    store = data.prepare_store(source, (28, 28), 1, "center", cache)
    assert list(store.manifest["class_counts"].values()) == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    import tensorflow_datasets as tfds

    first = tfds.as_numpy(tfds.load("mnist", split="train[:300]", data_dir=tfds_dir, download=False))
    for row, example in enumerate(first):
        np.testing.assert_array_equal(store.images[row], example["image"])
        assert store.labels[row] == example["label"]
    scaled = store.images / np.float32(255)
    assert abs(scaled.mean() - MNIST_MEAN) < 1e-4
    assert abs(scaled.std() - MNIST_DEVIATION) < 1e-4


def test_split_notation(tfds_dir, cache):
    source = opened(dataset="cifar10", data_dir=tfds_dir, split="test[:70]")
    store = data.prepare_store(source, (32, 32), 3, "center", cache)
    assert store.images.shape == (70, 32, 32, 3)
    assert len(store.class_names) == 10


@pytest.mark.parametrize("split", ["valid", "train[", "train[:0]"])
def test_a_bad_split_names_those_exist(tfds_dir, split):
    with pytest.raises(ArgumentError, match=r"train \(60,000\), test \(10,000\)"):
        opened(dataset="mnist", data_dir=tfds_dir, split=split).identity()


def test_information_needs_no_download(tmp_path):
    info = opened(dataset="celeb_a", data_dir=str(tmp_path / "none")).info()
    assert (info.count, info.image_size, info.channels) == (None, (218, 178), 3)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_one_line_says_what_to_do(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(UserError, match=r"`dataset=cifar100`.*no network.*`data_dir`.*folder or \.zip") as caught:
        opened(dataset="cifar100", data_dir=str(tmp_path / "data")).identity()
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_leaves_nothing_and_points_to_a_folder(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def fail(builder):
        downloads = tmp_path / "data" / "downloads"
        (downloads / "cifar100" / "some.tmp.123").mkdir(parents=True)
        (downloads / "cifar100" / "some.tmp.123" / "part").touch()
        (downloads / "extracted").mkdir()
        (tmp_path / "data" / "cifar100").mkdir()
        raise RuntimeError("checksum of https://x.y is wrong\nsecond line")

    monkeypatch.setattr("dcgan_tf.data.sources.tfds.unreachable", lambda _: "")
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(UserError, match=r"checksum of .* wrong\); .*folder or \.zip") as caught:
        opened(dataset="cifar100", data_dir=str(tmp_path / "data")).identity()
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_keeps_what_was_there_before(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def fail(builder):
        (tmp_path / "downloads" / "cifar100").mkdir()
        (tmp_path / "downloads" / "cifar100" / "whole.tgz").touch()
        raise KeyboardInterrupt

    (tmp_path / "downloads" / "other.tmp.1").mkdir(parents=True)  # another process is downloading
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr("dcgan_tf.data.sources.tfds.unreachable", lambda _: "")
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(KeyboardInterrupt):
        opened(dataset="cifar100", data_dir=str(tmp_path)).identity()
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "downloads", "downloads/cifar100", "downloads/cifar100/whole.tgz", "downloads/other.tmp.1", "empty",
    ]  # fmt: skip


def test_hand_downloads_are_explained(tmp_path):
    with pytest.raises(UserError, match=r"by hand.*ILSVRC2012"):
        opened(dataset="imagenet2012", data_dir=str(tmp_path)).identity()
