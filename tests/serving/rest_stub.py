"""A stand-in for TensorFlow Serving's REST interface, over a SavedModel in TensorFlow's C++ loader.

  python -m tests.serving.rest_stub --model=mnist --folder=runs/00000-mnist_28/export/saved_model/mnist/1 --port=8501

Paths, codes and messages are those of the server's documentation (RESTful API) and of its sources
(http_rest_api_util.cc, http_server.cc, json_tensor.cc). Tests can make it fail in the ways in which servers fail.
"""

import collections
import json
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from dcgan_tf import quiet
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError, UserError
from tests.cpp_session import CppSession, SessionError, TensorInfo
from tests.serving import json_tensors

_PREDICT = re.compile(
    r"/v1/models/([^/:]+)(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?:(classify|regress|predict)", re.IGNORECASE
)
_STATUS = re.compile(
    r"/v1/models(?:/([^/:]+))?(?:(?:/versions/(\d+))|(?:/labels/([^/:]+)))?(?:/(metadata))?", re.IGNORECASE
)
_HTTP_CODES = {1: 499, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 14: 503}
_DATA_TYPES = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE", "float16": "DT_HALF"}
NOT_FOUND = 5


class RestStub(ThreadingHTTPServer):
    """Serves one version of one model until `close`.

    Args:
        folder: the SavedModel; its name is the version where it is a number, 1 otherwise.
        model: the model's name.
        port: 0 takes a free one.

    Attributes:
        state: what the status request tells; predictions work in AVAILABLE only.
        misbehave: taken one by one, one for each request: "503", "429", "500", "hang up", "reset", "cut", "garbage",
            "no json", "html", "redirect", "no b64", "wrong count", "not png", or "slow 0.5". Empty: all is well.
        asked: the paths of all requests.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, folder: Path, model: str, port: int = 0):
        self.session = CppSession(folder)
        self.model, self.version = model, int(folder.name) if folder.name.isdigit() else 1
        self.state, self.error = "AVAILABLE", ""
        self.misbehave: collections.deque[str] = collections.deque()
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        self.session.close()

    def handle_error(self, *_) -> None:
        """Clients that hang up are part of the tests; anything else shows."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)

    def predict(self, name: str, version: str | None, body: bytes) -> dict[str, Any]:
        """The answer to a predict request."""
        self._require_served(name, version)
        signature, inputs, rows = json_tensors.parsed(body, self.session.signatures)
        return json_tensors.answer(self.session.run(signature, inputs), rows)

    def status(self, name: str, version: str | None) -> dict[str, Any]:
        """The answer to a status request."""
        if name != self.model:
            raise SessionError(NOT_FOUND, f"Could not find any versions of model {name}")
        if version and int(version) != self.version:
            raise SessionError(NOT_FOUND, f"Could not find version {version} of model {name}")
        status = {"error_code": "UNKNOWN" if self.error else "OK", "error_message": self.error}
        entry = {"version": str(self.version), "state": self.state, "status": status}
        return {"model_version_status": [entry]}

    def metadata(self, name: str, version: str | None) -> dict[str, Any]:
        """The answer to a metadata request."""
        self._require_served(name, version)
        signatures = {}
        for key, signature in self.session.signatures.items():
            sides = {}
            for side, infos in (("input", signature.inputs), ("output", signature.outputs)):
                tensors = {
                    tensor: _tensor_info(info, signature.tensors[side, tensor]) for tensor, info in infos.items()
                }
                sides[side + "s"] = tensors
            signatures[key] = {**sides, "method_name": signature.method_name, "defaults": {}}
        spec = {"name": name, "signature_name": "", "version": str(self.version)}
        return {"model_spec": spec, "metadata": {"signature_def": {"signature_def": signatures}}}

    def _require_served(self, name: str, version: str | None) -> None:
        asked = f"Specific({name}, {version})" if version else f"Latest({name})"
        known = name == self.model and (not version or int(version) == self.version)
        if not known or self.state != "AVAILABLE":
            raise SessionError(NOT_FOUND, f"Servable not found for request: {asked}")


