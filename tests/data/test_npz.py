"""Arrays in .npz files."""

import numpy as np
import pytest
from conftest import open_path, pixels

from dcgan_tf.errors import UserError


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
    monkeypatch.setattr("dcgan_tf.data.arrays.BLOCK_BYTES", 500)
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


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1)])
def test_floats_that_fill_a_known_range(tmp_path, stored, low, high):
    floats = (batch() / 255 * (high - low) + low).astype(np.float32)
    np.testing.assert_array_equal(stored(write(tmp_path, images=floats)).images, batch())


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": batch().astype(np.float32)}, r"floats from 0 to 255"),
        ({"images": np.full((2, 8, 8, 3), 0.2)}, r"neither \[0, 1\] nor \[-1, 1\]"),
        ({"images": np.full((2, 8, 8, 3), np.nan)}, "not finite"),
        ({"images": batch().astype(np.int64)}, r"int64 \[5, 8, 8, 3\].*astype\(np.uint8\)"),
        ({"images": batch().transpose(0, 3, 1, 2)}, r"\[5, 3, 8, 8\], channels first"),
        ({"images": batch()[0]}, "single image"),
        ({"images": batch()[..., :2]}, r"\[5, 8, 8, 2\]"),
        ({"images": batch()[:0]}, r"\[0, 8, 8, 3\]"),
        ({"images": np.array([batch()[0], "x"], object)}, "Python objects"),
        ({"a": batch(), "b": batch()}, 'name the array of images "images"'),
        ({"images": batch(), "labels": np.arange(4)}, "one for each of the 5"),
        ({"images": batch(), "labels": np.arange(5.0)}, "whole numbers"),
        ({"images": batch(), "labels": -np.arange(5)}, "from -4 to 0"),
    ],
)
def test_what_does_not_work_says_what_does(tmp_path, stored, arrays, message):
    with pytest.raises(UserError, match=message) as caught:
        stored(write(tmp_path, **arrays))
    assert "\n" not in str(caught.value)


def test_damage(tmp_path, stored):
    (tmp_path / "no.npz").write_text("no")
    with pytest.raises(UserError, match=r"not an \.npz"):
        open_path(tmp_path / "no.npz")
    path = write(tmp_path, images=batch(50))
    content = bytearray(path.read_bytes())
    content[5000] ^= 255
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        stored(path)
