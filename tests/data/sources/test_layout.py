"""What folders mean, from paths alone."""

import pytest

from dcgan_tf.data import NoSplits
from dcgan_tf.data.sources.layout import read
from dcgan_tf.errors import ArgumentError


def files(**counts):
    """Sorted paths: files(train__cats=3) are train/cats/0.png to train/cats/2.png; `here` is no folder."""
    return sorted(
        f"{name.replace('__', '/') + '/' if name != 'here' else ''}{number:03}.png"
        for name, count in counts.items()
        for number in range(count)
    )


@pytest.mark.parametrize(
    ("counts", "classes", "left_out"),
    [
        ({"cats": 10, "dogs": 9, "here": 1}, ("cats", "dogs"), {"000.png"}),
        ({"pets__cats": 10, "pets__dogs": 9, "pets": 1, "here": 1}, ("cats", "dogs"), {"000.png", "pets/000.png"}),
        ({"cats": 10, "dogs": 9, "here": 3}, (), set()),
        ({"pets": 30, "here": 1}, (), set()),
        ({"here": 5}, (), set()),
        ({"bus": 5, "train": 5}, ("bus", "train"), set()),  # vehicles
        ({"bullet train": 5, "crash test": 5, "dog": 50}, ("bullet train", "crash test", "dog"), set()),
        ({"train": 5, "crash test": 5}, ("crash test", "train"), set()),
        ({"trains": 5, "tests": 5}, ("tests", "trains"), set()),
        ({"train": 5, "attest": 5}, ("attest", "train"), set()),
    ],
)
def test_few_files_beside_classes_are_left_out_and_many_end_the_classes(counts, classes, left_out):
    layout = read(files(**counts))
    assert (layout.classes, layout.left_out) == (classes, left_out)
    assert bool(layout.no_classes) == (not classes)
    assert all(name in " ".join(layout.notes) for name in left_out)


def test_what_prevents_classes_is_named():
    layout = read(files(cats=10, dogs=9, here=4))
    assert layout.no_classes == (
        "4 files (000.png, 001.png, 002.png, ...) of 23 lie beside cats/, dogs/: move them into the sub-folders that "
        "are classes, or away"
    )


@pytest.mark.parametrize(
    ("split", "counts", "taken", "classes"),
    [
        ("train", {"train__cats": 4, "train__dogs": 3, "test__cats": 2}, 7, ("cats", "dogs")),
        ("test", {"train__cats": 4, "test__cats": 2, "test__dogs": 1}, 3, ("cats", "dogs")),
        ("train", {"Training": 4, "TESTING": 3}, 4, ()),
        ("validation", {"train2017": 4, "val2017": 3}, 3, ()),
        ("val2017", {"train2017": 4, "val2017": 3}, 3, ()),
        ("train", {"trainA": 4, "trainB": 3, "testA": 2, "testB": 2}, 7, ("trainA", "trainB")),
        ("trainA", {"trainA": 4, "trainB": 3, "testA": 2, "testB": 2}, 4, ()),
        ("train", {"a__seg_train__b__sea": 4, "a__seg_train__b__ice": 3, "a__seg_test": 2}, 7, ("ice", "sea")),
        ("train", {"train": 4, "test": 2, "unlabeled": 40}, 4, ()),
        ("unlabeled", {"train": 4, "test": 2, "unlabeled": 40}, 40, ()),
        ("train", {"train": 40, "test": 20, "here": 1}, 40, ()),
        ("train", {"train": 40, "tests": 20, "extra_train": 5}, 40, ()),
        ("Dev", {"training_set": 40, "dev": 20}, 20, ()),
        ("test", {"my train a": 4, "My-test": 2, "my test_b": 3}, 3, ()),
    ],
)  # fmt: skip
def test_one_split_is_taken_and_the_others_are_left_aside(split, counts, taken, classes):
    paths = files(**counts)
    layout = read(paths, split)
    assert (len(paths) - len(layout.left_out), layout.classes, layout.split) == (taken, classes, split)
    assert "left aside: " in layout.notes[0]


def test_what_is_left_aside_is_counted():
    notes = " ".join(read(files(train=40, test=20, val=7, here=1)).notes)
    assert "train/ is used; left aside: test/ (20 files), val/ (7 files)" in notes and "1 file (000.png)" in notes


def test_splits_inside_of_classes_are_none_and_it_says_so():
    layout = read(files(cats__train=4, cats__test=2, dogs__train=4, dogs__test=2))
    assert layout.classes == ("cats", "dogs") and not layout.left_out and "all are used" in layout.notes[0]


def test_a_split_that_is_not_there_names_those_that_are():
    with pytest.raises(
        ArgumentError, match=r"^split=train\[:5\]: .*; there are test/ \(2 files\), train/ \(4 files\)$"
    ):
        read(files(train=4, test=2), "train[:5]")
    with pytest.raises(NoSplits, match=r"^split=test: its sub-folders are cats/, dogs/; a split is a folder named"):
        read(files(cats=2, dogs=2), "test")
    with pytest.raises(NoSplits, match="it has no sub-folders"):
        read(files(here=2), "test")
