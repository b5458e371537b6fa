"""A client of TensorFlow Serving's REST interface."""

import base64
import binascii
import http.client
import json
import re
import socket
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from dcgan_tf.errors import ArgumentError
from dcgan_tf.serving.addresses import is_this_machine
from dcgan_tf.serving.problems import PassingError, ServingError, UnknownHostError, refused, sentence
from dcgan_tf.serving.served_model import ServedModel, VersionStatus

_EXAMPLE = "write it as http://localhost:8501"
_OVERLOADED = (429, 502, 503, 504)


class RestClient(ServedModel):
    """Asks a server at `url`, as http://localhost:8501.

    Args:
        url: the server's REST address; a path in front of /v1 is kept.
        model: the model's name on the server.
        version: its version; None for the latest.
        timeout: seconds to wait for a connection, and for an answer.
        retries: how often a request is repeated after an error that may pass.

    Raises:
        ArgumentError: for a URL that cannot be one.
    """

    def __init__(self, url: str, model: str, version: int | None = None, timeout: float = 60.0, retries: int = 3):
        self._url = _checked_url(url)
        super().__init__(_without_password(self._url), model, version, retries)
        self._path = f"/v1/models/{quote(model, safe='')}"
        self._place = self._path if version is None else f"{self._path}/versions/{version}"
        self._timeout = timeout
        self._session = requests.Session()
        # Proxies of the environment are for the outside; requests would ask them for this machine as well.
        self._session.trust_env = not is_this_machine(urlsplit(self.address).hostname or "")

    def close(self) -> None:
        """See `ServedModel.close`."""
        self._session.close()

    def _versions(self) -> list[VersionStatus]:
        code, answer = self._ask("GET", self._path)
        if code == 404:
            return []
        if code != 200:
            raise self._failed(answer)
        found = answer.get("model_version_status")
        try:
            return [_version_status(entry) for entry in found]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._unexpected("a model's status without versions") from None

    def _inputs_of(self, signature: str) -> frozenset[str]:
        code, answer = self._ask("GET", f"{self._place}/metadata")
        if code == 404:
            raise self._not_found(sentence(answer["error"]))
        if code != 200:
            raise self._failed(answer)
        try:
            return frozenset(answer["metadata"]["signature_def"]["signature_def"][signature]["inputs"])
        except (KeyError, TypeError):
            raise ServingError(f"{self.address}: {self._title} has no {signature}; was it made by export.py?") from None

    def _generate(self, seeds: Sequence[int], label: int | None) -> list[bytes]:
        rows = list(seeds) if label is None else [{"seed": seed, "label": label} for seed in seeds]
        return self._strings(self._predict({"signature_name": "generate_png", "instances": rows}).get("predictions"))

    def _interpolate(self, start: int, end: int, steps: int, label: int | None) -> list[bytes]:
        inputs = {"start": [start], "end": [end], "steps": [steps]}
        if label is not None:
            inputs["label"] = [label]
        return self._strings(self._predict({"signature_name": "interpolate", "inputs": inputs}).get("outputs"))

    def _predict(self, body: dict[str, Any]) -> dict[str, Any]:
        code, answer = self._ask("POST", f"{self._place}:predict", body)
        if code == 404:
            raise self._not_found(sentence(answer["error"]))
        if code == 400:
            raise refused(self.address, answer["error"])
        if code != 200:
            raise self._failed(answer)
        return answer

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Status code and JSON object of an answer; one with another code than 200 has the text "error".

        Raises:
            PassingError: when there is no answer, or the server is overloaded.
            ServingError: when it is not TensorFlow Serving that answers.
        """
        try:
            answer = self._session.request(
                method, self._url + path, json=body, timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise self._no_answer(error) from error
        except ValueError as error:  # what urllib3 raises of a host's name with an empty or an endless part
            raise ArgumentError("url", self.address, f"the host's name is not valid; {_EXAMPLE}") from error
        try:
            content = json.loads(answer.content)
        except ValueError:
            content = None
        said = content.get("error") if isinstance(content, dict) else None
        if answer.status_code in _OVERLOADED:
            reason = f": {sentence(said)}" if isinstance(said, str) else ""
            raise PassingError(f"{self.address}: the server is not ready (HTTP {answer.status_code}){reason}")
        if answer.is_redirect:
            raise self._unexpected(f"a redirection to {answer.headers['location']}")
        if not isinstance(content, dict) or (answer.status_code != 200 and not isinstance(said, str)):
            raise self._unexpected(f"HTTP {answer.status_code} with something else than its JSON")
        return answer.status_code, content

    def _strings(self, values: Any) -> list[bytes]:
        """Byte strings of [{"b64": ...}, ...]."""
        try:
            return [base64.b64decode(value["b64"], validate=True) for value in values]
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise self._unexpected("a prediction that is no list of images") from None

    def _failed(self, answer: dict[str, Any]) -> ServingError:
        return ServingError(f"{self.address}: the server failed: {sentence(answer['error'])}")

    def _unexpected(self, what: str) -> ServingError:
        return ServingError(
            f"{self.address}: the answer is not TensorFlow Serving's ({what}); "
            "its REST interface is on port 8501 unless set otherwise"
        )

    def _no_answer(self, error: requests.RequestException) -> ServingError:
        causes = list(_causes(error))

        def caused_by(*kinds: type) -> bool:
            return any(isinstance(cause, kinds) for cause in causes)

        if isinstance(error, requests.Timeout):
            return PassingError(f"{self.address}: no answer within {self._timeout:g} s (--timeout)")
        if isinstance(error, requests.exceptions.ProxyError):
            return PassingError(f"{self.address}: the proxy of the environment variables does not answer; see NO_PROXY")
        if isinstance(error, requests.exceptions.SSLError):
            return ServingError(f"{self.address}: no secure connection ({_reason(causes)}); is it http:// instead?")
        if caused_by(socket.gaierror):
            return UnknownHostError(f"{self.address}: this host is not known; check --url")
        if caused_by(ConnectionRefusedError):
            return PassingError(f"{self.address}: nothing answers there (is the server up, is the port right?)")
        if caused_by(http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            return PassingError(f"{self.address}: the server hung up without an answer")
        if caused_by(http.client.BadStatusLine, http.client.LineTooLong):
            return self._unexpected("no HTTP at all; 8500 is the port of gRPC, for --grpc")
        if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
            return PassingError(f"{self.address}: the connection broke ({_reason(causes)})")
        return ServingError(f"{self.address}: the request failed ({_reason(causes)})")


def _checked_url(url: str) -> str:
    """The URL without a slash at its end."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ArgumentError("url", url, f"{error}; {_EXAMPLE}") from None
    if parts.scheme not in ("http", "https"):
        raise ArgumentError("url", url, f"it must begin with http:// or https://; {_EXAMPLE}")
    if not parts.hostname or port == 0 or re.search(r"[\s\\]", url):
        raise ArgumentError("url", url, f"it names no host; {_EXAMPLE}")
    if parts.query or parts.fragment or "/v1" in parts.path:
        raise ArgumentError("url", url, f"leave out what follows host and port; {_EXAMPLE}")
    return url.rstrip("/")


def _without_password(url: str) -> str:
    """The address as it may be shown."""
    return re.sub(r"//[^/@]*@", "//", url)


def _version_status(entry: dict[str, Any]) -> VersionStatus:
    """From {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}."""
    message = entry.get("status", {}).get("error_message", "")
    return VersionStatus(int(entry["version"]), str(entry["state"]), sentence(str(message)))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that it wraps: requests and urllib3 hide the reason at several depths."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


def _reason(causes: list[BaseException]) -> str:
    return sentence(str(causes[-1]) or type(causes[-1]).__name__)
