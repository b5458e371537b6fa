"""dcgan explore as its user meets it: every view on a plain and on a conditional run, and wrong uses."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.cli import explore
from tests.conftest import make_classes

SMALL = {
    "walk": ("--seeds=1,4,2", "--steps=10"),
    "arithmetic": ("--plus=3,7,9", "--minus=4,1,8", "--plus=2,5,6"),
    "turn": ("--from=1,2", "--to=3,4", "--seeds=5-7", "--columns=3"),
    "guided_backprop": ("--num=12", "--strongest=2"),
    "feature_dropout": ("--boxes=generator:up1/1", "--samples=20", "--box_count=6", "--seeds=30-33"),
    "filters": (),
    "neighbors": ("--seeds=1-3", "--k=2"),
    "project": ("--rows=0,2", "--steps=30", "--starts=4"),
}
"""What makes each view quick."""


@pytest.mark.parametrize("name", explore.VIEWS)
def test_help_teaches_by_example(script, name):
    outcome = script("explore", name, "--help")
    assert outcome.code == 0 and f"dcgan explore {name} --run=" in outcome.out and "--out" in outcome.out


def test_without_a_view_all_are_listed(script):
    outcome = script("explore")
    assert outcome.code == 0 and all(f"  {name} " in outcome.out for name in SMALL)


@pytest.mark.parametrize("arguments", [["explore", "--help"], ["explore", "walk", "--sedes=3"], ["explore", "wlak"]])
def test_help_and_wrong_flags_need_no_tensorflow(arguments):
    code = f"import sys; from dcgan_tf.cli.main import main; main({arguments}); sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("view", "old", "new", "value"),
    [
        ("guided_backprop", "features", "maps", "0-5"),
        ("guided_backprop", "look_at", "num", 12),
        ("feature_dropout", "maps", "drop", 35),
        ("filters", "num", "count", 8),
        ("neighbors", "num", "k", 3),
        ("arithmetic", "mean_of", "examples", 5),
        ("turn", "mean_of", "examples", 5),
    ],
)
def test_old_names_of_flags_work(view, old, new, value):
    explore.FLAGS.parse(["dcgan explore", view, f"--{old}={value}"])
    assert getattr(explore.FLAGS.chosen.FLAGS, new) == value


def made(path):
    """Checks that a picture is there, whole, and not of one color."""
    with Image.open(path) as picture:
        picture.load()
        assert picture.format == "PNG" and min(picture.size) > 100
        assert np.asarray(picture.convert("L")).std() > 5


@pytest.mark.full
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("kind", ["trained_run", pytest.param("conditional_run", marks=pytest.mark.slow)])
def test_a_view_makes_its_picture_and_repeats_exactly(script, request, tmp_path, name, kind):
    run = request.getfixturevalue(kind)
    outcome = script("explore", name, f"--run={run}", f"--out={tmp_path}/new/a.png", *SMALL[name])
    assert outcome.code == 0, outcome.err
    made(tmp_path / "new/a.png")
    assert f"wrote {tmp_path}/new/a.png" in outcome.err
    if kind == "conditional_run":
        again = script("explore", name, f"--run={run}", f"--out={tmp_path}/b.png", *SMALL[name])
        assert again.code == 0, again.err
        for first in (tmp_path / "new").iterdir():
            assert first.read_bytes() == (tmp_path / f"b{first.suffix}").read_bytes(), first.name


@pytest.mark.full
def test_nothing_is_overwritten_without_being_asked(script, trained_run, tmp_path):
    save = (*SMALL["feature_dropout"], f"--save_boxes={tmp_path}/boxes.json")
    beside = [("walk", "a.gif", SMALL["walk"]), ("project", "a.npz", SMALL["project"])]
    for view, name, more in [*((view, "a.png", more) for view, more in SMALL.items()), *beside,
                             ("feature_dropout", "boxes.json", save)]:  # fmt: skip
        path = tmp_path / name
        path.write_bytes(b"mine")
        outcome = script("explore", view, f"--run={trained_run}", f"--out={tmp_path}/a.png", *more)
        assert outcome.code == 2 and "--overwrite" in outcome.last_line and path.read_bytes() == b"mine"
        path.unlink()
        assert not list(tmp_path.iterdir())


@pytest.mark.full
def test_a_walk_goes_from_class_to_class(script, conditional_run, tmp_path):
    outcome = script("explore", "walk", f"--run={conditional_run}", "--seeds=5@cats,5@owls", "--steps=10",
                     f"--out={tmp_path}/w.png")  # fmt: skip
    assert outcome.code == 0 and (tmp_path / "w.gif").is_file() and "nothing moves" not in outcome.err, outcome.err


@pytest.mark.full
def test_a_projected_latent_stands_for_a_seed_of_its_generator(script, trained_run, conditional_run, photos, tmp_path):
    arguments = (f"--images={photos}/0.png,{photos}/2.png", "--steps=30", "--starts=4")
    outcome = script("explore", "project", f"--run={conditional_run}", f"--out={tmp_path}/p.png", *arguments)
    assert outcome.code == 0 and "of the image's variance" in outcome.err, outcome.err
    assert f"--seeds={tmp_path}/p.npz,14" in outcome.err
    for command in (("walk", f"--seeds={tmp_path}/p.npz,3"), ("arithmetic", f"--plus={tmp_path}/p.npz", "--minus=3")):
        again = script("explore", *command, f"--run={conditional_run}", f"--out={tmp_path}/{command[0]}.png")
        assert again.code == 0, again.err
    outcome = script("explore", "walk", f"--run={trained_run}", f"--seeds={tmp_path}/p.npz,3")
    assert outcome.code == 2 and "belong to another run" in outcome.last_line


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    make_classes(folder, {"some": 3})
    return folder / "some"


@pytest.mark.full
def test_own_pictures_are_looked_at(script, trained_run, conditional_run, photos, tmp_path):
    arguments = (f"--images={photos}", "--strongest=2", "--layer=down1", "--maps=0,2")
    outcome = script("explore", "guided_backprop", f"--run={trained_run}", f"--out={tmp_path}/a.png", *arguments)
    assert outcome.code == 0, outcome.err
    one = f"--images={photos}/0.png"
    arguments = (one, "--strongest=1", "--class=dogs")
    outcome = script("explore", "guided_backprop", f"--run={conditional_run}", f"--out={tmp_path}/b.png", *arguments)
    assert outcome.code == 0, outcome.err


@pytest.mark.full
def test_classes_are_found_by_a_classifier(script, trained_run, conditional_run, tmp_path):
    """By name in a run that was told no classes, and in one that was: there all boxes are of the class asked for."""
    out = f"--out={tmp_path}/a.png", "--overwrite"
    outcome = script("explore", "arithmetic", f"--run={trained_run}", "--plus=class:0", *out)
    words = ("of 1,024 generated images the classifier takes only", "wrote")  # ten steps make no sure digits
    assert any(word in outcome.err for word in words), outcome.err
    arguments = ("--boxes=class:owls", "--samples=20", "--box_count=4", f"--save_boxes={tmp_path}/boxes.json")
    outcome = script("explore", "feature_dropout", f"--run={conditional_run}", *arguments, *out)
    if outcome.code == 0:
        assert {box["class"] for box in json.loads((tmp_path / "boxes.json").read_text())["boxes"]} == {2}
    else:
        assert "responds" in outcome.last_line


@pytest.mark.full
def test_neighbors_in_what_the_discriminator_sees(script, trained_run, conditional_run, tmp_path):
    arguments = (*SMALL["neighbors"], "--features=discriminator", f"--out={tmp_path}/a.png")
    outcome = script("explore", "neighbors", f"--run={trained_run}", *arguments)
    assert outcome.code == 0 and "features of the discriminator: samples are" in outcome.err, outcome.err
    outcome = script("explore", "neighbors", f"--run={conditional_run}", *arguments, "--overwrite")
    assert outcome.code == 1 and "conditional discriminator" in outcome.last_line


@pytest.mark.full
def test_boxes_are_written_edited_and_given_back(script, conditional_run, tmp_path):
    save = ("--boxes=discriminator:down2/1", "--samples=20", "--box_count=6", f"--save_boxes={tmp_path}/boxes.json")
    first = script("explore", "feature_dropout", f"--run={conditional_run}", f"--out={tmp_path}/a.png", *save)
    assert first.code == 0, first.err
    given = f"--boxes={tmp_path}/boxes.json"
    again = script("explore", "feature_dropout", f"--run={conditional_run}", f"--out={tmp_path}/b.png", given)
    assert again.code == 0 and "maps respond inside of 6 boxes" in again.err
    assert [line for line in again.err.splitlines() if "maps" in line] == [
        line for line in first.err.splitlines() if "maps" in line
    ]
    outside = (tmp_path / "boxes.json").read_text().replace('"right": ', '"right": 1')
    (tmp_path / "boxes.json").write_text(outside)
    wrong = script("explore", "feature_dropout", f"--run={conditional_run}", f"--out={tmp_path}/c.png", given)
    assert wrong.code == 2 and "lies outside the image" in wrong.last_line


WRONG = [
    (("walk", "--sedes=3"), "did you mean --seeds?"),
    (("walk", "--seeds=3,x"), "write points as"),
    (("walk", f"--seeds=3,{2**63}"), "the numbers are from 0 to 2^62"),
    (("walk", "--seeds=0-5000"), "at most 100"),
    (("walk", "--seeds=3@dogs,4"), "trained without classes"),
    (("walk", "--seeds=3@,4"), "class after the @ is missing"),
    (("walk", "--steps=2"), "from 10 to 240"),
    (("walk", "--seeds=3,nowhere.npz"), "cannot be read"),
    (("walk", "--checkpoint=77"), "steps 0, 5, 10"),
    (("walk", "--out=walk.jpg"), "write a .png"),
    (("arithmetic",), "name what to add"),
    (("arithmetic", "--plus=3,7,9", "--minus=class:x"), "there is no such class"),
    (("arithmetic", "--plus=0-30"), "at most 16"),
    (("arithmetic", "--plus=1", "--examples=0"), "from 1 to 16"),
    (("turn", "--from=1"), "name examples of both sides"),
    (("turn", "--from=1", "--to=2", "--columns=4"), "an odd number"),
    (("turn", "--from=1", "--to=2", "--reach=0"), "above 0"),
    (("guided_backprop", "--layer=up9"), "choose one of down1, down2"),
    (("guided_backprop", "--maps=0-99"), "at most 32 can be shown"),
    (("guided_backprop", "--strongest=99"), "it must be from 1 to 8"),
    (("guided_backprop", "--images=nowhere.png"), "no such file or folder"),
    (("guided_backprop", "--class=3"), "belongs to --images"),
    (("feature_dropout",), "say what is to be forgotten"),
    (("feature_dropout", "--boxes=nowhere.json"), "there is no such file"),
    (("feature_dropout", "--boxes=clas:7"), "class:NAME (evidence"),
    (("feature_dropout", "--boxes=map:up1/1", "--save_boxes=boxes.txt"), "boxes.txt: write a .json"),
    (("walk", "--seeds=0-99", "--steps=240"), "too many images for a GIF"),
    (("feature_dropout", "--boxes=feature:down7/1"), "--boxes=feature:down7/1: there is no such layer; choose one of"),
    (("feature_dropout", "--boxes=class:x"), "there is no such class"),
    (("feature_dropout", "--boxes=map:up1/1", "--layer=up7"), "choose one of project, up1"),
    (("project", "--rows=99999"), "numbered from 0 to 1,796"),
    (("project", "--rows=0-99"), "at most 64 at once"),
    (("project", "--rows=1", "--seeds=2"), "not both"),
    (("project", "--steps=1"), "from 30 to"),
]


@pytest.mark.full
@pytest.mark.parametrize(
    ("arguments", "remedy"), WRONG, ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else ""
)
def test_wrong_uses_end_in_one_line_and_leave_nothing(script, trained_run, tmp_path, monkeypatch, arguments, remedy):
    monkeypatch.chdir(tmp_path)
    outcome = script("explore", *arguments, f"--run={trained_run}")
    assert outcome.code == 2 and outcome.last_line.startswith("error: ") and remedy in outcome.last_line, outcome.err
    assert "Traceback" not in outcome.err and not list(tmp_path.iterdir())


def test_no_run_is_one_line_too(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "name the run directory" in script("explore", "walk").last_line
    assert script("explore", "walk", "--run=nowhere").code != 0 and not list(tmp_path.iterdir())


@pytest.mark.full
def test_a_class_must_be_named_where_pictures_bring_none(script, conditional_run, photos):
    outcome = script("explore", "guided_backprop", f"--run={conditional_run}", f"--images={photos}")
    assert outcome.code == 2 and "name the class of --images" in outcome.last_line


@pytest.mark.full
def test_a_direction_between_classes_needs_a_generator_without_them(script, conditional_run):
    outcome = script("explore", "turn", f"--run={conditional_run}", "--from=class:cats", "--to=class:dogs")
    assert outcome.code == 2 and "walk from class to class" in outcome.last_line


@pytest.mark.full
def test_data_without_labels_know_no_classes_by_name(script, trained_run, tmp_path, monkeypatch):
    """The run's folder of images has lost its labels: seeds still work, names do not."""
    make_classes(tmp_path / "flat", {"all": 6})
    folder = tmp_path / "flat/all"
    assert script("train", "--preset=tiny", f"--dataset={folder}", f"--run={tmp_path}/run", "--steps=5").code == 0
    outcome = script("explore", "arithmetic", f"--run={tmp_path}/run", "--plus=class:1")
    assert outcome.code == 2 and "has no labels of several classes" in outcome.last_line
    shutil.rmtree(folder)
    outcome = script("explore", "walk", f"--run={tmp_path}/run", f"--out={tmp_path}/w.png", *SMALL["walk"])
    assert outcome.code == 0, outcome.err
