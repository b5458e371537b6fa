"""The store: taken as it is, prepared again when something changed, complete or absent."""

import errno
import hashlib
import json
import os
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from conftest import open_path, pixels, save

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.errors import UserError


@pytest.fixture
def three(photos):
    for number in range(3):
        save(photos / f"{number}.png", pixels(8, 8, seed=number))
    return photos


def test_digits(cache):
    store = data.prepare_store(data.open_source(DataConfig()), (8, 8), 1, "center", cache)
    assert store.images.shape == (1797, 8, 8, 1)
    assert store.images.dtype == np.uint8
    assert (store.images.min(), store.images.max()) == (0, 255)
    assert store.class_names == tuple("0123456789")
    assert store.labels[:10].tolist() == list(range(10))
    assert "1,797 images from digits" in store.report()


def test_a_second_start_takes_the_store_as_it_is(three, stored, monkeypatch):
    first = stored(three)
    monkeypatch.setattr("dcgan_tf.data.preparation._write", None)
    again = stored(three)
    assert (again.path, again.checksum) == (first.path, first.checksum)


def test_the_checksum_is_of_pixels_and_labels(cache, three, stored):
    store = stored(three)
    assert store.checksum == hashlib.sha256(store.images.tobytes()).hexdigest()
    digits = data.prepare_store(data.open_source(DataConfig()), (8, 8), 1, "none", cache)
    assert digits.checksum == hashlib.sha256(digits.images.tobytes() + digits.labels.tobytes()).hexdigest()


def test_the_store_is_read_only_and_mapped(three, stored):
    store = stored(three)
    assert isinstance(store.images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        store.images[0] = 0


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


def test_a_full_disk_leaves_nothing_behind(three, stored, cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dcgan_tf.data.preparation._append", full)
    with pytest.raises(UserError, match=r"no space left in .*--cache_dir"):
        stored(three)
    assert [path for path in Path(cache).iterdir() if path.is_dir()] == []


def test_too_little_space_is_known_before_the_work(three, stored, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(100))
    with pytest.raises(UserError, match=r"need 0\.0 GB"):
        stored(three)


def test_a_cache_that_cannot_be_made(three, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write to --cache_dir"):
        data.prepare_store(open_path(three), (8, 8), 3, "center", str(tmp_path / "file" / "cache"))


def test_the_environment_names_the_cache(three, tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_TF_CACHE_DIR", str(tmp_path / "there"))
    assert data.prepare_store(open_path(three), (8, 8), 3, "center", "").path.parent == tmp_path / "there"


def test_what_killed_processes_left_is_removed(three, stored, cache):
    old = time.time() - 3600
    folders = {}
    for name, pid in (("dead", 2**22 + 5), ("alive", os.getppid())):
        folders[name] = Path(cache) / f".{name}.{pid}.tmp"
        folders[name].mkdir(parents=True)
        os.utime(folders[name], (old, old))
    folders["recent"] = Path(cache) / f".recent.{2**22 + 5}.tmp"
    folders["recent"].mkdir()
    stored(three)
    assert [name for name, folder in folders.items() if folder.exists()] == ["alive", "recent"]


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
