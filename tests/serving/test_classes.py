"""Asking a served conditional generator, over both protocols."""

import dataclasses
import importlib.util

import numpy as np
import pytest

from dcgan_tf import presets
from dcgan_tf.cli import client, console
from dcgan_tf.errors import ArgumentError
from dcgan_tf.export import saved_model
from dcgan_tf.export.description import Description
from dcgan_tf.models.generator import Generator
from dcgan_tf.serving.problems import RefusedError
from dcgan_tf.serving.rest import RestClient
from tests.serving.rest_stub import RestStub

CONFIG = dataclasses.replace(presets.PRESETS["tiny"].model, conditional=True, classes=3)
NAMES = ("cats", "dogs", "owls")


@pytest.fixture(scope="module")
def generator():
    generator = Generator(CONFIG)
    generator.model.set_weights([5 * value for value in generator.model.get_weights()])
    return generator


@pytest.fixture(scope="module")
def exported(generator, tmp_path_factory):
    path = tmp_path_factory.mktemp("conditional") / "1"
    saved_model.write(generator, Description.of(CONFIG, "pets", 1, "raw", NAMES), path)
    return path


@pytest.fixture(params=["rest", "grpc"])
def served(request, exported):
    if request.param == "rest":
        stub = RestStub(exported, "pets")
        with RestClient(stub.url, "pets") as model:
            yield model
    else:
        if not importlib.util.find_spec("tensorflow_serving"):
            pytest.skip("tensorflow-serving-api is not installed")
        from dcgan_tf.serving.grpc_client import GrpcClient
        from tests.serving.grpc_stub import GrpcStub

        stub = GrpcStub(exported, "pets")
        with GrpcClient(stub.target, "pets") as model:
            yield model
    stub.close()


def close(found, expected):
    return np.abs(found.astype(int) - expected.astype(int)).max() <= 1


def test_every_seed_has_its_own_class_or_the_one_asked_for(served, generator):
    assert close(served.arrays(range(5)), generator.images(range(5)))
    assert close(served.arrays(range(5), label=2), generator.images(range(5), label=2))
    assert not close(served.arrays(range(5)), generator.images(range(5), label=2))


def test_a_walk_stays_in_one_class(served, generator):
    ends = generator.images(range(3, 5), label=1)
    walk = served.walk(3, 4, 5, label=1)
    from dcgan_tf.serving.served_model import decoded

    assert close(decoded(walk)[[0, -1]], ends)
    assert close(decoded(served.walk(4, 3, 3))[:1], generator.images(range(4, 5)))


def test_a_class_that_there_is_not(served):
    with pytest.raises(RefusedError, match="a class is from -1 to 2"):
        served.images([1], label=3)


def test_a_model_without_classes_is_asked_for_one(folder):
    stub = RestStub(folder, "tiny")
    with RestClient(stub.url, "tiny") as model, pytest.raises(ArgumentError, match="has no classes"):
        model.images([1], label=0)
    stub.close()


def test_the_command_takes_a_class(exported, tmp_path):
    stub = RestStub(exported, "pets")
    for name in ("a", "b"):
        arguments = [f"--url={stub.url}", "--model=pets", "--seeds=0-3", f"--out={tmp_path}/{name}.png"]
        arguments += ["--class=1"] * (name == "b")
        assert console.execute(client.main, client.FLAGS, ["client", *arguments]) == 0
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
    stub.close()
