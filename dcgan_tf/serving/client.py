"""A client of a generator that TensorFlow Serving serves over REST.

with Client("http://localhost:8501", "mnist") as client:
    client.images(range(64))  # uint8 [64, 28, 28, 1]
"""

import base64
import functools
import io
import logging
import math
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from PIL import Image

from dcgan_tf.errors import ArgumentError
from dcgan_tf.seeds import check as check_seeds
from dcgan_tf.serving.connection import (
    Connection,
    NotFoundError,
    RefusedError,
    ServingError,
    UnavailableError,
    sentence,
)

LARGEST_WALK = 256
_BLOCK = 64  # images per request, which every model takes; small answers come sooner and cost less to repeat
_OWN_CLASS = -1  # as a label: the class that belongs to the seed
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds between retries; each pause is twice the one before
_LONGEST_ASKED = 60.0  # seconds; a server may ask for longer pauses, up to this
_POLL_SECONDS = 0.5
_PNG = b"\x89PNG\r\n\x1a\n"
_LOG = logging.getLogger("dcgan_tf")


class VersionStatus(NamedTuple):
    """One version of a model on a server."""

    version: int
    state: str  # START, LOADING, AVAILABLE, UNLOADING or END
    error: str  # why it is not available; empty if nothing is wrong

    def __str__(self) -> str:
        return f"version {self.version} in state {self.state}"


