"""The cache directory: where it is, what is wrong with it, what is removed from it."""

import os
import time
from collections import namedtuple
from pathlib import Path

import pytest
from conftest import open_path

from dcgan_tf import data
from dcgan_tf.errors import UserError


def test_too_little_space_is_known_before_the_work(three, stored, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(100))
    with pytest.raises(UserError, match=r"need 576 bytes and .* has 100 bytes free"):
        stored(three)


def test_a_cache_that_cannot_be_made(three, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write to `cache_dir="):
        data.prepare_store(open_path(three), (8, 8), 3, "center", str(tmp_path / "file" / "cache"))


def test_the_environment_names_the_cache(three, tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_TF_CACHE_DIR", str(tmp_path / "there"))
    assert data.prepare_store(open_path(three), (8, 8), 3, "center", "").path.parent == tmp_path / "there"


def test_stores_that_killed_processes_left_unfinished_are_removed(three, stored, cache):
    old = time.time() - 2 * 3600
    for name in (".mnist.0123abcd.77.tmp", ".foreign.tmp"):
        (Path(cache) / name).mkdir(parents=True)
        os.utime(Path(cache) / name, (old, old))
    alive = Path(cache) / ".photos.4567cdef.77.tmp"  # its folder is old, and a file in it was written just now
    alive.mkdir()
    (alive / "images.u8").touch()
    os.utime(alive, (old, old))
    stored(three)
    assert sorted(path.name for path in Path(cache).glob(".*")) == [".foreign.tmp", alive.name]
