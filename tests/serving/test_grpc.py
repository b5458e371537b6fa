"""The gRPC client, where its packages are installed; and its one line where they are not."""

import sys

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.serving import retrying
from dcgan_tf.serving.grpc_client import GrpcClient
from dcgan_tf.serving.problems import NotFoundError, PassingError, RefusedError, ServingError

needs_packages = "gRPC needs tensorflow-serving-api"


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    found = []
    monkeypatch.setattr(retrying.retried, "__defaults__", (found.append,))
    return found


@pytest.fixture
def grpc():
    pytest.importorskip("tensorflow_serving.apis.predict_pb2", reason="tensorflow-serving-api is not installed")
    return pytest.importorskip("grpc")


@pytest.fixture
def stub(grpc, folder):
    from tests.serving.grpc_stub import GrpcStub

    stub = GrpcStub(folder, "tiny")
    yield stub
    stub.close()


@pytest.fixture
def client(stub):
    with GrpcClient(stub.target, "tiny", timeout=10) as client:
        yield client


def test_without_the_packages(monkeypatch):
    known = [name for name in sys.modules if name.startswith("tensorflow_serving.")]
    for name in ["tensorflow_serving", "tensorflow_serving.apis", *known]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ArgumentError, match=needs_packages):
        GrpcClient("localhost:8500", "tiny")


@pytest.mark.parametrize("target", ["localhost", "http://localhost:8500", "", "localhost:", "local host:8500"])
def test_targets_that_are_none(target):
    with pytest.raises(ArgumentError, match="write it as localhost:8500"):
        GrpcClient(target, "tiny")


def test_images_and_walk(client, session):
    assert client.images([5, 6]) == session.run("generate_png", {"seed": np.array([5, 6])})["png_bytes"].tolist()
    assert len(client.images(range(130))) == 130
    given = {"start": np.array([3]), "end": np.array([14]), "steps": np.array([5], np.int32)}
    assert client.walk(3, 14, 5) == session.run("interpolate", given)["png_bytes"].tolist()


def test_status_and_version(stub, client):
    assert client.status() == [(stub.version, "AVAILABLE", "")]
    client.wait_until_available()
    with GrpcClient(stub.target, "tiny", version=stub.version) as versioned:
        assert versioned.images([1]) == client.images([1])


def test_unknown_model_and_version(stub):
    for model, version, part in (("other", None, "no model other"), ("tiny", 77, "no model tiny version 77")):
        with GrpcClient(stub.target, model, version) as client, pytest.raises(NotFoundError, match=part):
            client.images([1])


def test_a_model_that_is_loading(stub, client):
    stub.state = "LOADING"
    with pytest.raises(PassingError, match="still loading"):
        client.wait_until_available()
    with pytest.raises(PassingError, match="still loading"):
        client.images([1])


@pytest.mark.parametrize("name", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"])
def test_what_may_pass_is_tried_again(stub, client, grpc, pauses, name):
    stub.fail_with = [grpc.StatusCode[name]] * 2
    assert len(client.images([1])) == 1 and pauses == [0.5, 1.0]


@pytest.mark.parametrize("name, kind", [("INVALID_ARGUMENT", RefusedError), ("INTERNAL", ServingError)])
def test_what_will_not_pass_is_not(stub, client, grpc, pauses, name, kind):
    stub.fail_with = [grpc.StatusCode[name]]
    with pytest.raises(kind, match="spoiled"):
        client.images([1])
    assert not pauses


def test_no_server(grpc):
    with GrpcClient("127.0.0.1:1", "tiny", retries=0) as client, pytest.raises(PassingError, match="nothing answers"):
        client.images([1])


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(stub, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with GrpcClient(stub.target, "tiny", retries=0) as client:
        assert len(client.images([1])) == 1


def test_the_command(stub, script, tmp_path):
    outcome = script("dcgan_tf.serving.client", f"--grpc={stub.target}", "--model=tiny", f"--out={tmp_path}/grid.png")
    assert outcome.code == 0 and (tmp_path / "grid.png").is_file()
