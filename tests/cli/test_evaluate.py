"""evaluate.py as its user meets it."""

import json

import numpy as np
import pytest
from PIL import Image
from threadpoolctl import threadpool_limits

from dcgan_tf import runs
from dcgan_tf.evaluation import features
from dcgan_tf.models.generator import Generator


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The products of these tests are small: threads would wait for each other, for minutes on a busy machine."""
    with threadpool_limits(1, "blas"):
        yield


QUICK = "frechet_200,precision_200,recall_200,inception_score_200"


@pytest.fixture(scope="module")
def run(trained_run, tmp_path_factory):
    """A copy, because evaluations are written into it."""
    import shutil

    return shutil.copytree(trained_run, tmp_path_factory.mktemp("judged") / "run")


@pytest.fixture(scope="module")
def unseen(cache_dir, tmp_path_factory):
    """Digits turned upside down: labelled images that were not trained on."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    path = tmp_path_factory.mktemp("unseen") / "turned.npz"
    images = np.rint(scans.images[::3, ::-1, ::-1] * (255 / 16)).astype(np.uint8)
    np.savez(path, images=images, labels=scans.target[::3])
    return path


def rows(run):
    return [json.loads(line) for line in runs.RunDirectory(run).evaluations_file.read_text().splitlines()]


def test_a_run_is_judged_in_a_table_in_rows_and_in_a_picture(script, run):
    outcome = script("evaluate", f"--run={run}", f"--metrics={QUICK}", "--checkpoint=all")
    assert outcome.code == 0, outcome.err
    found = rows(run)
    assert [row["step"] for row in found] == [step for step in (0, 5, 10) for _ in range(4)]
    row = found[-4]
    assert row["metric"] == "frechet_200" and row["value"] > 0 and row["samples"] == 200 and row["weights"] == "ema"
    assert row["extractor"].startswith("classifier-") and row["seed"] == 2**30 and row["split"] == "all"
    assert set(row["seconds"]) == {"generation", "features", "metric"} and set(row["versions"]) >= {"tensorflow"}
    assert row["checkpoint"] == "checkpoints/step-00000010.npz" and row["extractor_about"]["accuracy"] > 0.9
    assert "not comparable with published FID" in outcome.err and "next:" in outcome.err
    assert "generation" in outcome.out and "frechet_200" in outcome.out and "lower" in outcome.out
    with Image.open(runs.RunDirectory(run).evaluations_picture) as picture:
        assert picture.format == "PNG"
    again = script("evaluate", f"--run={run}", f"--metrics={QUICK}")
    assert again.code == 0 and len(rows(run)) == 16
    assert [row["value"] for row in rows(run)[-4:]] == [row["value"] for row in found[-4:]]


def test_the_best_checkpoint_where_training_kept_one(script, run, tmp_path):
    import shutil

    copy = shutil.copytree(run, tmp_path / "run")
    assert script("evaluate", f"--run={copy}", "--metrics=frechet_100", "--checkpoint=best").code == 0
    assert rows(copy)[-1]["checkpoint"].startswith("checkpoints/best/step-")
    shutil.rmtree(copy / "checkpoints" / "best")
    outcome = script("evaluate", f"--run={copy}", "--metrics=frechet_100", "--checkpoint=best")
    assert outcome.code == 2 and "no best one" in outcome.last_line


def test_the_discriminator_as_extractor_and_unseen_images(script, run, unseen):
    names = "distance_to_training_200,copies_200"
    arguments = ["--features=discriminator", f"--test_dataset={unseen}", f"--metrics={names}"]
    outcome = script("evaluate", f"--run={run}", *arguments)
    assert outcome.code == 0, outcome.err
    assert "favour or punish" in outcome.err
    last = rows(run)[-2:]
    assert [row["metric"] for row in last] == names.split(",") and "turned" in last[0]["split"]
    assert last[0]["extractor"].startswith("discriminator-") and 0 <= last[0]["value"] <= 1


def test_samples_for_the_public_tools(script, run, tmp_path):
    arguments = [f"--run={run}", "--metrics=frechet_100"]
    assert script("evaluate", *arguments, f"--samples_out={tmp_path}/all.npz").code == 0
    with np.load(tmp_path / "all.npz") as archive:
        images = archive["arr_0"]
    assert images.shape == (100, 16, 16, 3) and images.dtype == np.uint8
    assert script("evaluate", *arguments, f"--samples_out={tmp_path}/images/").code == 0
    paths = sorted((tmp_path / "images").iterdir())
    assert len(paths) == 100
    with Image.open(paths[17]) as image:
        assert np.array_equal(np.asarray(image), images[17])
    made = script("generate", f"--run={run}", "--num=100", f"--seed={2**30}", f"--out={tmp_path}/same.npz")
    assert made.code == 0
    with np.load(tmp_path / "same.npz") as archive:
        assert np.array_equal(archive["images"], images[..., :1])


