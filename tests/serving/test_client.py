"""The client: images, retries, and one clear line for everything that a server or a network can do."""

import re
import socket
import time
from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.serving import Client, NotFoundError, RefusedError, ServingError, UnavailableError, client
from tests.conftest import ROOT
from tests.serving.stand_in import DrawnModel, StandIn


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses between requests, which are not slept."""
    slept = []
    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=time.monotonic, sleep=slept.append))
    return slept


def connect(server: StandIn, **settings) -> Client:
    return Client(server.url, "tiny", **{"timeout": 10, **settings})


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


# Images.


def test_images_are_those_of_their_seeds(server):
    seeds = [5, *range(130), 2**62]
    with connect(server) as served:
        expected = np.stack([server.model.image(seed) for seed in seeds])
        np.testing.assert_array_equal(served.images(seeds), expected)
        np.testing.assert_array_equal(served.images(np.array([5])), expected[:1])
        assert len(list(served.pngs(range(130)))) == 130


def test_pngs_are_asked_for_as_they_are_taken(server):
    with connect(server) as served:
        next(served.pngs(range(1000)))
    assert sum(path.endswith(":predict") for path in server.asked) == 1


def test_a_walk(server):
    with connect(server) as served:
        np.testing.assert_array_equal(served.walk(3, 14, 5), server.model.walk(3, 14, 5))


def test_classes(conditional_server):
    model = conditional_server.model
    with connect(conditional_server) as served:
        assert served.conditional
        np.testing.assert_array_equal(served.images([4, 5]), np.stack([model.image(4, 1), model.image(5, 2)]))
        np.testing.assert_array_equal(served.images([4, 5], label=0), np.stack([model.image(4, 0), model.image(5, 0)]))
        np.testing.assert_array_equal(served.walk(4, 5, 3, label=2), model.walk(4, 5, 3, 2))
        with pytest.raises(RefusedError) as caught:
            served.images([1], label=3)
    sentence = "the model refused the request: label: a class is from -1 to 2"
    assert str(caught.value) == f"{conditional_server.url}: {sentence}"


@pytest.mark.parametrize(
    ("ask", "part"),
    [
        (lambda served: served.walk(3, 14, 1), "2 to 256"),
        (lambda served: served.walk(3, 14, 257), "2 to 256"),
        (lambda served: served.walk(3, -1, 5), "2\\^62"),
        (lambda served: served.images([1, 2**62 + 1]), "2\\^62"),
        (lambda served: served.images([]), "at least one"),
        (lambda served: served.images([1], label=-1), "counted from 0"),
    ],
)
def test_what_no_model_could_give_is_not_asked_for(server, ask, part):
    with connect(server) as served, pytest.raises(ArgumentError, match=part):
        ask(served)
    assert not server.asked


def test_a_version(server):
    with connect(server, version=3) as served:
        assert len(served.images([1])) == 1 and served.status() == [(3, "AVAILABLE", "")]
    assert any(path.endswith("/versions/3:predict") for path in server.asked)


def test_the_documented_example(server):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/serving.md").read_text(), re.S)
    values: dict = {}
    exec(code.replace("http://localhost:8501", server.url).replace("mnist", "tiny"), values)
    assert values["images"].shape == (100, 8, 8, 1) and values["walk"].shape == (16, 8, 8, 1)


# Addresses.


def test_the_address_keeps_a_path_and_hides_a_password(server):
    assert Client("http://host/models/", "m").address == "http://host/models"
    assert Client("http://[::1]:8501/", "m").address == "http://[::1]:8501"
    with Client(server.url.replace("//", "//user:secret@"), "tiny") as served:
        assert served.address == server.url and len(served.images([1])) == 1


@pytest.mark.parametrize(
    "url",
    [
        "localhost:1",
        "",
        "http://:1",
        "http://h:port",
        "http://h:0",
        "http://h t:1",
        "http://h/?a=1",
        "http://h/v1/models/m",
    ],
)
def test_urls_that_cannot_work(url):
    with pytest.raises(ArgumentError, match="write it as http://localhost:8501"):
        Client(url, "tiny")


@pytest.mark.parametrize("url", ["http://.", "http://a..b:1", "http://" + "a" * 70])
def test_host_names_that_cannot_exist(url, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with Client(url, "tiny") as served, pytest.raises((ServingError, ArgumentError), match=re.escape(url)):
        served.status()


@pytest.mark.parametrize(
    "settings",
    [{"model": ""}, {"model": "a/b"}, {"version": -1}, {"version": 2**63}, {"timeout": float("nan")}, {"retries": -1}],
)
def test_other_arguments_that_cannot_work(settings):
    with pytest.raises(ArgumentError) as caught:
        Client(**{"url": "http://localhost:8501", "model": "tiny", **settings})
    assert caught.value.argument in settings


# What goes wrong.


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        ("503", "not ready (HTTP 503: overloaded)"),
        ("429", "not ready (HTTP 429: too many requests)"),
        ("hang up", "hung up"),
        ("reset", "hung up"),
        ("cut", "the connection broke"),
        ("slow 0.5", "no answer within 0.2 s (`timeout`)"),
    ],
)
def test_what_may_pass_is_tried_again_until_the_retries_are_used_up(server, pauses, fault, part):
    with connect(server, timeout=0.2 if fault.startswith("slow") else 10) as served:
        server.faults.extend(["", fault, fault])  # the first request asks for the metadata
        assert len(served.images([1, 2])) == 2 and pauses == [0.5, 1.0]
        server.faults.extend([fault] * 4)
        with pytest.raises(UnavailableError, match=re.escape(part)):
            served.images([1])
    assert pauses[2:] == [0.5, 1.0, 2.0] and len(server.asked) == 8


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        ("500", "the server failed: something broke"),
        ("no json", "not TensorFlow Serving"),
        ("html", "not TensorFlow Serving"),
        ("redirect", "redirect to http://example.invalid/login"),
        ("garbage", "gRPC has a port of its own"),
        ("no b64", "not 1 PNG images"),
        ("wrong count", "not 1 PNG images"),
        ("no png", "not 1 PNG images"),
        ("damaged", "damaged images"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(server, pauses, fault, part):
    server.faults.extend(["", fault])
    with connect(server) as served:
        with pytest.raises(ServingError) as caught:
            served.images([1])
        assert part in str(caught.value) and "\n" not in str(caught.value)
        assert not isinstance(caught.value, UnavailableError) and not pauses
        assert len(served.images([1])) == 1


@pytest.mark.parametrize(("fault", "part"), [("no versions", "without versions"), ("no metadata", "generate_png")])
def test_answers_of_another_program(server, fault, part):
    server.faults.append(fault)
    with connect(server) as served, pytest.raises(ServingError, match=part):
        served.status() if fault == "no versions" else served.images([1])


def test_no_server():
    url = f"http://127.0.0.1:{unused_port()}"
    with Client(url, "tiny") as served, pytest.raises(UnavailableError, match="nothing answers there"):
        served.images([1])


def test_a_host_that_does_not_exist(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with Client("http://nowhere.invalid", "tiny") as served, pytest.raises(ServingError, match="host is not known"):
        served.status()


def test_https_where_there_is_none(server):
    url = server.url.replace("http:", "https:")
    with Client(url, "tiny") as served, pytest.raises(ServingError, match="no secure connection"):
        served.images([1])


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
        with Client(url, "tiny", retries=0) as served:
            assert len(served.images([1])) == 1
    with Client("http://192.0.2.1:8501", "tiny") as served, pytest.raises(UnavailableError, match="proxy"):
        served.status()


def test_long_messages_are_cut(server):
    server.state, server.error = "END", "a\n\tb [[{{node c}}]]" + "x" * 10_000
    with connect(server) as served:
        (status,) = served.status()
    assert status.error.startswith("a b") and len(status.error) == 300


# The state of the model.


def test_an_unknown_model(server, pauses):
    with Client(server.url, "other model") as served:
        for ask in (served.status, served.wait_until_available, lambda: served.images([1])):
            with pytest.raises(NotFoundError, match="there is no model other model; `model` is the server's"):
                ask()
    assert not pauses


def test_an_unknown_version(server):
    message = "no model tiny version 77; it has version 3 in state AVAILABLE"
    with connect(server, version=77) as served, pytest.raises(NotFoundError, match=message):
        served.images([1])


@pytest.mark.parametrize("state", ["START", "LOADING"])
def test_a_model_that_is_loading(server, pauses, state):
    server.state = state
    with connect(server) as served:
        assert served.status() == [(3, state, "")]
        with pytest.raises(UnavailableError, match=rf"still loading \(version 3 in state {state}\)"):
            served.wait_until_available()
        assert not pauses
        with pytest.raises(UnavailableError, match="still loading"):
            served.images([1])
        assert len(pauses) == 3


@pytest.mark.parametrize("state", ["UNLOADING", "END"])
def test_a_model_that_will_not_come(server, pauses, state):
    server.state, server.error = state, "Could not find variable"
    with connect(server) as served:
        for ask in (lambda: served.wait_until_available(60), lambda: served.images([1])):
            with pytest.raises(ServingError, match=rf"not available \(.*{state}\); Could not find variable"):
                ask()
    assert not pauses


def test_waiting_for_a_server_and_its_model(monkeypatch):
    """Nothing answers, then the model is loading, then it is there; each pause brings the next."""
    port, servers = unused_port(), []

    def advance(_: float) -> None:
        if not servers:
            servers.append(StandIn(DrawnModel(), port=port))
            servers[0].state = "LOADING"
        else:
            servers[0].state = "AVAILABLE"

    monkeypatch.setattr(client.time, "sleep", advance)
    with Client(f"http://127.0.0.1:{port}", "tiny") as served:
        served.wait_until_available(60)
        assert len(served.images([1])) == 1
    servers[0].__exit__()


def test_waiting_ends(server):
    server.state = "LOADING"
    with connect(server) as served, pytest.raises(UnavailableError, match=r"still loading .* after 0\.4 s"):
        served.wait_until_available(0.4)
