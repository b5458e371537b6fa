"""What the user set, what the preset says and what the data set is, to one configuration."""

import numpy as np
import pytest

from dcgan_tf.data import SourceInfo
from dcgan_tf.errors import ArgumentError, MissingPathError
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training import plan

SEVEN = tuple("abcdefg")


@pytest.mark.parametrize(
    ("settings", "size", "channels", "expected"),
    [
        ({"dataset": "mnist", "conditional": True}, (28, 28), 1, "mnist_28_by_class"),
        ({"dataset": "mnist"}, (28, 28), 1, "mnist_28"),
        ({"dataset": "cifar10", "conditional": True}, (32, 32), 3, "cifar10_32"),
        ({"dataset": "photos"}, None, 3, "photos_64"),
        ({"conditional": True}, (8, 8), 1, "digits_32"),
    ],
)
def test_the_preset_that_fits(settings, size, channels, expected):
    config, name = plan.new(None, settings, SourceInfo(100, size, channels, SEVEN))
    assert name == expected and config.model.channels == channels
    assert (config.model.conditional, config.model.classes) == ((True, 7) if "conditional" in settings else (False, 0))


def test_a_conditional_preset_without_labels():
    config, _ = plan.new("mnist_28_conditional", {"conditional": False}, SourceInfo(100, (28, 28), 1))
    assert (config.model.conditional, config.model.classes) == (False, 0)
    with pytest.raises(ArgumentError, match="no labels"):
        plan.new("mnist_28_conditional", {}, SourceInfo(100, (28, 28), 1))


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"batchsize": 3}, "did you mean `batch_size`"),
        ({"batch_size": "many"}, "type int"),
        ({"flip": 1}, "type bool"),
        ({"learning_rate": "fast"}, "type float"),
        ({"image_size": (3, 4, 5)}, "height x width"),
        ({"classes": 3}, "no such setting"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings, part):
    with pytest.raises(ArgumentError, match=f"^{next(iter(settings))}=.*{part}"):
        plan.make(settings)


def test_a_split_that_nobody_chose_does_not_matter_to_data_without_it():
    planned = plan.make({"dataset": "digits"}, "mnist_28_conditional")  # it comes with the split train[:50000]
    assert planned.config.data.split == "train"
    images = np.zeros((4, 8, 8), np.uint8), np.arange(4) % 2
    assert plan.make({}, "mnist_28_conditional", images=images).config.data.split == "train"
    with pytest.raises(ArgumentError, match="^split=test: an array is not divided into splits"):
        plan.make({"split": "test"}, "tiny", images=images)


def test_settings_as_numpy_and_python_have_them():
    config = plan.make({"batch_size": np.int64(16), "learning_rate": 1, "image_size": 32}, "tiny").config
    assert type(config.training.batch_size) is int and config.optimizer.learning_rate == 1.0
    assert config.model.image_size == (32, 32) == plan.make({"image_size": "32x32"}, "tiny").config.model.image_size


def test_steps_or_epochs():
    planned = plan.make({"batch_size": 512}, "tiny", epochs=2)
    assert planned.with_steps(1797).training.steps == 8  # 2 x 1797 images at 512 a step: 7.02
    with pytest.raises(ArgumentError, match="not both"):
        plan.make({"steps": 3}, "tiny", epochs=2)
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ArgumentError, match="above 0"):
            plan.make({}, "tiny", epochs=wrong)


def test_nothing_is_written(tmp_path):
    plan.make({}, "tiny", RunDirectory(tmp_path / "run"))
    assert not list(tmp_path.iterdir())
    with pytest.raises(MissingPathError):
        plan.make({"dataset": str(tmp_path / "photos")})


def test_workers_must_agree_on_all_but_where_their_data_are_and_which_devices_they_have():
    given = {"d_steps": 2, "update": "algorithm1", "log_every": 7, "deterministic": True, "image_size": 64}
    elsewhere = {"cache_dir": "/elsewhere", "devices": 3, "worker_hosts": "a:1,b:2", "worker_index": 1}
    agreed = plan.make(given | elsewhere, "tiny", epochs=2.5).must_agree()
    assert {agreed[name] for name in given} == {
        "`d_steps=2`", "`update=algorithm1`", "`log_every=7`", "`deterministic=true`", "`image_size=64`"
    }  # fmt: skip
    assert agreed["epochs"] == "`epochs=2.5`" and "seed" in agreed
    assert not agreed.keys() & {"dataset", "worker_timeout", *elsewhere}
