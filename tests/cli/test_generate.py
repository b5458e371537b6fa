"""`dcgan generate` as its user meets it."""

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import checkpoints, images, runs
from dcgan_tf.models import generator as generation


def arrays(path):
    with np.load(path) as archive:
        return archive["images"], archive["seeds"]


def test_image_17_is_image_17_in_every_call(script, trained_run, tmp_path):
    for name, arguments in {
        "all.npz": ("--num=200",),
        "one.npz": ("--num=1", "--seed=17"),
        "some.npz": ("--num=100", "--seed=10"),
    }.items():
        assert script("generate", f"--run={trained_run}", f"--out={tmp_path / name}", *arguments).code == 0
    assert script("generate", f"--run={trained_run}", f"--out={tmp_path}/folder/", "--num=3", "--seed=16").code == 0
    everything, seeds = arrays(tmp_path / "all.npz")
    assert everything.shape == (200, 16, 16, 1) and everything.dtype == np.uint8 and seeds.tolist() == list(range(200))
    assert np.array_equal(arrays(tmp_path / "one.npz")[0][0], everything[17])
    assert np.array_equal(arrays(tmp_path / "some.npz")[0], everything[10:110])
    with Image.open(tmp_path / "folder" / "000017.png") as image:
        assert np.array_equal(np.asarray(image), everything[17, :, :, 0])
    assert len(list((tmp_path / "folder").iterdir())) == 3
    assert len(np.unique(everything.reshape(200, -1), axis=0)) == 200


def test_a_grid_holds_the_same_images_as_the_last_sample_grid(script, trained_run, tmp_path):
    assert script("generate", f"--run={trained_run}", "--num=9", f"--out={tmp_path}/grid.png").code == 0
    assert (tmp_path / "grid.png").read_bytes() == runs.RunDirectory(trained_run).samples_file(10).read_bytes()


def test_raw_and_averaged_weights_and_earlier_checkpoints_differ(script, trained_run, tmp_path):
    made = {}
    for name, argument in {"ema": "--weights=ema", "raw": "--weights=raw", "early": "--checkpoint=5"}.items():
        assert script("generate", f"--run={trained_run}", f"--out={tmp_path}/{name}.npz", argument).code == 0
        made[name] = arrays(tmp_path / f"{name}.npz")[0]
    assert script("generate", f"--run={trained_run}", f"--out={tmp_path}/default.npz").code == 0
    assert np.array_equal(made["ema"], arrays(tmp_path / "default.npz")[0])
    assert not np.array_equal(made["ema"], made["raw"]) and not np.array_equal(made["ema"], made["early"])


def test_nothing_is_overwritten_without_being_asked(script, trained_run, tmp_path):
    out = tmp_path / "grid.png"
    out.write_text("mine")
    outcome = script("generate", f"--run={trained_run}", f"--out={out}")
    assert outcome.code == 2 and "--overwrite" in outcome.last_line and out.read_text() == "mine"
    assert script("generate", f"--run={trained_run}", f"--out={out}", "--overwrite").code == 0
    with Image.open(out) as picture:
        assert picture.format == "PNG"


def test_without_a_name_every_call_gets_its_own_file(script, trained_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(3):
        assert script("generate", f"--run={trained_run}", "--num=4").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grid-2.png", "grid-3.png", "grid.png"]
    assert script("generate", f"--run={trained_run}", "--num=4").err.strip().endswith(": grid-4.png")


@pytest.mark.parametrize("there", [False, True], ids=["new folder", "folder with images"])
def test_an_interrupted_folder_can_be_made_by_the_same_command_again(script, trained_run, tmp_path, monkeypatch, there):
    command = ("generate", f"--run={trained_run}", "--num=100", f"--out={tmp_path}/images")
    if there:
        assert script(*command[:2], "--seeds=500-501", command[-1]).code == 0
    before = sorted(tmp_path.rglob("*"))
    written, write = [], images.to_pil

    def interrupted(pixels):
        written.append(1)
        if len(written) == 70:
            raise KeyboardInterrupt
        return write(pixels)

    monkeypatch.setattr(images, "to_pil", interrupted)
    outcome = script(*command)
    assert outcome.code == 130 and outcome.last_line == "stopped" and sorted(tmp_path.rglob("*")) == before
    monkeypatch.undo()
    assert script(*command).code == 0
    assert len(list((tmp_path / "images").iterdir())) == 100 + 2 * there
    outcome = script(*command)
    assert outcome.code == 2 and "000000.png is there already" in outcome.last_line


@pytest.fixture(scope="module")
def generator(trained_run):
    run = runs.RunDirectory(trained_run)
    made = generation.Generator(run.read_config()[0].model)
    made.load(checkpoints.sampling_weights(checkpoints.find(run)))
    return made


def test_statistics_are_those_of_the_loaded_weights(generator):
    """Over many latents, what leaves a batch norm before its gain has mean 0 and variance 1."""
    z = generator.latents(np.arange(100_000, 104_096))
    outputs = z
    for layer in generator.model.layers:
        outputs = layer(outputs, training=False)
        if layer.name.endswith("_norm"):
            normal = (outputs - layer.beta) / layer.gamma
            axes = tuple(range(len(normal.shape) - 1))
            np.testing.assert_allclose(np.mean(normal, axis=axes), 0, atol=0.1)
            np.testing.assert_allclose(np.var(normal, axis=axes), 1, atol=0.15)


def test_an_image_alone_equals_the_same_image_in_a_batch(generator):
    z = generator.latents(np.arange(32))
    together, alone = generator.model(z, training=False), generator.model(z[5:6], training=False)
    np.testing.assert_allclose(together[5], alone[0], atol=1e-6)
