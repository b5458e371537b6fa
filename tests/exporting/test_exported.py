"""Exported files, loaded again: the images of the generator, whatever its kind; damaged files."""

import shutil

import numpy as np
import pytest

from dcgan_tf import exporting
from dcgan_tf.errors import ArgumentError
from dcgan_tf.exporting import reader
from dcgan_tf.exporting.description import Description
from dcgan_tf.exporting.formats import FORMATS

ARTEFACTS = {artefact.name: artefact for entry in FORMATS.values() for artefact in entry.artefacts}


def write(name, generator, folder):
    """Writes one artefact; returns its path."""
    if not FORMATS[name.split()[0]].available():
        pytest.skip(f"the packages for {name} are not installed")
    path = ARTEFACTS[name].path(folder / "1", "generator")
    if path.suffix:
        path.parent.mkdir(parents=True)
    ARTEFACTS[name].write(generator, Description.of(generator, "generator"), path)
    return path


def close(found, expected):
    return found.shape == expected.shape and np.abs(found.astype(int) - expected.astype(int)).max() <= 1


KINDS = [
    ("saved_model", 1, (16, 24), "uniform"),
    ("tflite float32", 3, (24, 16), "normal"),
    ("keras", 4, (16, 16), "uniform"),
]


@pytest.mark.full
@pytest.mark.parametrize(("name", "channels", "size", "law"), KINDS)
def test_any_shape_law_and_number_of_channels_survives(make_generator, tmp_path, name, channels, size, law):
    generator = make_generator(channels=channels, image_size=size, latent_distribution=law)
    expected = generator.images(range(60, 68))
    assert expected.std() > 3
    exported = exporting.load(write(name, generator, tmp_path))
    assert close(exported.images(range(60, 68)), expected)
    assert exported.image_shape == (*size, channels) and not exported.conditional
    assert (exported.description.name, exported.description.latent_distribution) == ("generator", law)


@pytest.mark.parametrize("name", ["saved_model", "tflite float32", "keras", "onnx"])
def test_a_conditional_generator_survives(make_generator, tmp_path, name):
    generator = make_generator(("cats", "dogs", "owls"), conditional=True, classes=3)
    exported = exporting.load(write(name, generator, tmp_path))
    assert exported.conditional and exported.class_names == ("cats", "dogs", "owls")
    for label in (None, 1, "owls"):
        assert close(exported.images(range(3, 8), label), generator.images(range(3, 8), label))
    with pytest.raises(ArgumentError, match="there is no such class; choose one of 0 cats, 1 dogs, 2 owls"):
        exported.images([0], "mice")


@pytest.mark.parametrize("name", ["onnx", "tflite int8_dynamic"])
def test_a_label_out_of_range_counts_as_the_nearest_class(make_generator, tmp_path, name):
    """These formats cannot refuse it."""
    generator = make_generator(("cats", "dogs", "owls"), conditional=True, classes=3)
    path = write(name, generator, tmp_path)
    call, _ = (reader.open_onnx if name == "onnx" else reader.open_tflite)(str(path))
    z = generator.latents(range(4)).numpy()
    found = call(z=z, label=np.array([-7, 3, 1, 2**31 - 1], np.int32))
    expected = call(z=z, label=np.array([0, 2, 1, 2], np.int32))
    assert np.array_equal(found, expected) and np.abs(expected[0] - expected[2]).max() > 0.01


def test_the_rows_of_an_onnx_file_have_one_name(make_generator, tmp_path):
    generator = make_generator(("cats", "dogs"), conditional=True, classes=2)
    _, session = reader.open_onnx(str(write("onnx", generator, tmp_path)))
    shapes = {each.name: each.shape for each in (*session.get_inputs(), *session.get_outputs())}
    assert shapes == {"z": ["batch", 8], "label": ["batch"], "images": ["batch", *generator.image_shape]}


@pytest.mark.parametrize("name", ["saved_model", "tflite float16", "keras", "onnx"])
def test_a_damaged_file_is_refused_in_one_line(make_generator, tmp_path, name):
    path = write(name, make_generator(), tmp_path)
    damaged = path / "saved_model.pb" if path.is_dir() else path
    content = damaged.read_bytes()
    for length in (len(content) // 2, 100):
        damaged.write_bytes(content[:length])
        with pytest.raises(ArgumentError, match="damaged, or not an exported generator") as caught:
            exporting.load(path)
        assert "\n" not in str(caught.value)


def test_folders_lead_to_the_highest_version(make_generator, tmp_path):
    first = write("keras", make_generator(), tmp_path)
    shutil.copytree(first.parent, tmp_path / "10")
    assert exporting.load(tmp_path).path == tmp_path / "10" / "generator.keras"
    shutil.copy(first, first.with_name("other.keras"))
    with pytest.raises(ArgumentError, match=r"name one of generator\.keras, other\.keras"):
        exporting.load(first.parent)
    with pytest.raises(ArgumentError, match="there is no such file"):
        exporting.load(tmp_path / "nothing")


def test_labels_need_classes_and_seeds_a_range(make_generator, tmp_path):
    exported = exporting.load(write("keras", make_generator(), tmp_path))
    with pytest.raises(ArgumentError, match="trained without classes"):
        exported.images([0], 0)
    for seeds in ([-1], []):
        with pytest.raises(ArgumentError, match="seeds="):
            exported.images(seeds)
