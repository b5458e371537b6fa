"""Folders and zips alike: what counts as an image, classes, order, damage."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import open_path, pixels, png, save
from PIL import Image

from dcgan_tf.errors import ArgumentError


def zipped(folder, path, root=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            archive.write(file, root + str(file.relative_to(folder)))
    return path


@pytest.fixture(params=["folder", "zip", "zip of a folder"])
def packed(request, tmp_path):
    """Turns a folder into each of the forms that must mean the same."""

    def pack(folder):
        if request.param == "folder":
            return folder
        return zipped(folder, tmp_path / "photos.zip", "" if request.param == "zip" else "photos/")

    return pack


def test_class_folders_give_labels_in_sorted_order(photos, stored, packed):
    for number, name in enumerate(["dog/1.png", "cat/2.png", "cat/deep/3.png", "ant/4.png"]):
        save(photos / name, pixels(8, 8, seed=number))
    store = stored(packed(photos))
    assert store.class_names == ("ant", "cat", "dog")
    assert store.labels.tolist() == [0, 1, 1, 2]
    assert store.labels.dtype == np.int32
    assert store.manifest["class_counts"] == {"ant": 1, "cat": 2, "dog": 1}
    for row, seed in enumerate([3, 1, 2, 0]):
        np.testing.assert_array_equal(store.images[row], pixels(8, 8, seed=seed))


def test_an_image_outside_the_class_folders_means_no_labels(photos, stored, packed):
    for name in ["cat/1.png", "dog/2.png", "3.png"]:
        save(photos / name, pixels(8, 8))
    source = open_path(packed(photos))
    assert source.info().class_names == ()
    assert stored(packed(photos)).labels is None


def test_other_files_are_passed_over_and_broken_images_are_listed(photos, stored, packed):
    save(photos / "good.png", pixels(8, 8))
    for name in ["notes.txt", ".hidden.png", "Thumbs.db", "labels.csv", "README.md"]:
        (photos / name).write_bytes(b"x")
    (photos / "__MACOSX").mkdir()
    (photos / "__MACOSX" / "a.png").write_bytes(b"x")
    (photos / "empty.png").touch()
    (photos / "text.jpg").write_text("no image")
    (photos / "short.png").write_bytes(png(pixels(64, 64))[:3000])
    jpeg = io.BytesIO()
    Image.fromarray(pixels(64, 64)).save(jpeg, "JPEG")
    (photos / "short.jpg").write_bytes(jpeg.getvalue()[:-900])
    (photos / "unknown").write_bytes(b"\x00" * 100)
    store = stored(packed(photos))
    assert len(store) == 1
    reasons = dict(store.manifest["skipped"])
    names = {Path(name).name for name in reasons}
    assert names == {"empty.png", "text.jpg", "short.png", "short.jpg", "unknown"}
    assert next(reason for name, reason in reasons.items() if name.endswith("empty.png")) == "empty file"
    assert "skipped: 5" in store.report()


def test_nothing_usable_is_an_error(photos, stored, packed):
    (photos / "a.jpg").write_text("no image")
    with pytest.raises(ArgumentError, match=r"none of its 1 files is an image \(the first is .*a\.jpg"):
        open_path(packed(photos)).info()
    with pytest.raises(ArgumentError, match="none of its 1 files is an image"):
        stored(packed(photos))


def test_channels_are_judged_over_the_whole_set(photos, cache):
    for number in range(40):
        save(photos / f"{number:02}.png", pixels(8, 8, 1))
    assert open_path(photos, cache).info().channels == 1
    save(photos / "zz.png", pixels(8, 8, 3))
    assert open_path(photos, cache).info().channels == 3


def test_the_commonest_size_is_known(photos):
    for number, side in enumerate([8, 16, 16, 9]):
        save(photos / f"{number}.png", pixels(side, 2 * side))
    info = open_path(photos).info()
    assert (info.count, info.image_size) == (4, (16, 32))


def test_grey_palettes_count_as_grey(photos):
    save(photos / "a.png", Image.fromarray(pixels(8, 8, 1)[..., 0]).convert("P"))
    assert open_path(photos).info().channels == 1
