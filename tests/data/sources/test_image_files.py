"""Folders and zips alike: what counts as an image, classes, order, damage."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import open_path, pixels, png, save
from PIL import Image

from dcgan_tf import data
from dcgan_tf.config import DataConfig
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


def test_many_images_outside_the_class_folders_mean_no_labels(photos, stored, packed):
    for name in ["cat/1.png", "dog/2.png", "3.png"]:
        save(photos / name, pixels(8, 8))
    info = open_path(packed(photos)).info()
    assert info.class_names == () and "1 file" in info.no_classes
    store = stored(packed(photos))
    assert store.labels is None and len(store) == 3
    assert "no classes: 1 file" in store.report()


def test_one_image_beside_class_folders_is_left_out(photos, stored, packed):
    for number in range(10):
        save(photos / ("cat" if number % 2 else "dog") / f"{number}.png", pixels(8, 8, seed=number))
    save(photos / "preview.png", pixels(8, 8, seed=99))
    path = packed(photos)
    store = stored(path)
    assert store.class_names == ("cat", "dog") and len(store) == 10
    assert "left out: 1 file" in store.report() and "preview.png" in store.report()


@pytest.fixture
def divided(photos):
    """train/ and test/ with two classes each."""
    for number in range(12):
        save(
            photos / ("test" if number > 7 else "train") / "ab"[number % 2] / f"{number}.png", pixels(8, 8, seed=number)
        )
    return photos


def test_only_the_training_images_of_a_divided_set_are_taken(divided, cache, packed):
    path = str(packed(divided))
    stores = {}
    for split in ("train", "test"):
        source = data.open_source(DataConfig(dataset=path, cache_dir=cache, split=split))
        stores[split] = data.prepare_store(source, (8, 8), 3, "center", cache)
    assert [len(store) for store in stores.values()] == [8, 4]
    assert all(store.class_names == ("a", "b") for store in stores.values())
    assert stores["test"].manifest["identity"]["split"] == "test"
    assert "left aside: test/ (4 files)" in stores["train"].report()


@pytest.mark.parametrize("before", ["cached", "prepared again"])
def test_a_run_that_took_other_files_before_goes_on_with_them(divided, cache, packed, before):
    """Until version 0.2 train/ and test/ were classes."""
    source = open_path(packed(divided), cache)
    manifest = data.prepare_store(source.as_before(), (8, 8), 3, "center", cache).manifest
    assert manifest["class_names"] == ["test", "train"] and manifest["count"] == 12
    recorded = json.loads(json.dumps(manifest))
    elsewhere = cache if before == "cached" else f"{cache}/new"
    assert data.prepare_recorded(source, recorded, elsewhere).checksum == manifest["checksum"]
    own = data.prepare_store(source, (8, 8), 3, "center", cache).manifest
    assert data.prepare_recorded(source, own, elsewhere).checksum == own["checksum"] != manifest["checksum"]


def test_classes_whose_files_are_all_broken_are_left_out(photos, stored, packed):
    for number, name in enumerate(["ant/1.png", "dog/2.png"]):
        save(photos / name, pixels(8, 8, seed=number))
    for name, content in {"bat/1.png": b"x", "cat/1.png": png(pixels(64, 64))[:3000]}.items():
        (photos / name).parent.mkdir()
        (photos / name).write_bytes(content)
    info = open_path(packed(photos)).info()
    assert info.class_names == ("ant", "bat", "cat", "dog") and info.classes == 3  # the header of cat/1.png is whole
    store = stored(packed(photos))
    assert store.class_names == ("ant", "dog") and store.labels.tolist() == [0, 1]
    assert "classes without an image, left out: bat, cat" in store.report()
    assert store.labeled_as(["ant", "bat", "dog"]).labels.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC: `pip install pillow-heif` opens it"),
        (b"\0\0\0\x18ftypisom" + bytes(100), "a video"),
        (b"<svg xmlns=''/>", "SVG or other XML: not made of pixels"),
    ],
)
def test_what_most_files_are_is_said_first(photos, stored, packed, monkeypatch, content, reason):
    monkeypatch.setattr("dcgan_tf.data.sources.image_files.heif_is_readable", lambda: False)
    monkeypatch.setattr("dcgan_tf.data.decoding._formats", lambda: ("PNG",))
    save(photos / "a.png", pixels(8, 8))
    for number in range(3):
        (photos / f"{number}.dat").write_bytes(content)
    path = packed(photos)
    warning = f"warning: 3 of 4 files cannot be used, 1 are left: 3 x {reason}"
    assert stored(path).report().splitlines()[0] == warning
    assert open_path(path).info().skipped == ((reason, 3),)


def test_heic_is_read_where_its_reader_is_installed(photos, stored):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), (200, 10, 10))).save(photos / "a.heic")
    store = stored(photos)
    assert store.manifest["identity"]["heif"]  # so that a store made without the reader is not taken for this one
    assert np.abs(store.images[0].astype(int) - (200, 10, 10)).max() < 8


def test_archives_among_images_are_named(photos, stored, packed):
    save(photos / "a.png", pixels(8, 8))
    for name in ("more.zip", "old.tar.gz"):
        (photos / name).write_bytes(b"x")
    report = stored(packed(photos)).report()
    assert "2 x packed: unpack it first" in report and "more.zip" in report and "old.tar.gz" in report


def test_nothing_but_archives(photos, packed):
    (photos / "images.zip").write_bytes(b"x")
    (photos / "images.npz").write_bytes(b"x")
    with pytest.raises(ArgumentError, match=r"no image files in it, only 2 .*images\.zip \(packed: unpack it first\)"):
        open_path(packed(photos))


def test_copies_few_images_and_what_the_crop_costs_are_told(photos, stored, packed):
    for number in range(4):
        save(photos / f"{number}.png", pixels(8, 8 if number else 17, seed=min(number, 1)))
    path = packed(photos)
    report = stored(path).report(batch_size=16)
    assert "copies: 2 of 4 are exact copies; 2 differ" in report
    assert "few: 2 different images, fewer than a batch of 16, can be learned by heart" in report
    assert "cropped: 1 lose more than half of their area; `crop=none` stretches instead" in report
    assert "cropped" not in stored(path, crop="none").report()
    assert open_path(path).info().aspects == ((1.0, 3), (2.12, 1))


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
