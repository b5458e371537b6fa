"""Batches: the same images in the same order, whatever the first batch."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from dcgan_tf import data, seeds
from dcgan_tf.config import DataConfig


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    cache = str(tmp_path_factory.mktemp("cache"))
    return data.prepare_store(data.open_source(DataConfig()), (8, 8), 1, "center", cache)


def taken(dataset, count):
    return [(images.numpy(), labels.numpy()) for images, labels in itertools.islice(dataset, count)]


@pytest.mark.parametrize(("count", "batch_size"), [(10, 4), (10, 5), (3, 7), (1, 4), (1797, 128)])
def test_indices_are_the_endless_sequence_of_permutations(count, batch_size):
    numbers = 3 * count // batch_size + 2
    got = np.concatenate([data.batch_indices(count, batch_size, 5, number) for number in range(numbers)])
    epochs = -(-len(got) // count)
    expected = np.concatenate([seeds.generator(5, "order", epoch).permutation(count) for epoch in range(epochs)])
    np.testing.assert_array_equal(got, expected[: len(got)])


@pytest.mark.parametrize("first", [0, 1_000_000])
def test_batches_are_the_images_at_the_indices(digits, first):
    for number, (images, labels) in enumerate(taken(data.batches(digits, 100, 3, flip=False, first=first), 20), first):
        indices = data.batch_indices(1797, 100, 3, number)
        np.testing.assert_array_equal(images, digits.images[indices])
        np.testing.assert_array_equal(labels, digits.labels[indices])


def test_shapes_are_static(digits):
    images, labels = data.batches(digits, 32, 0, flip=True).element_spec
    assert (images.shape, images.dtype) == ((32, 8, 8, 1), "uint8")
    assert (labels.shape, labels.dtype) == ((32,), "int32")


def test_starting_late_goes_on_where_an_early_start_arrives(digits):
    early = taken(data.batches(digits, 64, 1, flip=True), 35)[30:]
    late = taken(data.batches(digits, 64, 1, flip=True, first=30), 5)
    for one, other in zip(early, late, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_parts_of_batches_are_their_rows(digits):
    whole = taken(data.batches(digits, 60, 4, flip=True, first=7), 3)
    parts = taken(data.batches(digits, 60, 4, flip=True, first=7, parts=3, own=(0, 2)), 6)
    for number, (images, labels) in enumerate(whole):
        for index, part in enumerate((0, 2)):
            rows = slice(20 * part, 20 * part + 20)
            np.testing.assert_array_equal(parts[2 * number + index][0], images[rows])
            np.testing.assert_array_equal(parts[2 * number + index][1], labels[rows])


def test_flips_are_one_coin_per_image(digits):
    plain, flipped = (taken(data.batches(digits, 512, 2, flip=flip), 4) for flip in (False, True))
    mirrored = []
    for (before, _), (after, _) in zip(plain, flipped, strict=True):
        same = (before == after).all(axis=(1, 2, 3))
        turned = (before[:, :, ::-1] == after).all(axis=(1, 2, 3))
        assert (same | turned).all()
        mirrored.append(turned & ~same)
    assert 0.4 < np.mean(mirrored) < 0.6
    assert (mirrored[0] != mirrored[1]).any()


def test_no_labels_means_zeros(digits):
    bare = data.ImageStore(digits.path, {**digits.manifest, "class_names": []}, digits.images, None)
    ((_, labels),) = taken(data.batches(bare, 16, 0, flip=False), 1)
    assert labels.tolist() == [0] * 16


@pytest.mark.full
def test_a_program_ends_while_batches_are_being_read(digits):
    """Threads of tf.data that call Python must not hold up the end of the interpreter."""
    program = (
        "from dcgan_tf import data\n"
        f"store = data.open_store({str(digits.path)!r})\n"
        "reader = iter(data.batches(store, 2048, 0, True))\n"
        "for _ in range(20): next(reader)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, capture_output=True)
