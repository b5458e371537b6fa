"""Images as NumPy arrays: what is accepted, and what makes two arrays the same data set."""

import numpy as np
import pytest
from conftest import pixels

from dcgan_tf import data
from dcgan_tf.errors import ArgumentError


def batch(count=5, channels=3):
    return np.stack([pixels(8, 8, channels, seed) for seed in range(count)])


def identity(*arguments, **named):
    return data.ArrayImages(*arguments, **named).identity()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_bytes_are_kept(stored, channels):
    source = data.open_source(batch(channels=channels))
    info = source.info()
    assert (info.count, info.image_size, info.channels, info.class_names) == (5, (8, 8), channels, ())
    assert source.path is None
    store = stored(batch(channels=channels), channels=channels)
    np.testing.assert_array_equal(store.images, batch(channels=channels))
    assert store.labels is None


@pytest.mark.parametrize("change", [np.asfortranarray, lambda images: np.repeat(images, 2, axis=2)[:, :, ::2]])
def test_gray_without_a_channel_axis_in_any_memory_order(stored, change):
    images = change(batch(channels=1)[..., 0])
    np.testing.assert_array_equal(stored(images, channels=1).images[..., 0], images)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1)])
@pytest.mark.parametrize("kind", ["<f4", ">f8"])
def test_floats_that_fill_a_known_range(stored, low, high, kind):
    floats = (batch() / 255 * (high - low) + low).astype(kind)
    np.testing.assert_array_equal(stored(floats).images, batch())


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_labels(stored, shape):
    store = stored((batch(), np.array([2, 0, 1, 1, 2]).reshape(shape)))
    assert store.labels.tolist() == [2, 0, 1, 1, 2]
    assert store.class_names == ("0", "1", "2")


def test_names(stored):
    store = stored(data.ArrayImages(batch(), [0, 0, 0, 1, 0], ["cat", "dog"], name="my pets"))
    assert store.manifest["class_counts"] == {"cat": 4, "dog": 1}
    assert store.path.name.startswith("my_pets-")


@pytest.mark.parametrize("labels", [[3, 1, 2, 1, 3], [3000, 1000, 2000, 1000, 3000]])
def test_classes_are_the_labels_that_occur_under_their_own_numbers(stored, labels):
    source = data.open_source((batch(), np.array(labels)))
    assert source.info().classes == 3
    store = stored((batch(), np.array(labels)))
    assert [store.class_names[label] for label in store.labels] == list(map(str, labels))
    assert store.labels.max() == 2 and store.labels.dtype == np.int32
    assert list(store.manifest["class_counts"].values()) == [2, 1, 2]


def test_names_without_images_are_left_out_and_told(stored):
    source = data.ArrayImages(batch(), [3, 1, 1, 1, 3], ["none", "cat", "dog", "owl\n"])
    assert source.info().classes == 2
    store = stored(source)
    assert store.class_names == ("cat", r"owl\n") and store.labels.tolist() == [1, 0, 0, 0, 1]
    assert "classes without an image, left out: none, dog" in store.report()


def test_names_that_are_the_same(stored):
    with pytest.raises(ArgumentError, match="the class names are not all different"):
        data.ArrayImages(batch(), [0, 1, 0, 1, 0], ["cat", "cat"])


def test_blocks_make_no_difference(stored, monkeypatch):
    whole = identity(batch(50))
    monkeypatch.setattr("dcgan_tf.data.sources.array.BLOCK_BYTES", 500)
    assert identity(batch(50)) == whole
    np.testing.assert_array_equal(stored(batch(50)).images, batch(50))


def test_the_identity_is_the_content(stored):
    images, labels = batch(), np.arange(5)
    first = stored((images, labels))
    assert stored((np.asfortranarray(images), labels.astype(np.uint8))).path == first.path
    changed = images.copy()
    changed[4, 7, 7, 2] ^= 1
    others = [
        identity(changed, labels),
        identity(images),
        identity(images, labels[::-1]),
        identity(images, labels, list("abcde")),
        identity(images.astype(np.float32), labels),
        identity(images.reshape(5, 8, 24), labels),
    ]
    assert len({str(each) for each in [*others, first.manifest["identity"]]}) == 7


def test_the_store_of_an_array_reopens_without_the_array(stored, cache):
    store = stored((batch(), np.arange(5)))
    again = data.reopen(store.manifest, cache)
    np.testing.assert_array_equal(again.images, batch())
    assert again.labels.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (batch().astype(np.float32), None, r"floats from 0 to 255"),
        (np.full((2, 8, 8, 3), 0.2), None, r"neither \[0, 1\] nor \[-1, 1\]"),
        (np.full((2, 8, 8, 3), np.nan), None, "not finite"),
        (batch().astype(np.int64), None, r"int64 \[5, 8, 8, 3\].*astype\(np.uint8\)"),
        (batch().transpose(0, 3, 1, 2), None, r"\[5, 3, 8, 8\], channels first"),
        (batch()[0], None, "single image"),
        (batch()[..., :2], None, r"\[5, 8, 8, 2\]"),
        (batch()[:0], None, r"\[0, 8, 8, 3\]"),
        (np.array([{}, []], object), None, "Python objects"),
        ([batch(), batch(channels=1)], None, "no array"),
        (batch(), np.arange(4), "one for each of the 5"),
        (batch(), np.arange(5.0), "whole numbers"),
        (batch(), -np.arange(5), "from -4 to 0"),
        (batch(), [0, 1, 2, 3, -1], "must not be negative"),
    ],
)
def test_errors_say_what_was_received_and_what_works(stored, images, labels, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        stored((images, labels))
    assert str(caught.value).startswith("dataset=array: ") and "\n" not in str(caught.value)
