"""The public names: functions whose modules have the same names, and what they refuse."""

import functools
import importlib
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from dcgan_tf import explore, images
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.models import Generator
from tests.explore.conftest import CONDITIONAL, PLAIN, own_network

VIEWS = ["arithmetic", "feature_dropout", "filters", "guided_backprop", "neighbors", "project", "turn", "walk"]


def test_a_view_is_a_function_and_its_module_can_still_be_imported():
    for name in VIEWS:
        module = importlib.import_module(f"dcgan_tf.explore.{name}")
        assert getattr(explore, name) is getattr(module, name) is not module


def test_a_notebook_shows_figures(generator, tmp_path):
    figure = explore.walk(generator, seeds=[3, 14], steps=10).figure("a note")
    figure.save(tmp_path / "walk.png")
    assert figure._repr_png_() == (tmp_path / "walk.png").read_bytes() and figure._repr_png_()[:4] == b"\x89PNG"


def test_a_network_of_ones_own_can_be_walked_through():
    generator = Generator(PLAIN, model=own_network())
    walk = explore.walk(generator, seeds=[3, 14], steps=10)
    assert np.abs(walk.images[::10].astype(int) - generator.images([3, 14])).max() <= 1
    assert explore.arithmetic(generator, [[3]], [[14]]).images.shape == (9, 16, 16, 1)


def test_views_that_need_built_in_layers_refuse_other_networks():
    plain, conditional = Generator(PLAIN, model=own_network()), Generator(CONDITIONAL, model=own_network(True))
    judge = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
    black = np.zeros((4, 16, 16, 1), np.uint8)
    for view in (
        lambda: explore.walk(conditional, [3, 14]),
        lambda: explore.project(conditional, black),
        lambda: explore.feature_dropout(plain, [explore.Box(1, 0, 0, 2, 2), explore.Box(2, 0, 0, 2, 2)]),
        lambda: explore.filters(plain),
        lambda: explore.filters(judge),
        lambda: explore.guided_backprop(judge, black),
        lambda: explore.guided_backprop(keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Flatten()]), black),
        lambda: explore.discriminator_responses(judge, "down1", 0, black),
    ):
        with pytest.raises(UserError, match=r"has no layer '\w+': this view needs a built-in network"):
            view()


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_that_is_given_a_run_says_what_to_give(name):
    class Run:
        """Where `dcgan_tf.open_run` would have to be asked for its generator."""

    first = "discriminator" if name == "guided_backprop" else "network" if name == "filters" else "generator"
    expected = "discriminator_of_run" if name == "guided_backprop" else r"run\.generator\(\)"
    more = {"walk": 0, "filters": 0, "turn": 3, "feature_dropout": 2}.get(name, 1)
    with pytest.raises(ArgumentError, match=f"^{first}=Run: give what .*{expected}"):
        getattr(explore, name)(Run(), *[[1]] * more)


@pytest.mark.full
def test_the_documented_examples_run(trained_run, tmp_path, monkeypatch):
    document = Path(__file__).resolve().parents[2] / "docs/explore.md"
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/mnist").symlink_to(trained_run)
    (tmp_path / "digits").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (300, 16, 16, 1), np.uint8)
    for name, picture in zip("78", noise, strict=False):
        images.write_png(tmp_path / f"digits/{name}.png", picture)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(explore, "project", functools.partial(explore.project, steps=30, starts=4))
    names = {"training_images": noise}
    for block in re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL):
        exec(block, names)
    assert (tmp_path / "walk.png").is_file() and (tmp_path / "walk.gif").is_file()
    assert names["found"].points.names == ("7.png", "8.png")
