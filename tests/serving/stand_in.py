"""A stand-in for TensorFlow Serving's REST interface, which tests can make fail in the ways in which servers fail.

Paths, codes and messages are those of the server's documentation (RESTful API) and of http_rest_api_util.cc.
"""

import base64
import collections
import io
import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from PIL import Image

from tests.serving import request_json
from tests.serving.request_json import RequestError

DAMAGED = base64.b64encode(b"\x89PNG\r\n\x1a\n and then nothing").decode()

_PATHS = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?(/metadata|:predict)?")
_ANSWERS = {
    "503": (503, '{"error": "overloaded"}'),
    "429": (429, '{"error": "too many requests"}'),
    "500": (500, '{"error": "something broke"}'),
    "no json": (200, "hello"),
    "html": (404, "<html>Not Found</html>"),
    "redirect": (302, ""),
    "no versions": (200, '{"model_version_status": 3}'),
    "no metadata": (200, '{"metadata": {}}'),
    "no b64": (200, '{"outputs": [1, 2]}'),
    "wrong count": (200, '{"outputs": []}'),
    "no png": (200, '{"outputs": [{"b64": "AAAA"}]}'),
    "damaged": (200, json.dumps({"outputs": [{"b64": DAMAGED}]})),
}


class DrawnModel:
    """What a server needs to know of an exported generator, without TensorFlow: noise images of seed and class.

    A walk of an `old` model, exported by an earlier version, takes its number of images.
    """

    def __init__(self, classes: int = 0, old: bool = False):
        self.classes = classes
        label = {"label": "int32"} if classes else {}
        place = {"steps": "int32"} if old else {"fraction": "float32"}
        self.inputs = {
            "generate_png": {"seed": "int64", **label},
            "interpolate": {"start": "int64", "end": "int64", **place, **label},
        }

    def image(self, seed: int, label: int = -1) -> np.ndarray:
        """uint8 [8, 8, 1]."""
        if self.classes and label == -1:
            label = seed % self.classes
        return np.random.default_rng([seed, label + 1]).integers(0, 256, (8, 8, 1), np.uint8)

    def walk(self, start: int, end: int, steps: int, label: int = -1) -> np.ndarray:
        """uint8 [steps, 8, 8, 1]."""
        return np.stack([self.between(start, end, at, label) for at in np.linspace(0, 1, steps, dtype=np.float32)])

    def between(self, start: int, end: int, fraction: float, label: int = -1) -> np.ndarray:
        """uint8 [8, 8, 1]."""
        ends = [self.image(start, label).astype(float), self.image(end, label).astype(float)]
        return (ends[0] + (ends[1] - ends[0]) * fraction).astype(np.uint8)

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> list:
        """The only output of a signature; rows with a label out of range are refused as an exported graph does."""
        labels = inputs.get("label", np.full(len(next(iter(inputs.values()))), -1))
        bad = labels >= max(1, self.classes)
        if bad.all():
            sentence = f"label: a class is from -1 to {self.classes - 1}"
            raise RequestError(400, f"assertion failed: [{sentence}]\n\t [[{{{{function_node x}}}}{{{{node y}}}}]]")
        columns = [inputs[name].tolist() for name in self.inputs[signature] if name != "label"]
        if "steps" in inputs:
            ((start, end, steps),) = zip(*columns, strict=True)
            return [_png(pixels) for pixels in self.walk(start, end, steps, int(labels[0]))]
        image = self.image if signature == "generate_png" else self.between
        rows = zip(*columns, labels.tolist(), bad.tolist(), strict=True)
        return [b"" if refused else _png(image(*row)) for *row, refused in rows]


class SavedModel:
    """An exported generator in a session like that of TF Serving.

    TensorFlow 1's loader restores variables as TF Serving does. Callables take inputs of any shape, as its session
    does; Python's `Session.run` would refuse them itself.
    """

    def __init__(self, folder: Path):
        import tensorflow as tf
        from tensorflow.core.protobuf import config_pb2

        with tf.Graph().as_default():
            session = tf.compat.v1.Session()
            signatures = tf.compat.v1.saved_model.load(session, ["serve"], str(folder)).signature_def
        self._refusal = tf.errors.InvalidArgumentError
        self.inputs, self._calls = {}, {}
        for name, definition in signatures.items():
            if definition.outputs and definition.inputs:
                self.inputs[name] = {key: tf.DType(value.dtype).name for key, value in definition.inputs.items()}
                (output,) = definition.outputs.values()
                feed = [value.name for value in definition.inputs.values()]
                options = config_pb2.CallableOptions(feed=feed, fetch=[output.name])
                self._calls[name] = session._make_callable_from_options(options)

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> list:
        """The only output of a signature."""
        try:
            (values,) = self._calls[signature](*(inputs[name] for name in self.inputs[signature]))
        except self._refusal as error:
            raise RequestError(400, error.message) from None
        return values.tolist()


