"""The cache directory: where it is, what is wrong with it, what is removed from it."""

import errno
import os
import time
from collections import namedtuple
from pathlib import Path

import pytest
from conftest import open_path

from dcgan_tf import data, files
from dcgan_tf.data import cache as cache_module
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


def test_stores_that_killed_processes_left_unfinished_are_removed(three, stored, cache, monkeypatch):
    """Those that are locked are alive; without locks, those that were written to lately."""
    left, foreign, alive = (Path(cache) / name for name in (".mnist.0123abcd.77.tmp", ".foreign.tmp", "alive"))
    left.mkdir(parents=True)
    foreign.mkdir()
    with files.folder_written_aside(alive) as being_written:
        cache_module.remove_abandoned(Path(cache))
        assert sorted(Path(cache).glob(".*")) == sorted([foreign, being_written])
        monkeypatch.setattr("fcntl.flock", no_locks)
        left.mkdir()
        (left / "images.u8").touch()
        for old in (0, 2 * 3600):
            os.utime(left / "images.u8", (time.time() - old,) * 2)
            os.utime(left, (time.time() - 2 * 3600,) * 2)
            cache_module.remove_abandoned(Path(cache))
            assert left.exists() == (old == 0)


def test_what_another_user_left_in_a_shared_cache_stays(cache, monkeypatch):
    left = Path(cache) / ".mnist.0123abcd.77.tmp"
    left.mkdir(parents=True)

    def refuse(path, *_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr("os.open", refuse)
    cache_module.remove_abandoned(Path(cache))
    assert left.exists()


def no_locks(*_):
    raise OSError(errno.ENOLCK, "no locks")
