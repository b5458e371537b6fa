"""Folders: links, pipes, odd names."""

import os

import pytest
from conftest import open_path, pixels, png, save

from dcgan_tf.errors import ArgumentError


def test_an_empty_folder_is_an_error(photos):
    with pytest.raises(ArgumentError, match="there are no image files in it"):
        open_path(photos)


def test_links_are_followed_once_and_broken_ones_are_listed(photos, stored):
    save(photos / "a.png", pixels(8, 8))
    (photos / "loop").symlink_to(photos, target_is_directory=True)
    (photos / "gone.png").symlink_to(photos / "nothing.png")
    os.mkfifo(photos / "pipe.png")
    store = stored(photos)
    assert len(store) == 1
    assert [name for name, _ in store.manifest["skipped"]] == ["gone.png"]


def test_folders_without_images_are_named(photos, stored):
    save(photos / "cats" / "a.png", pixels(8, 8))
    (photos / "owls").mkdir()
    (photos / "notes").mkdir()
    (photos / "notes" / "a.txt").touch()
    assert "2 x a folder without images (notes/, owls/)" in stored(photos).report()


def test_names_that_are_not_unicode(photos, stored):
    (photos / os.fsdecode(b"\xff.png")).write_bytes(png(pixels(8, 8)))
    (photos / "bad.png").write_bytes(b"x")
    store = stored(photos)
    assert len(store) == 1
    store.report().encode()


def test_class_names_that_are_not_unicode_or_have_line_breaks(photos, stored):
    for name in (b"caf\xe9", rb"caf\xe9", b"line\nbreak", "größe".encode()):
        folder = photos / os.fsdecode(name)
        folder.mkdir()
        (folder / "a.png").write_bytes(png(pixels(8, 8)))
    store = stored(photos)
    assert len(store) == 4
    assert sorted(store.class_names) == [r"caf\\xe9", r"caf\xe9", "größe", r"line\nbreak"]
    assert r"line\nbreak (1)" in store.report().encode().decode()