class StandIn(ThreadingHTTPServer):
    """Serves version 3 of one model. Use it as a context manager.

    Attributes:
        state: what the server says of the model; predictions work in AVAILABLE only.
        error: the message that belongs to the state.
        faults: taken one by one, one for each request: a key of `_ANSWERS`, "hang up", "reset", "cut", "garbage",
            "slow 0.5", "drip headers", "drip body" or the bytes of an answer; "" answers as usual, and so does the
            server when none is left.
        asked: the paths of all requests.
        headers: the headers of the last request.
    """

    daemon_threads = True
    version = 3

    def __init__(
        self, model: DrawnModel | SavedModel, name: str = "tiny", port: int = 0, certificate: Path | None = None
    ):
        self.model, self.name = model, name
        self.state, self.error = "AVAILABLE", ""
        self.faults: collections.deque[str | bytes] = collections.deque()
        self.asked: list[str] = []
        self.headers: Mapping[str, str] = {}
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        if certificate is not None:  # with its key in the same file
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.url = f"https://localhost:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __exit__(self, *_) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_) -> None:
        """Clients that hang up are part of the tests; anything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)

    def answer(self, path: str, body: bytes) -> dict[str, Any]:
        """The JSON object for a request."""
        found = _PATHS.fullmatch(path)
        if not found:
            raise RequestError(400, f"Malformed request: {path}")
        known = unquote(found[1]) == self.name and found[2] in (None, str(self.version))
        if not known or (found[3] and self.state != "AVAILABLE"):
            raise RequestError(404, f"Servable not found for request: {path}")
        if found[3] == ":predict":
            return self._predict(json.loads(body))
        if found[3] == "/metadata":
            signatures = {name: {"inputs": {key: {} for key in inputs}} for name, inputs in self.model.inputs.items()}
            return {"metadata": {"signature_def": {"signature_def": signatures}}}
        status = {"error_code": "UNKNOWN" if self.error else "OK", "error_message": self.error}
        return {"model_version_status": [{"version": str(self.version), "state": self.state, "status": status}]}

    def _predict(self, request: dict[str, Any]) -> dict[str, Any]:
        """Both forms of the API: rows ("instances") and columns ("inputs")."""
        signature = request.get("signature_name", "serving_default")
        if signature not in self.model.inputs:
            raise RequestError(400, f'Serving signature name: "{signature}" not found in signature def')
        inputs = request_json.inputs(request, self.model.inputs[signature])
        values = [
            {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
            for value in self.model.run(signature, inputs)
        ]
        return {"predictions" if "instances" in request else "outputs": values}


class _Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers["content-length"])))

    def log_message(self, *_) -> None:
        """Quiet."""

    def _handle(self, body: bytes) -> None:
        self.server.asked.append(self.path)
        self.server.headers = self.headers
        fault = self.server.faults.popleft() if self.server.faults else ""
        if isinstance(fault, bytes):
            self.wfile.write(fault)
            self.close_connection = b"Content-Length" not in fault
            return
        if fault.startswith("slow"):
            time.sleep(float(fault.split()[1]))
        elif fault:
            self._fail(fault, body)
            return
        try:
            code, answer = 200, self.server.answer(self.path, body)
        except RequestError as error:
            code, answer = error.args[0], {"error": error.args[1]}
        self._reply(code, json.dumps(answer))

    def _reply(self, code: int, text: str, length: int | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(text) if length is None else length))
        if code == 302:
            self.send_header("Location", "http://example.invalid/login")
        self.end_headers()
        self.wfile.write(text.encode())

    def _fail(self, fault: str, body: bytes) -> None:
        if fault in _ANSWERS:
            self._reply(*_ANSWERS[fault])
            return
        if fault == "reset":  # closing with this option set sends a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault == "cut":
            self._reply(200, '{"outputs": [', length=1000)
        elif fault.startswith("drip"):
            self._drip(fault.split()[1], json.dumps(self.server.answer(self.path, body)).encode())
        elif fault == "garbage":
            self.wfile.write(b"\0\0\x12\4\0\0\0\0\0 this is no HTTP\r\n\r\n")
        self.close_connection = True
        if fault in ("reset", "hang up"):
            self.connection.close()

    def _drip(self, part: str, content: bytes) -> None:
        """A good answer, of which one part comes byte by byte for two seconds: no read takes long, all of them do."""
        status, rest = b"HTTP/1.1 200 OK\r\n", b"Content-Length: %d\r\n\r\n" % (40 + len(content))
        before, after = status + b"X-Slow: ", b".\r\n" + rest + b" " * 40 + content
        if part == "body":
            before, after = status + rest, content
        self.wfile.write(before)
        for _ in range(40):
            self.wfile.write(b" ")
            time.sleep(0.05)
        self.wfile.write(after)


def _png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(stream, format="PNG")
    return stream.getvalue()
