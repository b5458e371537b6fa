"""`evaluate` on whole runs."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation import evaluate
from dcgan_tf.evaluation.features import inception
from dcgan_tf.models.trained import load_generator
from dcgan_tf.runs import RunDirectory

pytestmark = pytest.mark.full
QUICK = ["frechet_200", "precision_200", "recall_200", "inception_score_200"]


@pytest.fixture(scope="module")
def run(trained_run, tmp_path_factory):
    """A copy, because evaluations are written into it."""
    return RunDirectory(shutil.copytree(trained_run, tmp_path_factory.mktemp("judged") / "run"))


@pytest.fixture
def conditional(conditional_run, tmp_path):
    return RunDirectory(shutil.copytree(conditional_run, tmp_path / "run"))


@pytest.fixture(scope="module")
def unseen(cache_dir, tmp_path_factory):
    """Digits turned upside down: labeled images that were not trained on."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    path = tmp_path_factory.mktemp("unseen") / "turned.npz"
    images = np.rint(scans.images[::3, ::-1, ::-1] * (255 / 16)).astype(np.uint8)
    np.savez(path, images=images, labels=scans.target[::3])
    return path


def test_rows_of_all_checkpoints_in_a_file_in_a_picture_and_returned(run):
    reported = []
    found = evaluate(run, QUICK, checkpoint="all", report=reported.append)
    assert [row["step"] for row in found] == [step for step in (0, 5, 10) for _ in QUICK]
    written = [json.loads(line) for line in run.evaluations_file.read_text().splitlines()]
    assert [row for rows in reported for row in rows] == found == written
    row = found[-4]
    assert row["metric"] == "frechet_200" and row["value"] > 0 and row["samples"] == 200 and row["weights"] == "ema"
    assert row["extractor"].startswith("classifier-") and row["seed"] == 2**30 and row["split"] == "all"
    assert set(row["seconds"]) == {"generation", "features", "metric"} and set(row["versions"]) >= {"tensorflow"}
    assert row["checkpoint"] == "checkpoints/step-00000010.npz" and row["extractor_about"]["accuracy"] > 0.9
    with Image.open(run.evaluations_picture) as picture:
        assert picture.format == "PNG"
    assert found[-1]["metric"] == "inception_score_200" and found[-1]["deviation"] > 0
    again = evaluate(run, QUICK)
    assert [row["value"] for row in again] == [row["value"] for row in found[-4:]]


def test_the_best_checkpoint(run, tmp_path):
    copy = RunDirectory(shutil.copytree(run.path, tmp_path / "run"))
    (row,) = evaluate(copy, ["frechet_100"], checkpoint="best")
    assert row["checkpoint"].startswith("checkpoints/best/step-")
    shutil.rmtree(copy.best_dir)
    with pytest.raises(ArgumentError, match="no best one"):
        evaluate(copy, ["frechet_100"], checkpoint="best")


def test_the_discriminator_as_extractor_and_unseen_images(run, unseen):
    names = ["distance_to_training_200", "copies_200"]
    found = evaluate(run, names, features="discriminator", test_dataset=unseen)
    assert [row["metric"] for row in found] == names and "turned" in found[0]["split"]
    assert found[0]["extractor"].startswith("discriminator-") and 0 <= found[0]["value"] <= 1


def test_samples_for_other_tools(run, tmp_path):
    evaluate(run, "frechet_100", samples_out=f"{tmp_path}/all.npz")
    with np.load(tmp_path / "all.npz") as archive:
        images = archive["arr_0"]
    assert images.shape == (100, 16, 16, 3) and images.dtype == np.uint8
    evaluate(run, "frechet_100", samples_out=f"{tmp_path}/images.npz/")  # the slash counts
    paths = sorted((tmp_path / "images.npz").iterdir())
    assert len(paths) == 100
    with Image.open(paths[17]) as image:
        assert np.array_equal(np.asarray(image), images[17])
    same = load_generator(run).images(range(2**30, 2**30 + 100))
    np.testing.assert_array_equal(images[..., :1], same)


def test_table_3_of_a_conditional_run(conditional, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 1), np.uint8)
    np.savez(tmp_path / "test.npz", images=noise, labels=np.arange(9) % 3)
    names = ["nearest_neighbor_100", "nearest_neighbor_3k"]
    own, more, control = evaluate(conditional, names, test_dataset=tmp_path / "test.npz")
    assert (own["samples"], more["samples"], control["samples"]) == (100, 3000, 12)
    assert control["control"] == "real training images" and own["rate_share"] > 0


def test_tables_1_and_2(run, unseen):
    """On images that the discriminator has not seen, with all labels and both controls."""
    found = evaluate(run, ["linear_svm"], probe_dataset=unseen, controls=True, costs=[0.1, 1])
    own, _, pixels = found
    assert [row["control"] for row in found] == [None, "untrained discriminator", "raw pixels"]
    assert own["discriminator"] == "trained elsewhere: on digits" and own["probe"] == "turned" and own["value"] > 0.7
    assert set(own["validation"]) == {"0.1", "1"} and own["cost"] in (0.1, 1)
    assert pixels["dimension"] == 256 and own["samples"] + own["test_images"] == 599


def test_other_data_than_the_run_was_trained_on_are_refused(conditional):
    config = json.loads(conditional.config_file.read_text())
    config["data"]["checksum"] = "0" * 64
    conditional.config_file.write_text(json.dumps(config))
    with pytest.raises(UserError, match="does not hold the images it was trained on"):
        evaluate(conditional, ["frechet_10"])


def test_inception_without_its_file_is_never_something_else(run, monkeypatch):
    monkeypatch.setattr(inception, "unreachable", lambda _: "no answer")
    with pytest.raises(UserError, match=r"no network.*`inception=FILE`"):
        evaluate(run, "frechet_100", features="inception")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"metrics": ["fid"]}, "there is no metric fid"),
        ({"metrics": []}, "name at least one"),
        ({"weights": "best"}, "choose one of ema, raw"),
        ({"features": "resnet"}, "choose one of classifier"),
        ({"seed": -1}, "a seed is from 0"),
        ({"checkpoint": "first"}, "latest is step 10"),
        ({"samples_out": "grid.png"}, "write an .npz"),
        ({"samples_out": "new.npz", "checkpoint": "all"}, "samples of one checkpoint only"),
        ({"metrics": ["nearest_neighbor_9"], "test_dataset": "digits"}, "the run was trained on"),
    ],
)
def test_arguments_that_cannot_work(run, arguments, expected):
    with pytest.raises(ArgumentError, match=expected):
        evaluate(run, **arguments)
