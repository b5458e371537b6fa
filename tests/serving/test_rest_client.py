"""The REST client: images, retries, and one clear line for everything that a server or a network can do."""

import re
import socket
import threading

import numpy as np
import pytest
import requests

from dcgan_tf.errors import ArgumentError
from dcgan_tf.serving import retrying
from dcgan_tf.serving.problems import NotFoundError, PassingError, RefusedError, ServingError, sentence
from dcgan_tf.serving.rest import RestClient


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses between retries, which are not slept."""
    found = []
    monkeypatch.setattr(retrying.retried, "__defaults__", (found.append,))
    return found


@pytest.fixture
def client(stub):
    with RestClient(stub.url, "tiny", timeout=10) as client:
        yield client


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_images(client, session):
    seeds = [5, *range(130), 2**62]
    expected = session.run("generate_png", {"seed": np.array([5])})["png_bytes"].tolist()
    pngs = client.images(seeds)
    assert len(pngs) == 132 and pngs[0] == pngs[6] == expected[0]
    assert [len(block) for block in client.blocks(seeds)] == [64, 64, 4]
    assert client.images([]) == []
    assert client.images(np.array([5])) == expected


def test_arrays(client, session):
    expected = [session.run("generate", {"seed": part})["images"] for part in (np.arange(64), np.arange(64, 70))]
    np.testing.assert_array_equal(client.arrays(range(70)), np.concatenate(expected))


def test_walk(client, session):
    given = {"start": np.array([3]), "end": np.array([14]), "steps": np.array([5], np.int32)}
    assert client.walk(3, 14, 5) == session.run("interpolate", given)["png_bytes"].tolist()


@pytest.mark.parametrize("steps", [1, 0, -1, 257, 10**9])
def test_walks_of_other_lengths_are_not_sent(client, stub, steps):
    with pytest.raises(ArgumentError, match="2 to 256"):
        client.walk(3, 14, steps)
    assert not stub.asked


@pytest.mark.parametrize("seed", [-1, 2**62 + 1])
def test_other_seeds_are_not_sent(client, stub, seed):
    with pytest.raises(ArgumentError, match="2\\^62"):
        client.images([1, seed])
    assert not stub.asked


def test_version(stub):
    with RestClient(stub.url, "tiny", version=stub.version) as client:
        assert len(client.images([1])) == 1
        assert client.status() == [(stub.version, "AVAILABLE", "")]
    assert stub.asked[0].endswith(f"/versions/{stub.version}:predict")


def test_a_path_before_v1_and_a_slash_at_the_end_are_kept_and_dropped():
    assert RestClient("http://host/models/", "m").address == "http://host/models"
    assert RestClient("http://[::1]:8501/", "m").address == "http://[::1]:8501"


def test_a_password_is_sent_and_not_shown(stub):
    with RestClient(stub.url.replace("//", "//user:secret@"), "tiny") as client:
        assert "secret" not in client.address and len(client.images([1])) == 1


# What may pass is tried again.


@pytest.mark.parametrize("fault", ["503", "429", "hang up", "reset", "cut", "slow 5"])
def test_what_may_pass_is_tried_again(stub, pauses, fault):
    stub.misbehave.extend([fault, fault])
    with RestClient(stub.url, "tiny", timeout=2 if fault.startswith("slow") else 10) as client:
        assert len(client.images([1, 2])) == 2
    assert pauses == [0.5, 1.0] and len(stub.asked) == 3


@pytest.mark.parametrize(
    "fault, part",
    [
        ("503", "not ready (HTTP 503): overloaded"),
        ("429", "not ready (HTTP 429): too many requests"),
        ("hang up", "hung up"),
        ("reset", "hung up"),
        ("cut", "broke"),
    ],
)
def test_it_ends_after_the_retries(stub, client, pauses, fault, part):
    stub.misbehave.extend([fault] * 10)
    with pytest.raises(PassingError) as caught:
        client.images([1])
    assert part in str(caught.value) and pauses == [0.5, 1.0, 2.0] and len(stub.asked) == 4


@pytest.mark.parametrize(
    "fault, part",
    [
        ("500", "the server failed: something broke"),
        ("no json", "not TensorFlow Serving's"),
        ("html", "not TensorFlow Serving's"),
        ("redirect", "redirection to http://example.invalid/login"),
        ("garbage", "8500 is the port of gRPC"),
        ("no b64", "no list of images"),
        ("wrong count", "something else than 1 PNG images"),
        ("not png", "something else than 1 PNG images"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(stub, client, pauses, fault, part):
    stub.misbehave.append(fault)
    with pytest.raises(ServingError) as caught:
        client.images([1])
    assert part in str(caught.value) and "\n" not in str(caught.value)
    assert not isinstance(caught.value, PassingError) and not pauses
    assert len(client.images([1])) == 1


def test_a_slow_server(stub):
    stub.misbehave.append("slow 0.5")
    with (
        RestClient(stub.url, "tiny", timeout=0.1, retries=0) as client,
        pytest.raises(PassingError, match="no answer within"),
    ):
        client.images([1])


def test_no_server():
    client = RestClient(f"http://127.0.0.1:{unused_port()}", "tiny", retries=0)
    with client, pytest.raises(PassingError, match="nothing answers there"):
        client.images([1])


def test_a_host_that_does_not_exist(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    client = RestClient("http://nowhere.invalid:8501", "tiny")
    client._session.trust_env = False
    with client, pytest.raises(ServingError, match="host is not known"):
        client.images([1])


def test_a_server_of_something_else(pauses):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        client = RestClient(f"http://127.0.0.1:{server.getsockname()[1]}", "tiny")
        with client, pytest.raises(ServingError, match="no HTTP at all"):
            client.images([1])
        thread.join()


def test_https_where_there_is_none(stub):
    client = RestClient(stub.url.replace("http:", "https:"), "tiny")
    with client, pytest.raises(ServingError, match="no secure connection"):
        client.images([1])


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(stub, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    for url in (stub.url, stub.url.replace("127.0.0.1", "localhost")):
        with RestClient(url, "tiny", retries=0) as client:
            assert len(client.images([1])) == 1
    with RestClient("http://192.0.2.1:8501", "tiny", retries=0) as client, pytest.raises(PassingError, match="proxy"):
        client.images([1])


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8501",
        "http://",
        "http://:8501",
        "http://host:port",
        "http://host:99999",
        "http://host:0",
        "http://ho st:1",
        "ftp://host",
        "http://host/?a=1",
        "http://host:8501/v1/models/mnist",
        "http://[::1",
        "",
    ],
)
def test_urls_that_are_none(url):
    with pytest.raises(ArgumentError, match="write it as http://localhost:8501"):
        RestClient(url, "tiny")


@pytest.mark.parametrize("host", ["http://.", "http://a..b:1", "http://" + "a" * 70])
def test_hosts_that_are_none(host):
    client = RestClient(host, "tiny", retries=0)
    client._session.trust_env = False
    with client, pytest.raises((ServingError, ArgumentError), match=re.escape(host)):
        client.images([1])


@pytest.mark.parametrize("model, version", [("", None), ("a/b", None), ("a:b", None), ("m", -1), ("m", 2**63)])
def test_names_and_versions_that_are_none(model, version):
    with pytest.raises(ArgumentError):
        RestClient("http://localhost:8501", model, version)


# The state of the model.


def test_an_unknown_model(stub, pauses):
    with RestClient(stub.url, "other model") as client:
        for ask in (client.status, client.wait_until_available, lambda: client.images([1])):
            with pytest.raises(NotFoundError, match="there is no model other model; --model is"):
                ask()
    assert not pauses


def test_an_unknown_version(stub):
    with RestClient(stub.url, "tiny", version=77) as client:
        for ask in (client.status, client.wait_until_available, lambda: client.images([1])):
            with pytest.raises(
                NotFoundError, match=r"there is no model tiny version 77; it has version \d+ in state AVAIL"
            ):
                ask()


@pytest.mark.parametrize("state", ["START", "LOADING"])
def test_a_model_that_is_loading(stub, client, state):
    stub.state = state
    assert client.status() == [(stub.version, state, "")]
    with pytest.raises(PassingError, match=rf"still loading .*{state}.*--wait=60"):
        client.wait_until_available()
    with pytest.raises(PassingError, match=r"after 0\.2 s"):
        client.wait_until_available(0.2, pause=0.05)
    threading.Timer(0.3, setattr, (stub, "state", "AVAILABLE")).start()
    client.wait_until_available(20, pause=0.05)
    assert len(client.images([1])) == 1


def test_images_of_a_model_that_is_loading_are_tried_again(stub, client, pauses):
    stub.state = "LOADING"
    with pytest.raises(PassingError, match="still loading"):
        client.images([1])
    assert len(pauses) == 3


@pytest.mark.parametrize("state", ["UNLOADING", "END"])
def test_a_model_that_will_not_come(stub, client, pauses, state):
    stub.state, stub.error = state, "Could not find variable"
    with pytest.raises(ServingError, match=f"not available .*{state}.*: Could not find variable"):
        client.wait_until_available(60)
    with pytest.raises(ServingError, match="not available"):
        client.images([1])
    assert not pauses


def test_waiting_for_a_server_that_is_not_up_yet(folder):
    from tests.serving.rest_stub import RestStub

    port, stubs = unused_port(), []
    timer = threading.Timer(0.3, lambda: stubs.append(RestStub(folder, "tiny", port)))
    timer.start()
    with RestClient(f"http://127.0.0.1:{port}", "tiny") as client:
        client.wait_until_available(30, pause=0.05)
        assert len(client.images([1])) == 1
    timer.join()
    stubs[0].close()


def test_a_refusal_of_the_model_is_its_own_sentence(stub, client, pauses):
    """The client asks for nothing that this model refuses, so another one is in its place."""
    stub.predict = lambda *_: (_ for _ in ()).throw(refusal())
    with pytest.raises(RefusedError) as caught:
        client.images([1])
    assert str(caught.value) == f"{stub.url}: the model refused the request: seed: a seed is from 0 to 2^62"
    assert not pauses


def refusal():
    from tests.cpp_session import SessionError

    return SessionError(3, "assertion failed: [seed: a seed is from 0 to 2^62]\n\t [[{{function_node x}}{{node y}}]]")


def test_sentences_are_short():
    assert sentence("a\n\tb [[{{node c}}]]\n") == "a b"
    assert len(sentence("x" * 10_000)) == 300


def test_other_failures_of_a_request(client, monkeypatch):
    def fail(*_, **__):
        raise requests.exceptions.InvalidHeader("odd")

    monkeypatch.setattr(client._session, "request", fail)
    with pytest.raises(ServingError, match="the request failed"):
        client.images([1])
