"""Export of every kind of run and image."""

import dataclasses

import numpy as np
import pytest

from dcgan_tf import presets
from dcgan_tf.export import keras_file, saved_model, tflite
from dcgan_tf.export.cpp_session import CppSession, SessionError
from dcgan_tf.export.description import Description
from dcgan_tf.export.opened import ExportedGenerator
from dcgan_tf.models.generator import Generator
from tests import processes

WRITERS = {
    "": saved_model.write,
    ".keras": keras_file.write,
    ".tflite": lambda generator, description, path: tflite.write(generator, description, path, "float32"),
}


@pytest.mark.parametrize("law", ["uniform", "normal"])
@pytest.mark.parametrize(("channels", "size"), [(1, (16, 24)), (3, (24, 16)), (4, (16, 16))])
def test_any_shape_law_and_number_of_channels_survives(tmp_path, channels, size, law):
    config = dataclasses.replace(presets.PRESETS["tiny"].model, channels=channels, image_size=size, latent_law=law)
    generator = Generator(config)
    generator.model.set_weights([5 * value for value in generator.model.get_weights()])
    expected = generator.images(range(3, 8))
    assert expected.std() > 3
    for suffix, write in WRITERS.items():
        path = tmp_path / f"generator{suffix}"
        write(generator, Description.of(config, "generator", 1, "raw"), path)
        exported = ExportedGenerator(path)
        found = np.concatenate(list(exported.blocks(range(3, 8))))
        assert found.shape == (5, *size, channels) == (5, *exported.image_shape)
        assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1


def test_a_conditional_generator_survives(tmp_path):
    config = dataclasses.replace(presets.PRESETS["tiny"].model, conditional=True, classes=3)
    generator = Generator(config)
    generator.model.set_weights([5 * value for value in generator.model.get_weights()])
    own, second = generator.images(range(3, 8)), generator.images(range(3, 8), label=1)
    assert not np.array_equal(own, second)
    for suffix, write in WRITERS.items():
        path = tmp_path / f"generator{suffix}"
        write(generator, Description.of(config, "generator", 1, "raw", ("cats", "dogs", "owls")), path)
        exported = ExportedGenerator(path)
        for label, expected in ((None, own), (1, second)):
            found = np.concatenate(list(exported.blocks(range(3, 8), label)))
            assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1
    session = CppSession(tmp_path / "generator")
    seed = np.array([3, 4], np.int64)
    for label, expected in ((-1, own), (1, second)):
        found = session.run("generate", {"seed": seed, "label": np.array([label] * 2, np.int32)})["images"]
        assert np.abs(found.astype(int) - expected[:2].astype(int)).max() <= 1
    for label, text in (([3, 0], "a class is from -1 to 2"), ([-2, 0], "a class is from -1 to 2"), ([0], "for each")):
        with pytest.raises(SessionError, match=text):
            session.run("generate", {"seed": seed, "label": np.array(label, np.int32)})
    with pytest.raises(SessionError, match="from 0 to 2"):
        z = np.zeros((1, config.latent_dim), np.float32)
        session.run("serving_default", {"z": z, "label": np.array([-1], np.int32)})
    session.close()


RUNS = {
    "bfloat16": ("--preset=tiny", "--steps=10", "--precision=mixed_bfloat16"),
    "float16": ("--preset=tiny", "--steps=10", "--precision=mixed_float16"),
    "two devices": ("--preset=tiny", "--steps=10", "--devices=2", "--strategy=mirrored"),
    "torch_64": ("--preset=torch_64", "--steps=3", "--batch_size=16"),
    "paper_64": ("--preset=paper_64", "--steps=3", "--batch_size=16"),
    "imagenet_32": ("--preset=imagenet_32", "--steps=3", "--batch_size=16"),
    "compact_32": ("--preset=compact_32", "--steps=3", "--batch_size=16"),
    "not square, RGBA": ("--preset=tiny", "--steps=10", "--image_size=16x24", "--channels=4"),
    "conditional": ("--preset=tiny", "--steps=10", "--conditional"),
    "RGB": ("--preset=tiny", "--steps=10", "--channels=3"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_every_kind_of_run_can_be_exported(script, tmp_path, name):
    run = tmp_path / "run"
    if name == "two devices":  # logical devices are made once in a process, before anything else
        processes.finish(processes.start(*RUNS[name], f"--run={run}"))
    else:
        assert script("train", *RUNS[name], f"--run={run}").code == 0
    outcome = script("export", f"--run={run}")
    assert outcome.code == 0 and "REFUSED" not in outcome.out