class Client:
    """A generator on a server. Use it as a context manager or call `close`; use one per thread.

    Args:
        url: the server's REST address, as http://localhost:8501; a path in front of /v1 is kept.
        model: the model's name on the server.
        version: its version; None for the latest.
        timeout: seconds for a request, from connecting to the last byte of the answer.
        retries: how often a request is repeated after an error that may pass (`UnavailableError`).
        token: sent as `Authorization: Bearer ...`; never logged, and not sent to where a redirect points.
        headers: sent with every request, such as {"Host": "photos.example.com"}.
        ca_file: PEM file with the certificate of the authority that signed the server's. Without it, the files that
            REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE name, else the public authorities.

    Attributes:
        address: the URL without a password, for messages.

    Raises:
        ArgumentError: an argument cannot work, such as a URL without http://.
    """

    def __init__(
        self,
        url: str,
        model: str,
        version: int | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        ca_file: str | os.PathLike | None = None,
    ):
        if not re.fullmatch("[^/:]+", model):
            raise ArgumentError("model", model, "name the model as the server does (MODEL_NAME), without / and :")
        if version is not None and not 0 <= version < 2**63:
            raise ArgumentError("version", version, "it must be a whole number from 0; leave it out for the latest")
        if not 0 <= retries <= 100:
            raise ArgumentError("retries", retries, "it must be from 0 to 100")
        self.model, self.version, self._retries = model, version, retries
        self._connection = Connection(url, timeout, token, headers, ca_file)
        self.address = self._connection.address
        self._all_versions = f"/v1/models/{quote(model, safe='')}"
        self._this_version = self._all_versions if version is None else f"{self._all_versions}/versions/{version}"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def images(self, seeds: Sequence[int], label: int | None = None) -> np.ndarray:
        """Images of these seeds, in their order.

        Args:
            seeds: at least one, each from 0 to 2^62.
            label: number of the class of all images, for a conditional model; None gives each seed its own class.

        Returns:
            uint8 [n, height, width, channels].

        Raises:
            ArgumentError: a seed is out of range, or the model has no classes.
            ServingError: the server does not give the images.
        """
        if not len(seeds):
            raise ArgumentError("seeds", "", "name at least one")
        return decoded(list(self.pngs(seeds, label)))

    def pngs(self, seeds: Sequence[int], label: int | None = None) -> Iterator[bytes]:
        """The same images as PNG files, one after the other. Requests are sent as their images are taken."""
        check_seeds(seeds)
        for start in range(0, len(seeds), _BLOCK):
            block = [int(seed) for seed in seeds[start : start + _BLOCK]]  # JSON does not know NumPy's integers
            yield from self._predict("generate_png", {"seed": block}, label, len(block))

    def walk(self, start: int, end: int, steps: int, label: int | None = None) -> np.ndarray:
        """Images on the way from seed `start` to seed `end`, both included.

        Args:
            start, end: seeds.
            steps: number of images, from 2 to 256.
            label: number of the class of all images, for a conditional model; None takes the class of `start`.

        Returns:
            uint8 [steps, height, width, channels]. Errors are those of `images`.
        """
        check_seeds([start], "start")
        check_seeds([end], "end")
        if not 2 <= steps <= LARGEST_WALK:
            raise ArgumentError("steps", steps, f"it must be from 2 to {LARGEST_WALK}")
        if "steps" in self._inputs("interpolate"):  # as earlier versions exported it: one row for all images
            inputs = {"start": [int(start)], "end": [int(end)], "steps": [int(steps)]}
            return decoded(self._predict("interpolate", inputs, label, steps))
        pngs, fractions = [], np.linspace(0.0, 1.0, steps).tolist()
        for first in range(0, steps, _BLOCK):
            block = fractions[first : first + _BLOCK]
            ends = {"start": [int(start)] * len(block), "end": [int(end)] * len(block)}
            pngs += self._predict("interpolate", {**ends, "fraction": block}, label, len(block))
        return decoded(pngs)

    @functools.cached_property
    def conditional(self) -> bool:
        """Whether the model has classes."""
        return "label" in self._inputs("generate_png")

    def _inputs(self, signature: str) -> Sequence[str]:
        """The names of a signature's inputs."""
        try:
            return list(self._metadata["metadata"]["signature_def"]["signature_def"][signature]["inputs"])
        except (KeyError, TypeError):
            raise self._not_ours(f"it has no signature {signature}") from None

    @functools.cached_property
    def _metadata(self) -> dict[str, Any]:
        return self._ask(f"{self._this_version}/metadata")

    def status(self) -> list[VersionStatus]:
        """The versions of the model that the server knows; only the chosen one, if one was chosen. One request.

        Raises:
            NotFoundError: there is none.
            ServingError: the server does not answer.
        """
        return self._versions()

    def wait_until_available(self, seconds: float = 0.0) -> None:
        """Returns once the model answers. Waits for a server that is not up yet and for a model that is loading.

        Args:
            seconds: how long to wait; 0 looks once.

        Raises:
            UnavailableError: the time is over.
            ServingError: at once, if waiting would not help.
        """
        deadline, logged = time.monotonic() + seconds, False
        while True:
            try:
                return self._require_available(max(deadline - time.monotonic(), _POLL_SECONDS) if seconds else math.inf)
            except UnavailableError as error:
                left = deadline - time.monotonic()
                if left <= _POLL_SECONDS:
                    raise UnavailableError(f"{error} after {seconds:g} s" if seconds else str(error)) from error
                pause, asked = _pause(_POLL_SECONDS, error)
                if asked:
                    _LOG.info("%s; trying again in %.3g s%s", error, min(pause, left), asked)
                elif not logged:
                    _LOG.info("%s; waiting for up to %g s", error, seconds)
                    logged = True
            time.sleep(min(pause, left))

    @property
    def _title(self) -> str:
        return f"model {self.model}" + (f" version {self.version}" if self.version is not None else "")

    def _predict(self, signature: str, inputs: dict[str, list], label: int | None, count: int) -> list[bytes]:
        """The `count` PNG files that a signature gives."""
        if label is not None and label < 0:
            raise ArgumentError("label", label, "classes are counted from 0")
        if label is not None and not self.conditional:
            raise ArgumentError("label", label, f"{self._title} has no classes")
        if self.conditional:
            rows = len(next(iter(inputs.values())))
            inputs = {**inputs, "label": [_OWN_CLASS if label is None else int(label)] * rows}
        answer = self._ask(f"{self._this_version}:predict", {"signature_name": signature, "inputs": inputs})
        try:
            pngs = [base64.b64decode(value["b64"], validate=True) for value in answer["outputs"]]
        except (KeyError, TypeError, ValueError):
            pngs = []
        if refused := [row for row, png in enumerate(pngs) if not png]:
            raise self._refused(inputs, refused)
        if len(pngs) != count or not all(png.startswith(_PNG) for png in pngs):
            raise self._not_ours(f"the answer is not {count} PNG images")
        return pngs

    def _refused(self, inputs: dict[str, list], rows: list[int]) -> RefusedError:
        """For rows that the model answered with an empty string, because others of the same batch were good."""
        first = {name: column[rows[0]] for name, column in inputs.items() if rows[0] < len(column)}
        row = ", ".join(f"{name} {value}" for name, value in first.items())
        return RefusedError(f"{self.address}: the model refused {len(rows)} images, first {row}; is one out of range?")

    def _not_ours(self, what: str) -> ServingError:
        return ServingError(f"{self.address}: {self._title}: {what}; was it exported by dcgan_tf?")

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer to a request to the model, which is repeated after an `UnavailableError`."""
        for attempt in range(self._retries):
            try:
                return self._ask_once(path, body)
            except UnavailableError as error:
                pause, asked = _pause(min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE), error)
                _LOG.info("%s; trying again in %g s%s (%d left)", error, pause, asked, self._retries - attempt)
                time.sleep(pause)
        return self._ask_once(path, body)

    def _ask_once(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            return self._connection.ask(path, body)
        except NotFoundError as error:  # a server says the same of an unknown model and of one that is loading
            self._require_available()
            raise UnavailableError(str(error)) from error

    def _versions(self, within: float = math.inf) -> list[VersionStatus]:
        """The same, `within` seconds."""
        try:
            entries = self._connection.ask(self._all_versions, within=within)["model_version_status"]
            versions = [_version_status(entry) for entry in entries]
        except NotFoundError:
            versions = []
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._connection.unexpected("a status without versions") from None
        chosen = [each for each in versions if self.version in (None, each.version)]
        if not chosen:
            hint = f"it has {_listed(versions)}" if versions else "`model` is the server's MODEL_NAME"
            raise NotFoundError(f"{self.address}: there is no {self._title}; {hint}")
        return chosen

    def _require_available(self, within: float = math.inf) -> None:
        """Raises the error that says why the model does not answer, unless it does. One request, `within` seconds."""
        versions = self._versions(within)
        states = {each.state for each in versions}
        if "AVAILABLE" in states:
            return
        if states & {"START", "LOADING"}:
            raise UnavailableError(f"{self.address}: {self._title} is still loading ({_listed(versions)})")
        reasons = "".join(f"; {each.error}" for each in versions if each.error)
        raise ServingError(f"{self.address}: {self._title} is not available ({_listed(versions)}){reasons}")


def decoded(pngs: Sequence[bytes]) -> np.ndarray:
    """PNG files of one size as uint8 [n, height, width, channels].

    Raises:
        ServingError: a file is damaged.
    """
    try:
        stack = np.stack([np.asarray(Image.open(io.BytesIO(png))) for png in pngs])
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ServingError("the server's answer holds damaged images, or images of several sizes") from error
    return stack[..., None] if stack.ndim == 3 else stack


def _pause(usual: float, error: UnavailableError) -> tuple[float, str]:
    """Seconds until the next request, and, if the server had a word in it, the end of a sentence that says so."""
    if error.retry_after <= usual:
        return usual, ""
    if error.retry_after <= _LONGEST_ASKED:
        return error.retry_after, ", as the server asked"
    return _LONGEST_ASKED, ", though the server asked for more"


def _version_status(entry: dict[str, Any]) -> VersionStatus:
    """From {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}."""
    message = entry.get("status", {}).get("error_message", "")
    return VersionStatus(int(entry["version"]), str(entry["state"]), sentence(str(message)))


def _listed(versions: Sequence[VersionStatus]) -> str:
    return ", ".join(map(str, versions))
