"""What `--out` names: one rule for all commands."""

import errno
import importlib
import os

import pytest

from dcgan_tf import files
from dcgan_tf.cli import out_flag
from dcgan_tf.cli.explore import VIEWS
from dcgan_tf.errors import ArgumentError, FullDiskError


def place(out: str | None, *beside: str, overwrite: bool = False):
    return str(out_flag.file(out, "walk.png", (".png",), overwrite, beside))


@pytest.fixture(autouse=True)
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_name_with_an_ending_is_a_file_and_any_other_a_folder(tmp_path):
    assert place("a.png") == "a.png" and place("new/a.PNG") == "new/a.PNG"
    assert place("new") == place("new/") == "new/walk.png" and place("a.png/") == "a.png/walk.png"
    (tmp_path / "v1.2").mkdir()
    assert place("v1.2") == "v1.2/walk.png" and place(".") == "walk.png"
    with pytest.raises(ArgumentError, match=r"write a \.png, or a folder's name ending in /"):
        place("a.jpg")


def test_what_nobody_named_gets_the_next_free_name(tmp_path):
    assert place(None) == "walk.png"
    (tmp_path / "walk.png").touch()
    (tmp_path / "walk-2.gif").touch()
    assert place(None) == place(".") == "walk-2.png" and place(None, ".gif") == "walk-3.png"
    assert place(None, overwrite=True) == "walk.png"


def test_what_somebody_named_is_kept(tmp_path):
    (tmp_path / "mine.png").touch()
    (tmp_path / "walk.gif").touch()
    for out in ("mine.png", "mine.png/"):
        with pytest.raises(ArgumentError, match="exists; name another|this is a file"):
            place(out)
    with pytest.raises(ArgumentError, match=r"walk\.gif exists"):
        place("walk.png", ".gif")
    assert place("mine.png", overwrite=True) == "mine.png" and place("walk.png") == "walk.png"


def test_help_says_the_rule_everywhere_in_the_same_words():
    modules = ["generate", "client", *(f"explore.{view}" for view in VIEWS)]
    for name in modules:
        flags = importlib.import_module(f"dcgan_tf.cli.{name}").FLAGS
        text = flags._values["out"].help
        assert "is a file, any other one a folder, which gets" in text and text.endswith(out_flag.FREE), name


def test_a_folder_is_filled_at_once_or_not_at_all(tmp_path):
    def fill(folder, *names, fault=None):
        with files.folder_filled_aside(folder) as aside:
            for name in names:
                (aside / name).write_text("new")
            if fault:
                raise fault

    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "a/b", "1", fault=KeyboardInterrupt())
    assert not (tmp_path / "a/b").exists() and not list(tmp_path.rglob("*.tmp"))
    fill(tmp_path / "a/b", "1", "2")
    (tmp_path / "a/b/2").write_text("old")
    with pytest.raises(OSError):
        fill(tmp_path / "a/b", "3", fault=OSError())
    fill(tmp_path / "a/b", "2", "3")
    assert {path.name: path.read_text() for path in (tmp_path / "a/b").iterdir()} == dict.fromkeys("123", "new")


def test_a_full_disk_is_told_with_amounts_for_a_folder_too(tmp_path):
    with (
        pytest.raises(FullDiskError, match=r"out: no space left on the disk \(.* free\); make room"),
        files.folder_filled_aside(tmp_path / "out"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_take_the_last_file_gets_none(tmp_path):
    (tmp_path / "out/z").mkdir(parents=True)
    with pytest.raises(OSError), files.folder_filled_aside(tmp_path / "out") as aside:
        (aside / "a").write_text("a")
        (aside / "z").write_text("a folder has this name")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["z"]
