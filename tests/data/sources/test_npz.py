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


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("key", ["images", "x", "x_train", "arr_0", "whatever"])
def test_keys(tmp_path, stored, save, key):
    path = write(tmp_path, save, **{key: batch()})
    np.testing.assert_array_equal(stored(path).images, batch())


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels(tmp_path, stored, channels):
    path = write(tmp_path, images=batch(channels=channels))
    assert open_path(path).info().channels == channels
    np.testing.assert_array_equal(stored(path, channels=channels).images, batch(channels=channels))


def test_grey_without_a_channel_axis_and_columns_first(tmp_path, stored):
    images = np.asfortranarray(batch(channels=1)[..., 0])
    np.testing.assert_array_equal(stored(write(tmp_path, images=images), channels=1).images[..., 0], images)


def test_many_blocks(tmp_path, stored, monkeypatch):
    monkeypatch.setattr("dcgan_tf.data.sources.array.BLOCK_BYTES", 500)
    np.testing.assert_array_equal(stored(write(tmp_path, images=batch(50))).images, batch(50))


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_labels(tmp_path, stored, shape):
    labels = np.array([2, 0, 1, 1, 2]).reshape(shape)
    store = stored(write(tmp_path, x_train=batch(), y_train=labels))
    assert store.labels.tolist() == [2, 0, 1, 1, 2]
    assert store.class_names == ("0", "1", "2")


def test_class_names(tmp_path, stored):
    path = write(tmp_path, images=batch(), labels=np.zeros(5, np.int64), class_names=np.array(["cat", "dog"]))
    assert stored(path).manifest["class_counts"] == {"cat": 5, "dog": 0}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": batch().astype(np.float32)}, r"floats from 0 to 255"),
        ({"images": batch().transpose(0, 3, 1, 2)}, r'"images" is uint8 \[5, 3, 8, 8\], channels first'),
        ({"images": np.array([batch()[0], "x"], object)}, "Python objects"),
        ({"a": batch(), "b": batch()}, r'it holds a \[5, 8, 8, 3\], b .*: name the array of images "images"'),
        ({"images": batch(), "labels": np.arange(4)}, "one for each of the 5"),
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
