"""Which source a data set's name, path or array means."""

import numpy as np
import pytest
from conftest import pixels, save

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.errors import ArgumentError, MissingPathError


def opened(**values):
    return data.open_source(DataConfig(**values))


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("mnst", r"did you mean mnist"),
        ("digit", r"did you mean digits"),
        ("celeba", r"did you mean celeb_a, celeb_a_hq"),
        ("lsun-church", r"did you mean lsun\?"),
        ("ffhq", r"TensorFlow Datasets; download the images, and give the folder"),
        ("xyzxyz", r"TensorFlow Datasets; see https://www.tensorflow.org/datasets/catalog"),
        ("https://example.org/images.zip", r"this is an address; download it first"),
        ("s3://bucket/images", r"this is an address; download it first"),
        ("lsun/bedrom", r"classroom, bedroom"),
        ("ag_news_subset", r"no image feature; its features are label, title, description"),
        ("./nowhere", "no such folder or file"),
        ("no/where", "no such folder"),
        ("nothing.zip", "no such folder or file"),
        ("", "give a name or a path"),
    ],
)
def test_names_that_mean_nothing(dataset, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=message) as caught:
        opened(dataset=dataset)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, MissingPathError) == ("folder or file" in message)


def test_a_bare_word_may_be_a_folder(photos, monkeypatch):
    save(photos / "a.png", pixels(8, 8))
    monkeypatch.chdir(photos.parent)
    assert opened(dataset="photos").name == "photos"
    save(photos.parent / "mnist" / "a.png", pixels(8, 8))
    assert opened(dataset="mnist").info().image_size == (28, 28)
    assert opened(dataset="./mnist").info().image_size == (8, 8)


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "a.tar").touch()
    with pytest.raises(ArgumentError, match=r"must be a \.zip of images or an \.npz"):
        opened(dataset=str(tmp_path / "a.tar"))


@pytest.mark.parametrize("wrong", [None, 3, [1], {}, (1, 2, 3)])
def test_other_objects_are_refused(wrong):
    with pytest.raises(ArgumentError, match="give a name, a path, an array of images, or a tuple"):
        data.open_source(wrong)


def test_a_name_or_a_path_will_do(photos):
    save(photos / "a.png", pixels(8, 8))
    assert data.open_source("digits").info().count == 1797
    assert data.open_source(photos).path == photos


def test_located_makes_paths_absolute(photos, monkeypatch):
    save(photos / "a.png", pixels(8, 8))
    monkeypatch.chdir(photos.parent)
    config = DataConfig(dataset="./photos", cache_dir="cache")
    located = data.located(config, data.open_source(config))
    assert (located.dataset, located.cache_dir) == (str(photos), str(photos.parent / "cache"))
    assert located.data_dir == ""


def test_a_run_on_an_array_asks_for_the_array_again():
    config = data.located(DataConfig(), data.open_source(np.stack([pixels(8, 8)] * 2)))
    with pytest.raises(ArgumentError, match=r"dataset=array: .* pass the same array again"):
        data.open_source(config)


def test_arrays_of_other_libraries_are_accepted():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return np.stack([pixels(8, 8)] * 2)

    assert data.open_source(Tensor()).info().count == 2
