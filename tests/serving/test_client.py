"""The client: images, retries, and one clear line for everything that a server or a network can do."""

import re
import shutil
import socket
import subprocess
import time
from email.utils import formatdate
from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.serving import Client, NotFoundError, RefusedError, ServingError, UnavailableError, access, client, limits
from dcgan_tf.serving.connection import sentence
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


@pytest.mark.parametrize(("steps", "requests"), [(5, 1), (130, 3)])
def test_a_walk(server, steps, requests):
    with connect(server) as served:
        np.testing.assert_array_equal(served.walk(3, 14, steps), server.model.walk(3, 14, steps))
    assert sum(path.endswith(":predict") for path in server.asked) == requests


def test_a_walk_of_a_model_that_was_exported_earlier():
    with StandIn(DrawnModel(classes=3, old=True)) as server, connect(server) as served:
        np.testing.assert_array_equal(served.walk(3, 14, 130, label=1), server.model.walk(3, 14, 130, 1))


def test_rows_that_the_model_refuses_among_others(conditional_server, monkeypatch):
    """As on a server that merges requests, where rows of somebody else are good."""
    monkeypatch.setattr(conditional_server.model, "run", lambda signature, inputs: [b""] * 2)
    message = "the model refused 2 images, first seed 4, label 7; is one out of range?"
    with connect(conditional_server) as served, pytest.raises(RefusedError, match=re.escape(message)):
        served.images([4, 5], label=7)


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
        ("slow 3", "no answer within 1 s (`timeout`)"),
    ],
)
def test_what_may_pass_is_tried_again_until_the_retries_are_used_up(server, pauses, fault, part):
    with connect(server, timeout=1 if fault.startswith("slow") else 10) as served:
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
    with Client("http://192.0.2.1:8501", "tiny") as served, pytest.raises(UnavailableError, match="proxy .* refused"):
        served.status()


def test_long_messages_are_cut(server):
    server.state, server.error = "END", "a\n\tb [[{{node c}}]]" + "x" * 10_000
    with connect(server) as served:
        (status,) = served.status()
    assert status.error.startswith("a b") and len(status.error) == 300


# Limits of time and size.


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_that_comes_byte_by_byte_has_the_time_of_one_answer(server, part):
    server.faults.append(f"drip {part}")
    with connect(server, timeout=0.3) as served, pytest.raises(UnavailableError, match=r"no answer within 0\.3 s"):
        served.status()


def test_an_answer_has_no_longer_than_there_is_to_wait(server):
    server.faults.append("slow 1")
    with connect(server) as served, pytest.raises(UnavailableError, match=r"no answer within 0\.5 s after 0\.3 s"):
        served.wait_until_available(0.3)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b" " * 200_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 200_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n" + b" " * 200_000,
    ],
)
def test_an_answer_that_is_too_large_is_not_read(server, monkeypatch, answer):
    monkeypatch.setattr(limits, "LARGEST_ANSWER", 100_000)
    server.faults.append(answer)
    with connect(server) as served, pytest.raises(ServingError, match="an answer of more than"):
        served.status()


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "in the encoding gzip"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000, "without its JSON"),
    ],
)
def test_an_answer_that_would_grow(server, answer, part):
    server.faults.append(answer)
    with connect(server) as served, pytest.raises(ServingError, match=part):
        served.status()
    assert server.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("asked", "slept"),
    [
        (lambda: "7", [7.0]),
        (lambda: "0", [0.5]),
        (lambda: "86400", [60.0]),
        (lambda: formatdate(time.time() + 86400, usegmt=True), [60.0]),
        (lambda: formatdate(time.time() - 86400, usegmt=True), [0.5]),
        (lambda: "soon", [0.5]),
        (lambda: "9" * 5000, [0.5]),
    ],
)
def test_a_server_may_ask_for_a_longer_pause(server, pauses, caplog, asked, slept):
    answer = f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {asked()}\r\nContent-Length: 0\r\n\r\n"
    server.faults.extend(["", answer.encode()])
    with caplog.at_level("INFO"), connect(server) as served:
        assert len(served.images([1])) == 1
    assert pauses == slept and ("the server asked" in caplog.text) == (slept != [0.5])


