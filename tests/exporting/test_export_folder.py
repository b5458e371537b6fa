"""The folder of exports: versions, all or nothing."""

import errno
import os

import pytest

from dcgan_tf.errors import ArgumentError, FullDiskError, UserError
from dcgan_tf.exporting import export_folder


def test_a_version_follows_the_highest_of_any_format(tmp_path):
    assert export_folder.next_version(tmp_path, "digits") == 1
    for place in ("keras/digits/2", "tflite/digits/10", "onnx/other/50", "keras/digits/notes"):
        (tmp_path / place).mkdir(parents=True)
    assert export_folder.next_version(tmp_path, "digits") == 11


def test_empty_folders_of_versions_are_removed(tmp_path):
    with export_folder.version_folders(tmp_path, ["keras", "onnx"], "digits") as parents:
        (parents["keras"] / "1").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["keras"]


def test_moves_are_undone_when_a_later_one_fails(tmp_path):
    for name in ("a", "b", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "there" / "file").touch()
    with pytest.raises(UserError, match="another program has just put something there"):
        export_folder.move_all([(tmp_path / "a", tmp_path / "x"), (tmp_path / "b", tmp_path / "there")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "there"]


def test_leftovers_of_a_killed_export_are_removed(tmp_path):
    (tmp_path / ".export-left").mkdir()
    with export_folder.staging(tmp_path) as workplace:
        assert [path.name for path in tmp_path.iterdir()] == [workplace.name]
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_with_amounts(tmp_path):
    with pytest.raises(FullDiskError, match=r"no space left on the disk \(.* free\)"), export_folder.staging(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not list(tmp_path.iterdir())


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArgumentError, match="this is a file"):
        export_folder.check(tmp_path / "file")
    with pytest.raises(ArgumentError, match="cannot write there"):
        export_folder.check(tmp_path / "file" / "below")
