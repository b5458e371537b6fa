"""Arrays in .npz files. The rules for arrays are tested in test_array.py."""

import numpy as np
import pytest
from conftest import open_path, pixels

from dcgan_tf.errors import ArgumentError


def write(tmp_path, save=np.savez, **arrays):
    save(tmp_path / "set.npz", **arrays)
    return tmp_path / "set.npz"


def batch(count=5, channels=3):
    return np.stack([pixels(8, 8, channels, seed) for seed in range(count)])


@pytest.mark.parametrize("key", ["images", "x", "x_train", "arr_0", "whatever"])
def test_keys(tmp_path, stored, key):
    np.testing.assert_array_equal(stored(write(tmp_path, **{key: batch()})).images, batch())


def test_grey_without_a_channel_axis_and_columns_first(tmp_path, stored):
    images = np.asfortranarray(batch(channels=1)[..., 0])
    np.testing.assert_array_equal(stored(write(tmp_path, images=images), channels=1).images[..., 0], images)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_many_blocks(tmp_path, stored, save, monkeypatch):
    monkeypatch.setattr("dcgan_tf.data.sources.array.BLOCK_BYTES", 500)
    np.testing.assert_array_equal(stored(write(tmp_path, save, images=batch(50))).images, batch(50))


def test_labels_and_class_names(tmp_path, stored):
    labels = np.array([[1], [0], [1], [1], [1]])
    store = stored(write(tmp_path, x_train=batch(), y_train=labels, class_names=np.array(["cat", "dog"])))
    assert store.labels.tolist() == [1, 0, 1, 1, 1]
    assert store.manifest["class_counts"] == {"cat": 1, "dog": 4}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": batch().transpose(0, 3, 1, 2)}, r'"images" is uint8 \[5, 3, 8, 8\], channels first'),
        ({"images": np.array([batch()[0], "x"], object)}, "Python objects"),
        ({"a": batch(), "b": batch()}, r'it holds a \[5, 8, 8, 3\], b .*: name the array of images "images"'),
        ({"images": batch(), "labels": np.array(["a", 1, 2, 3, 4], object)}, '"labels" cannot be read'),
    ],
)
def test_errors_say_what_was_received_and_what_works(tmp_path, stored, arrays, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        stored(write(tmp_path, **arrays))
    assert str(caught.value).startswith(f"dataset={tmp_path}") and "\n" not in str(caught.value)


def test_damage(tmp_path, stored):
    (tmp_path / "no.npz").write_text("no")
    with pytest.raises(ArgumentError, match=r"not an \.npz"):
        open_path(tmp_path / "no.npz")
    path = write(tmp_path, images=batch(50))
    content = bytearray(path.read_bytes())
    content[5000] ^= 255
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match="damaged"):
        stored(path)
