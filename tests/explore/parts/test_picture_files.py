"""Pictures from files, as a network sees them."""

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import read_pictures


@pytest.fixture
def folder(tmp_path):
    for name, size, level in (("b.png", (20, 10), 200), ("a.jpg", (10, 10), 100)):
        Image.new("RGB", size, (level, level, level)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_folder_or_single_files(folder):
    images, names = read_pictures(folder, (8, 8, 1))
    assert names == ["a.jpg", "b.png"] and images.shape == (2, 8, 8, 1) and images.dtype == np.uint8
    assert np.unique(images[1]).tolist() == [200]
    assert read_pictures([folder / "b.png", folder / "a.jpg"], (8, 8, 3))[0].shape == (2, 8, 8, 3)
    assert read_pictures(folder / "b.png", (8, 4, 3), crop="none")[1] == ["b.png"]


def test_what_is_no_picture_is_refused(folder):
    for source, most, message in (
        (folder / "none.png", 9, "there is no such file or folder"),
        (folder / "notes.txt", 9, "cannot be read as a picture"),
        (folder, 1, "these are 2 pictures; at most 1"),
    ):
        with pytest.raises(ArgumentError, match=message):
            read_pictures(source, (8, 8, 1), most=most)
    (folder / "empty").mkdir()
    with pytest.raises(ArgumentError, match="there are no pictures in this folder"):
        read_pictures(folder / "empty", (8, 8, 1))