def _tensor_info(info: TensorInfo, tensor: str) -> dict[str, Any]:
    dimensions = [{"size": str(-1 if size is None else size), "name": ""} for size in info.shape or ()]
    shape = {"dim": dimensions, "unknown_rank": info.shape is None}
    return {"dtype": _DATA_TYPES.get(info.dtype, f"DT_{info.dtype.upper()}"), "tensor_shape": shape, "name": tensor}


class _Handler(BaseHTTPRequestHandler):
    server: RestStub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("content-length", 0))))

    def log_message(self, *_) -> None:
        """Quiet."""

    def _handle(self, body: bytes) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        try:
            fault = self.server.misbehave.popleft()
        except IndexError:
            fault = ""
        if fault and self._misbehaved(fault):
            return
        if not re.match("/v1/", path, re.IGNORECASE):
            self._reply(404, "<html><body>Not Found</body></html>", "text/html")
            return
        try:
            code, answer = 200, self._answer(path, body)
        except SessionError as error:
            code, answer = _HTTP_CODES.get(error.code, 500), {"error": error.message}
        self._reply(code, json.dumps(answer, indent=4))

    def _answer(self, path: str, body: bytes) -> dict[str, Any]:
        pattern = _PREDICT if self.command == "POST" else _STATUS
        found = pattern.fullmatch(path)
        if not found or found[3] or found[4] in ("classify", "regress"):
            raise SessionError(3, f"Malformed request: {self.command} {path}")
        name = unquote(found[1] or "")
        if self.command == "POST":
            return self.server.predict(name, found[2], body)
        if not name:
            raise SessionError(3, "Missing model name in request.")
        return (self.server.metadata if found[4] else self.server.status)(name, found[2])

    def _reply(self, code: int, text: str, kind: str = "application/json", length: int | None = None) -> None:
        data = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        if code == 302:
            self.send_header("Location", "http://example.invalid/login")
        self.end_headers()
        self.wfile.write(data)

    def _misbehaved(self, fault: str) -> bool:
        """Does what `misbehave` says; False when the request is to be answered after all."""
        if fault.startswith("slow"):
            time.sleep(float(fault.split()[1]))
            return False
        if fault in ("hang up", "reset"):
            if fault == "reset":  # closing with this option set sends a reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif fault == "cut":
            self._reply(200, '{"predictions": [', length=1000)
            self.close_connection = True
        elif fault == "garbage":
            self.wfile.write(b"\0\0\x12\4\0\0\0\0\0 this is no HTTP\r\n\r\n")
            self.close_connection = True
        else:
            self._reply(*_ANSWERS[fault])
        return True


_ANSWERS = {
    "503": (503, '{"error": "overloaded"}'),
    "429": (429, '{"error": "too many requests"}'),
    "500": (500, '{"error": "something broke"}'),
    "no json": (200, "hello"),
    "html": (200, "<html>login</html>", "text/html"),
    "redirect": (302, ""),
    "no b64": (200, '{"predictions": [1, 2]}'),
    "wrong count": (200, '{"predictions": []}'),
    "not png": (200, '{"predictions": [{"b64": "AAAA"}]}'),
}

FLAGS = Flags(__doc__)
FLAGS.text("model", None, "the model's name")
FLAGS.text("folder", None, "the SavedModel: the folder that holds saved_model.pb")
FLAGS.whole("port", 8501, "port to listen on, of this machine only; 0 takes a free one")
FLAGS.number("loading", 0.0, "seconds during which the model is said to be loading")


def main() -> None:
    """Serves until it is interrupted."""
    if not FLAGS.model or not FLAGS.folder:
        raise ArgumentError("folder", FLAGS.folder or "", "give --model and --folder, see --help")
    try:
        with quiet.quiet_stderr():
            stub = RestStub(Path(FLAGS.folder), FLAGS.model, FLAGS.port)
    except SessionError as error:
        raise UserError(f"{FLAGS.folder}: {error.message}") from None
    except (OSError, OverflowError) as error:
        raise ArgumentError("port", FLAGS.port, f"cannot listen there ({error})") from None
    print(f"{stub.url}/v1/models/{stub.model}", flush=True)
    if FLAGS.loading:
        stub.state = "LOADING"
        time.sleep(FLAGS.loading)
        stub.state = "AVAILABLE"
    try:
        while True:
            time.sleep(3600)
    finally:
        stub.close()


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
