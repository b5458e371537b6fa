"""Runs with labels, as their user meets them."""

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import data, runs
from dcgan_tf.config import DataConfig
from dcgan_tf.models import summary
from tests.conftest import make_classes


def arrays(path):
    with np.load(path) as archive:
        return dict(archive)


def test_examples_have_a_class_in_every_row_and_stay_white_where_there_are_too_few(tmp_path):
    make_classes(tmp_path / "pets", {"cats": 40, "dogs": 3})
    source = data.open_source(DataConfig(dataset=f"{tmp_path}/pets"))
    store = data.prepare_store(source, (16, 16), 1, "center", f"{tmp_path}/cache")
    pixels, columns = data.examples(store, seed=0, by_class=True)
    assert columns == 32 and len(pixels) == 64
    values = pixels[:, 0, 0, 0]
    assert np.all(values[:32] < 60) and len(set(values[:32])) == 32
    assert values[32:35].tolist() == [60, 61, 62] and np.all(values[35:] == 255)
    assert data.examples(store, seed=0)[1] == 0


def test_a_conditional_run_on_class_folders(conditional_run):
    run = runs.RunDirectory(conditional_run)
    config, recorded = run.read_config()
    assert config.model.conditional and config.model.classes == 3
    assert recorded["data"]["class_names"] == ["cats", "dogs", "owls"]
    with Image.open(run.samples_file(10)) as grid, Image.open(run.reals_file) as reals:
        assert grid.size[0] == grid.size[1]  # three classes, three columns
        assert reals.size[0] > reals.size[1]  # three classes, 21 columns


def test_image_17_of_a_class_is_the_same_in_every_call(script, conditional_run, tmp_path):
    for name, arguments in {
        "all": ("--num=70",),
        "owls": ("--num=70", "--class=owls"),
        "two": ("--num=1", "--seed=17", "--class=2"),
        "cats": ("--num=20", "--class=cats"),
    }.items():
        assert script("generate", f"--run={conditional_run}", f"--out={tmp_path / name}.npz", *arguments).code == 0
    made = {name: arrays(tmp_path / f"{name}.npz") for name in ("all", "owls", "two", "cats")}
    assert made["all"]["labels"].tolist() == [seed % 3 for seed in range(70)]
    assert made["owls"]["labels"].tolist() == [2] * 70 and made["two"]["labels"].dtype == np.int32
    assert np.array_equal(made["owls"]["images"][17], made["two"]["images"][0])
    assert np.array_equal(made["owls"]["images"][17], made["all"]["images"][17])  # 17 is 2 modulo 3
    assert not np.array_equal(made["owls"]["images"][17], made["cats"]["images"][17])


def test_the_sample_grid_holds_the_images_that_generate_makes(script, conditional_run, tmp_path):
    for name in ("cats", "dogs", "owls"):
        arguments = (f"--run={conditional_run}", f"--class={name}", "--num=3", f"--out={tmp_path}/{name}.npz")
        assert script("generate", *arguments).code == 0
    with Image.open(runs.RunDirectory(conditional_run).samples_file(10)) as picture:
        factor = picture.size[0] // (3 * 18 + 2)
        grid = np.asarray(picture)[::factor, ::factor]
    for row, name in enumerate(("cats", "dogs", "owls")):
        for column, image in enumerate(arrays(tmp_path / f"{name}.npz")["images"]):
            top, left = 18 * row + 2, 18 * column + 2
            assert np.array_equal(grid[top : top + 16, left : left + 16], image[..., 0])


def test_a_dry_run_of_a_conditional_one(script):
    outcome = script("train", "--dry_run", "--preset=tiny", "--conditional")
    assert outcome.code == 0
    for expected in ("--conditional=true", "  classes=10", "label_maps_16x16", "GiB"):
        assert expected in outcome.out


@pytest.mark.full
def test_numbers_of_classes_are_the_labels_that_occur(script, tmp_path, monkeypatch):
    """Labels from 1 to 3 are three classes, and --class=3 is the label 3, which has no class after it."""
    np.savez(tmp_path / "set.npz", images=np.zeros((9, 16, 16), np.uint8), labels=np.arange(9) % 3 + 1)
    monkeypatch.setattr(summary, "memory_limit", lambda config: (0.5, "this machine has"))
    run = f"--run={tmp_path}/run"
    outcome = script("train", "--preset=tiny", "--conditional", "--steps=1", f"--dataset={tmp_path}/set.npz", run)
    assert outcome.code == 0 and "classes: 3: 1 (3), 2 (3), 3 (3)" in outcome.err
    assert "warning: training needs about 0.7 GiB of memory, and this machine has 0.5 GiB; use a smaller" in outcome.err
    assert script("generate", run, "--class=3", f"--out={tmp_path}/all.npz", "--num=4").code == 0
    assert arrays(tmp_path / "all.npz")["labels"].tolist() == [2, 2, 2, 2]
    outcome = script("generate", run, "--class=0", f"--out={tmp_path}/more.npz")
    assert outcome.last_line == "error: --class=0: there is no such class; choose one of 1, 2, 3"


def test_labels_that_only_some_images_have(script, tmp_path, monkeypatch):
    """The source promises classes, the prepared store has none: some test splits hide their labels."""
    from dcgan_tf.data.sources.digits import Digits

    items = Digits.items

    def without_one(self):
        for index, item in enumerate(items(self)):
            yield item if index else type(item)(item.name, None, item.load)

    monkeypatch.setattr(Digits, "items", without_one)
    outcome = script(
        "train", "--preset=tiny", "--conditional", f"--run={tmp_path}/run", f"--cache_dir={tmp_path}/cache"
    )
    assert outcome.code == 2 and "this data set has no labels" in outcome.last_line
    assert not (tmp_path / "run").exists()
