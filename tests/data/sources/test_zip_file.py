"""Zips: damage, encryption, many readers."""

import zipfile

import numpy as np
import pytest
from conftest import open_path, pixels, png

from dcgan_tf.errors import ArgumentError


def test_not_a_zip(tmp_path):
    (tmp_path / "a.zip").write_text("no zip")
    with pytest.raises(ArgumentError, match="not a zip file that can be read"):
        open_path(tmp_path / "a.zip")


def test_damaged_members_are_listed(tmp_path, stored):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.png", png(pixels(8, 8, seed=number)))
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 20] ^= 255
    path.write_bytes(content)
    store = stored(path)
    assert len(store) == 2
    ((name, reason),) = store.manifest["skipped"]
    assert name == "0.png"
    assert "damaged" in reason


def test_encrypted_zips(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", png(pixels(8, 8)))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match="encrypted"):
        open_path(path)


def test_a_zip_is_read_by_many_threads_in_order(tmp_path, stored, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(8), raising=False)
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(500):
            archive.writestr(f"{number:03}.png", png(np.full((8, 8, 3), number % 256, np.uint8)))
    np.testing.assert_array_equal(stored(path).images[:, 0, 0, 0], np.arange(500) % 256)


def test_members_that_lead_out_or_come_twice_are_counted_and_listed(tmp_path, stored):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for seed, name in enumerate(["1.png", "../2.png", "../notes.txt", "/3.png", "1.png"]):
            archive.writestr(name, png(pixels(8, 8, seed=seed)))
    store = stored(path)
    np.testing.assert_array_equal(store.images, [pixels(8, 8, seed=4), pixels(8, 8, seed=3)])  # absolute paths are read
    assert [name for name, _ in store.manifest["skipped"]] == ["../2.png", "1.png"]
    assert "1 x its path leads out of the zip (../2.png)" in store.report()
