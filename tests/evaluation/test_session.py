"""The images of a run that is judged, from its config.json alone."""

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.session import Session
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training import plan


@pytest.fixture
def recorded(tmp_path):
    """Makes the record of a run on a folder: recorded("photos"), as training writes it."""

    def record(folder):
        planned = plan.make({"dataset": folder, "cache_dir": tmp_path / "cache"}, "tiny")
        directory = RunDirectory(tmp_path / "run")
        directory.path.mkdir()
        directory.write_config(planned.config, {"preset": "tiny", "data": planned.prepare_store().manifest})
        return directory

    return record


def save(folder, count, seed):
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 16, 16), np.uint8)
    for number, each in enumerate(pixels):
        Image.fromarray(each).save(folder / f"{number}.png")


def test_the_test_folder_beside_train_holds_unseen_images_with_the_same_classes(recorded, tmp_path):
    for seed, name in enumerate(("train/ant", "train/bat", "train/cat", "test/ant", "test/cat")):
        save(tmp_path / "set" / name, 3, seed)
    session = Session(recorded(tmp_path / "set"))
    trained = session.trained_on()
    unseen = session.unseen(trained)
    assert (len(trained), len(unseen)) == (9, 6)
    assert unseen.labels.tolist() == [0, 0, 0, 2, 2, 2]  # cat is class 2, although test/ has no bat
    with pytest.raises(ArgumentError, match="^split=train: these are the images that the run was trained on"):
        session.unseen(trained, "train")
    with pytest.raises(ArgumentError, match="^split=val: there is no such folder; there are test/"):
        session.unseen(trained, "val")


def test_other_images_may_be_divided_or_not(recorded, tmp_path):
    for seed, name in enumerate(("set", "plain", "divided/train", "divided/test", "partly/train", "partly/val")):
        save(tmp_path / name, 2 + seed, seed)
    session = Session(recorded(tmp_path / "set"))
    trained = session.trained_on()
    assert len(session.unseen(trained, dataset=tmp_path / "plain")) == 3
    assert len(session.unseen(trained, dataset=tmp_path / "divided")) == 5
    with pytest.raises(ArgumentError, match="^split=test: there is no such folder; there are train/"):
        session.unseen(trained, dataset=tmp_path / "partly")
    with pytest.raises(ArgumentError, match="has no split that was not trained on"):
        session.unseen(trained)
