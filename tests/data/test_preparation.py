"""The store: reused as it is, prepared again when something changed, complete or absent."""

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import open_path, pixels, save

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.errors import ArgumentError, UserError


def test_digits(cache):
    store = data.prepare_store(data.open_source(DataConfig()), (8, 8), 1, "center", cache)
    assert store.images.shape == (1797, 8, 8, 1)
    assert store.images.dtype == np.uint8
    assert (store.images.min(), store.images.max()) == (0, 255)
    assert store.class_names == tuple("0123456789")
    assert store.labels[:10].tolist() == list(range(10))
    assert store.checksum == hashlib.sha256(store.images.tobytes() + store.labels.tobytes()).hexdigest()
    assert "1,797 images from digits" in store.report()


def test_a_second_start_uses_the_store_as_it_is(three, stored):
    first = stored(three)
    file = (first.path / "images.u8").stat()
    again = stored(three)
    assert (again.path, again.checksum) == (first.path, first.checksum)
    assert (again.path / "images.u8").stat() == file
    with pytest.raises(ValueError, match="read-only"):
        again.images[0] = 0


@pytest.mark.parametrize("change", ["add", "remove", "modify", "touch"])
def test_a_changed_folder_is_noticed(three, stored, change):
    before = stored(three)
    if change == "add":
        save(three / "new.png", pixels(8, 8, seed=9))
    elif change == "remove":
        (three / "0.png").unlink()
    elif change == "modify":
        save(three / "0.png", pixels(8, 8, seed=9))
    else:
        os.utime(three / "0.png", ns=(1, 1))
    after = stored(three)
    assert after.path != before.path
    assert (after.checksum == before.checksum) == (change == "touch")


def test_size_channels_and_crop_have_stores_of_their_own(three, stored):
    paths = {
        stored(three).path,
        stored(three, size=(16, 16)).path,
        stored(three, channels=1).path,
        stored(three, crop="none").path,
    }
    assert len(paths) == 4


def test_a_moved_folder_keeps_its_store(three, stored, tmp_path):
    before = stored(three)
    (tmp_path / "elsewhere").mkdir()
    three.rename(tmp_path / "elsewhere" / "photos")
    assert stored(tmp_path / "elsewhere" / "photos").path == before.path


@pytest.mark.parametrize("name", ["images.u8", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "remove"])
def test_a_damaged_store_is_named_and_prepared_again(three, stored, name, damage):
    store = stored(three)
    checksum, path = store.checksum, store.path / name
    path.unlink() if damage == "remove" else path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(UserError, match="delete this folder"):
        data.open_store(store.path)
    assert stored(three).checksum == checksum


def test_a_full_disk_leaves_nothing_behind(three, cache, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    source = open_path(three)
    with pytest.raises(UserError, match=r"no space left .*`cache_dir`"):
        data.prepare_store(source, (8, 8), 3, "center", cache)
    assert list(Path(cache).glob("photos*/")) == []


def test_a_recorded_manifest_reopens_its_store_without_the_source(three, stored, cache):
    store = stored(three)
    shutil.rmtree(three)
    recorded = json.loads(json.dumps(store.manifest))
    again = data.reopen(recorded, cache)
    assert again.path == store.path
    np.testing.assert_array_equal(again.images, store.images)
    (store.path / "images.u8").write_bytes(b"damaged")
    others = {**recorded, "checksum": "of other images"}, {**recorded, "crop": "none"}, recorded
    for manifest, root in (*((each, cache) for each in others), (recorded, f"{cache}/elsewhere")):
        with pytest.raises(ArgumentError, match="its prepared images are not in"):
            data.reopen(manifest, root)


def test_no_usable_image_is_an_error(cache):
    class Unusable(data.ArrayImages):
        def items(self):
            def load():
                raise data.UnusableImage("too dark")

            return iter([data.Item("1", None, load)])

    with pytest.raises(ArgumentError, match=r"^dataset=night: no usable image \(1: too dark\)$"):
        data.prepare_store(Unusable(pixels(2, 8, 8), name="night"), (8, 8), 3, "center", cache)


def test_the_manifest_tells_what_was_done(three, stored):
    save(three / "wide.png", pixels(10, 30))
    store = stored(three)
    manifest = json.loads((store.path / "manifest.json").read_text())
    assert manifest == store.manifest
    assert manifest["count"] == 4
    assert manifest["original_sizes"] == {
        "smallest": [8, 8],
        "largest": [10, 30],
        "commonest": [8, 8],
        "commonest_count": 3,
    }
    assert "8 to 10x30" in store.report()