def test_no_pause_is_longer_than_the_time_to_wait(server, pauses):
    server.faults.append(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n")
    with connect(server) as served:
        served.wait_until_available(20)
    assert len(pauses) == 1 and 10 < pauses[0] <= 20


# Programs in front of the server, and secrets.

SECRET = "abc.DEF-123"
PAGE = "<html><head><title>What went wrong</title></head></html>"


@pytest.mark.parametrize(
    ("code", "part"),
    [
        (400, "this is not TensorFlow Serving (HTTP 400 without its JSON: What went wrong)"),
        (401, "asks who you are (HTTP 401)"),
        (403, "forbids it (HTTP 403)"),
        (404, "this is not TensorFlow Serving (HTTP 404 without its JSON: What went wrong)"),
        (413, "59 bytes are too much for the server or a proxy before it (HTTP 413)"),
        (500, "this is not TensorFlow Serving (HTTP 500 without its JSON: What went wrong)"),
        (502, "the server is not ready (HTTP 502)"),
        (504, "ran out of time (HTTP 504)"),
    ],
)
def test_pages_of_proxies(server, caplog, code, part):
    answer = f"HTTP/1.1 {code} X\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\n\r\n{PAGE}"
    server.faults.extend(["", answer.encode()])
    caplog.set_level("DEBUG")
    with connect(server, token=SECRET, retries=0) as served, pytest.raises(ServingError) as caught:
        served.images([1])
    assert part in str(caught.value) and SECRET not in str(caught.value) + caplog.text


def test_what_another_program_says_is_one_line_without_control_characters(server):
    text = "Client sent an\n\x1b[31mHTTP request to an HTTPS server.\n"
    server.faults.append(f"HTTP/1.1 400 X\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
    with (
        connect(server) as served,
        pytest.raises(ServingError, match=r"JSON: Client sent an \[31mHTTP request to an H"),
    ):
        served.status()


def test_a_redirect_to_a_secure_connection(server):
    target = server.url.replace("http:", "https:").encode()
    server.faults.append(b"HTTP/1.1 301 Moved\r\nLocation: " + target + b"/v1\r\nContent-Length: 0\r\n\r\n")
    with connect(server) as served, pytest.raises(ServingError, match="write `url` with https://"):
        served.status()


def test_a_token_and_headers_are_sent(server, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with connect(server, token=SECRET, headers={"Host": "photos.example.com"}) as served:
        served.images([1])
        assert server.headers["authorization"] == f"Bearer {SECRET}" and server.headers["host"] == "photos.example.com"
        monkeypatch.setattr(served._connection._session, "trust_env", True)  # as for another machine
        served.images([1])
    assert server.headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "settings",
    [
        {"token": ""},
        {"token": f"{SECRET} {SECRET}"},
        {"token": f"{SECRET}\nHost: x"},
        {"token": f"{SECRET}é"},
        {"token": SECRET, "url": f"http://me:{SECRET}@localhost:8501"},
        {"token": SECRET, "headers": {"authorization": SECRET}},
        {"headers": {"a b": SECRET}},
        {"headers": {"": SECRET}},
        {"headers": {"X-Key": f"{SECRET}\r\nHost: x"}},
        {"headers": {"X-Key": f"{SECRET}é"}},
        {"url": f"http://me:{SECRET}@localhost:port"},
        {"url": f"http://me:{SECRET}@localhost:8501/v1"},
    ],
)
def test_secrets_that_cannot_be_sent_are_not_shown(settings):
    with pytest.raises(ArgumentError) as caught:
        Client(**{"url": "http://localhost:8501", "model": "tiny", **settings})
    assert SECRET not in str(caught.value) and caught.value.argument in settings


@pytest.mark.parametrize(
    ("url", "settings", "warned"),
    [
        ("http://localhost:8501", {"token": SECRET}, False),
        ("https://example.com", {"token": SECRET}, False),
        ("http://example.com", {}, False),
        ("http://example.com", {"token": SECRET}, True),
        ("http://example.com", {"headers": {"AUTHORIZATION": SECRET}}, True),
        (f"http://me:{SECRET}@example.com", {}, True),
    ],
)
def test_a_token_that_others_can_read(caplog, url, settings, warned):
    Client(url, "tiny", **settings).close()
    assert len(caplog.records) == warned and SECRET not in caplog.text


# Secure connections.


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two PEM files, each with a key and a certificate for localhost that it signed itself."""
    if not shutil.which("openssl"):
        pytest.skip("the program openssl, which makes certificates, is not installed")
    paths = [tmp_path_factory.mktemp("certificates") / name for name in ("one.pem", "other.pem")]
    for path in paths:
        parts = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature"]
        added = [text for part in [*parts, "subjectAltName=DNS:localhost"] for text in ("-addext", part)]
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
        line = ["openssl", "req", "-x509", *key, *added, "-keyout", path, "-out", path.with_suffix(".crt")]
        subprocess.run(line, check=True, capture_output=True)
        path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return paths


@pytest.fixture
def secure_server(certificates, monkeypatch):
    """A stand-in with https://, in an environment that knows no certificate of its own."""
    for name in access.AUTHORITIES:
        monkeypatch.delenv(name, raising=False)
    with StandIn(DrawnModel(), certificate=certificates[0]) as server:
        yield server


@pytest.mark.parametrize("variable", [None, *access.AUTHORITIES])
def test_an_authority_of_ones_own(secure_server, certificates, monkeypatch, variable):
    one, other = certificates
    if variable:
        monkeypatch.setenv(variable, str(one))
    with connect(secure_server, ca_file=None if variable else one) as served:
        assert len(served.images([1])) == 1
    if variable is None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
        with connect(secure_server, ca_file=one) as served:
            assert len(served.images([1])) == 1


def test_certificates_that_are_not_trusted(secure_server, certificates):
    for ca_file in (None, certificates[1]):
        with (
            connect(secure_server, ca_file=ca_file) as served,
            pytest.raises(ServingError, match="`ca_file`") as caught,
        ):
            served.status()
        assert "self-signed certificate" in str(caught.value).replace("self signed", "self-signed")
    url = secure_server.url.replace("localhost", "127.0.0.1")
    with (
        Client(url, "tiny", ca_file=certificates[0]) as served,
        pytest.raises(ServingError, match=r"for '127\.0\.0\.1'"),
    ):
        served.status()


def test_certificates_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "text.pem").write_text("no certificate")
    for name, part in (("text.pem", "holds no certificate in PEM form"), ("missing.pem", "cannot be read")):
        path = tmp_path / name
        with pytest.raises(ArgumentError, match=f"{name} {part}"):
            Client("https://localhost:8501", "tiny", ca_file=path)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(other, raising=False)
        with pytest.raises(ArgumentError, match=f"SSL_CERT_FILE=.*{part}"):
            Client("https://localhost:8501", "tiny")
        Client("http://localhost:8501", "tiny").close()
    with pytest.raises(ArgumentError, match="https:// only"):
        Client("http://localhost:8501", "tiny", ca_file=tmp_path / "text.pem")


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


@pytest.mark.parametrize(
    "words", ["seed: give a list of seeds, as [17]", "z: give rows, as [[0.1, ...]]; these have 2"]
)
def test_a_models_sentence_is_kept_whole(words):
    node = "[[{{function_node __inference_3}}{{node StatefulPartitionedCall/Assert}}]]"
    assert sentence(f"assertion failed: [{words}]\n\t {node}") == words
