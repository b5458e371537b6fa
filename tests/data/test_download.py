"""Whether a host can be reached, on this machine alone."""

import http.server
import threading

import pytest

from dcgan_tf.data.download import unreachable


@pytest.fixture
def server(monkeypatch):
    """The address of a server that answers every request with 404."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as answering:
        threading.Thread(target=answering.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{answering.server_port}"
        answering.shutdown()


def test_any_answer_means_reachable(server):
    assert unreachable(f"{server}/some/file.tgz") == ""


def test_nobody_listens(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert unreachable("http://127.0.0.1:9/file") == "127.0.0.1:9: ConnectionError"


def test_a_name_server_that_hangs_is_not_waited_for(monkeypatch):
    released = threading.Event()

    def hang(*_, **__):
        released.wait()
        raise OSError

    monkeypatch.setattr("requests.head", hang)
    assert unreachable("https://example.org/x", seconds=0.1) == "no answer from example.org within 0.1 s"
    released.set()
