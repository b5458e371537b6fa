"""TensorFlow Datasets by name, offline."""

import time

import numpy as np
import pytest

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.errors import ArgumentError, UserError

MNIST_MEAN, MNIST_DEVIATION = 0.1307, 0.3081


def opened(**values):
    return data.open_source(DataConfig(**values))


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
def test_a_bad_split_names_those_there_are(tfds_dir, split):
    with pytest.raises(ArgumentError, match=r"train \(60,000\), test \(10,000\)"):
        opened(dataset="mnist", data_dir=tfds_dir, split=split).identity()


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("mnst", r"did you mean mnist"),
        ("digit", r"did you mean digits"),
        ("lsun/bedrom", r"classroom, bedroom"),
        ("ag_news_subset", r"no image feature; its features are label, title, description"),
        ("./nowhere", "no such folder"),
        ("no/where", "no such folder"),
        ("nothing.zip", "no such folder or file"),
        ("", "give a name or a path"),
    ],
)
def test_names_that_mean_nothing(dataset, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=message) as caught:
        opened(dataset=dataset)
    assert "\n" not in str(caught.value)


def test_a_bare_word_may_be_a_folder(photos, monkeypatch):
    from conftest import pixels, save

    save(photos / "a.png", pixels(8, 8))
    monkeypatch.chdir(photos.parent)
    assert opened(dataset="photos").name == "photos"
    save(photos.parent / "mnist" / "a.png", pixels(8, 8))
    assert opened(dataset="mnist").info().image_size == (28, 28)
    assert opened(dataset="./mnist").info().image_size == (8, 8)


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "a.tar").touch()
    with pytest.raises(ArgumentError, match=r"must be a \.zip of images or an \.npz"):
        opened(dataset=str(tmp_path / "a.tar"))


def test_information_needs_no_download(tmp_path):
    info = opened(dataset="celeb_a", data_dir=str(tmp_path / "none")).info()
    assert (info.count, info.image_size, info.channels) == (None, (218, 178), 3)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_one_line_says_what_to_do(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    began = time.monotonic()
    with pytest.raises(UserError, match=r"no network.*--data_dir.*folder or \.zip") as caught:
        opened(dataset="cifar100", data_dir=str(tmp_path / "data")).identity()
    assert time.monotonic() - began < 15
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_name_server_that_hangs_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("dcgan_tf.data.download.PROBE_SECONDS", 0.3)
    monkeypatch.setattr("dcgan_tf.data.download._probe", lambda *_: time.sleep(5))
    began = time.monotonic()
    with pytest.raises(UserError, match="no answer from"):
        opened(dataset="cifar100", data_dir=str(tmp_path)).identity()
    assert time.monotonic() - began < 3


def test_a_failed_download_leaves_nothing_and_points_to_a_folder(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def fail(builder):
        downloads = tmp_path / "data" / "downloads"
        (downloads / "some.tmp.123").mkdir(parents=True)
        (downloads / "extracted").mkdir()
        (tmp_path / "data" / "cifar100" / "incomplete.X_3.0.2").mkdir(parents=True)
        raise RuntimeError("checksum of https://x.y is wrong\nsecond line")

    monkeypatch.setattr("dcgan_tf.data.download._probe", lambda *_: "")
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(UserError, match=r"checksum of .* wrong\); .*folder or \.zip") as caught:
        opened(dataset="cifar100", data_dir=str(tmp_path / "data")).identity()
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_hand_downloads_are_explained(tmp_path):
    with pytest.raises(UserError, match=r"by hand.*ILSVRC2012"):
        opened(dataset="imagenet2012", data_dir=str(tmp_path)).identity()