def test_table_3_of_a_conditional_run(script, conditional_run, tmp_path):
    import shutil

    copy = shutil.copytree(conditional_run, tmp_path / "run")
    np.savez(
        tmp_path / "test.npz",
        images=np.random.default_rng(0).integers(0, 256, (9, 16, 16, 1), np.uint8),
        labels=np.arange(9) % 3,
    )
    names = "nearest_neighbor_100,nearest_neighbor_3k"
    outcome = script("evaluate", f"--run={copy}", f"--metrics={names}", f"--test_dataset={tmp_path}/test.npz")
    assert outcome.code == 0, outcome.err
    own, more, control = rows(copy)
    assert (own["samples"], more["samples"], control["samples"]) == (100, 3000, 12)
    assert control["control"] == "real training images" and own["rate_share"] > 0
    assert "real training images" in outcome.out and "of the rate of a bare matrix product" in outcome.err


def test_tables_1_and_2(script, run, unseen):
    """On images that the discriminator has not seen, with all labels and both controls."""
    arguments = ["--metrics=linear_svm", f"--probe_dataset={unseen}", "--controls", "--costs=0.1,1"]
    outcome = script("evaluate", f"--run={run}", *arguments)
    assert outcome.code == 0, outcome.err
    own, untrained, pixels = rows(run)[-3:]
    assert [row["control"] for row in (own, untrained, pixels)] == [None, "untrained discriminator", "raw pixels"]
    assert own["discriminator"] == "trained elsewhere: on digits" and own["probe"] == "turned" and own["value"] > 0.7
    assert set(own["validation"]) == {"0.1", "1"} and own["cost"] in (0.1, 1)
    assert pixels["dimension"] == 256 and own["samples"] + own["test_images"] == 599


def test_few_labels_of_the_images_that_it_was_trained_on(script, run):
    arguments = ["--metrics=linear_svm", "--labels_per_class=10", "--draws=3", "--costs=1"]
    outcome = script("evaluate", f"--run={run}", *arguments)
    assert outcome.code == 0, outcome.err
    row = rows(run)[-1]
    assert row["metric"] == "linear_svm_10_per_class" and row["draws"] == 3 and row["deviation"] > 0
    assert "trained on these very images of digits" in row["discriminator"]


def test_worse_weights_have_worse_values(script, run, monkeypatch):
    """End to end: the same command on a generator that was spoiled on its way."""
    assert script("evaluate", f"--run={run}", "--metrics=frechet_500").code == 0
    good = rows(run)[-1]["value"]
    blocks = Generator.blocks
    monkeypatch.setattr(Generator, "blocks", lambda *given: (block // 8 for block in blocks(*given)))
    assert script("evaluate", f"--run={run}", "--metrics=frechet_500").code == 0
    assert rows(run)[-1]["value"] != good
    one = next(blocks(_generator(run), 0, 1))
    monkeypatch.setattr(Generator, "blocks", lambda *_: (np.repeat(one, 50, axis=0) for _ in range(10)))
    assert script("evaluate", f"--run={run}", "--metrics=frechet_500").code == 0
    assert rows(run)[-1]["value"] > good


def _generator(run):
    from dcgan_tf.models.trained import load_generator

    return load_generator(runs.RunDirectory(run)).generator


def test_the_list_of_metrics(script):
    outcome = script("evaluate", "--metrics=list")
    assert outcome.code == 0
    for name in ("frechet_10k", "kernel_50k", "nearest_neighbor_10m", "linear_svm", "copies_10k"):
        assert name in outcome.out


def test_other_data_than_the_run_was_trained_on_are_refused(script, conditional_run, tmp_path):
    import shutil

    copy = shutil.copytree(conditional_run, tmp_path / "run")
    config = json.loads((copy / "config.json").read_text())
    config["data"]["checksum"] = "0" * 64
    (copy / "config.json").write_text(json.dumps(config))
    outcome = script("evaluate", f"--run={copy}", "--metrics=frechet_10")
    assert outcome.code == 1 and "are not the images it was trained on" in outcome.last_line


def test_inception_without_its_file_is_never_something_else(script, run, monkeypatch):
    monkeypatch.setattr(features.inception, "unreachable", lambda _: "no answer")
    outcome = script("evaluate", f"--run={run}", "--metrics=frechet_100", "--features=inception")
    assert outcome.code == 1 and "no network" in outcome.last_line and "--inception=FILE" in outcome.last_line
