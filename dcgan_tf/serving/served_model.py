"""A served generator as a program sees it, whatever protocol carries the requests."""

import abc
import io
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from dcgan_tf.errors import ArgumentError
from dcgan_tf.seeds import check as check_seeds
from dcgan_tf.serving.problems import NotFoundError, PassingError, RefusedError, ServingError, UnknownHostError
from dcgan_tf.serving.retrying import retried

BLOCK = 64  # images per request: 256 are allowed, but a smaller answer comes sooner and costs less when it is lost
LARGEST_WALK = 256
OWN_CLASS = -1  # as a label: the class that a seed has where nobody asks for one
_PNG = b"\x89PNG\r\n\x1a\n"
_WAITING = ("START", "LOADING")


class VersionStatus(NamedTuple):
    """One version of a model on a server."""

    version: int
    state: str  # START, LOADING, AVAILABLE, UNLOADING or END
    error: str  # why it is not available; empty when nothing is wrong


class ServedModel(abc.ABC):
    """Base of the clients. Use one per thread, as a context manager or with `close`.

    Args:
        address: the server, as it is named in messages.
        model: the model's name on the server.
        version: its version; None for the latest.
        retries: how often a request is repeated after an error that may pass.

    Raises:
        ArgumentError: for a name or a version that no model can have.
    """

    def __init__(self, address: str, model: str, version: int | None, retries: int):
        if not re.fullmatch("[^/:]+", model):
            raise ArgumentError("model", model, "name the model as the server does (MODEL_NAME), without / and :")
        if version is not None and not 0 <= version < 2**63:
            raise ArgumentError(
                "version", version, "a version is a whole number, at least 0; leave it out for the latest"
            )
        self.address, self.model, self.version, self._retries = address, model, version, retries
        self._has_classes: bool | None = None  # not known yet

    def __enter__(self) -> "ServedModel":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def images(self, seeds: Sequence[int], label: int | None = None) -> list[bytes]:
        """PNG files of these seeds, in their order.

        Args:
            seeds: as many as wanted.
            label: the class of all of them, where the model has classes; None gives each seed its own.

        Raises:
            ArgumentError: for a seed outside 0 to 2^62, or a class where the model has none.
            ServingError: when the server does not give them.
        """
        return [png for block in self.blocks(seeds, label) for png in block]

    def blocks(self, wanted: Sequence[int], label: int | None = None) -> Iterator[list[bytes]]:
        """The same in lists of up to 64, each asked for when it is needed."""
        check_seeds(wanted)
        for start in range(0, len(wanted), BLOCK):
            whole = [int(seed) for seed in wanted[start : start + BLOCK]]  # JSON does not know NumPy's integers
            pngs = self._asked(partial(self._generate, whole), label)
            yield self._checked(pngs, len(whole))

    def arrays(self, seeds: Sequence[int], label: int | None = None) -> np.ndarray:
        """uint8 [n, height, width, channels] of at least one seed; PNG loses nothing on the way."""
        return decoded(self.images(seeds, label))

    def walk(self, start: int, end: int, steps: int, label: int | None = None) -> list[bytes]:
        """PNG files of `steps` images on the way from seed `start` to seed `end`, both included.

        The class, where the model has classes, is one for all: `label`, or the one of `start`.

        Raises:
            ArgumentError, ServingError: as for `images`; there are from 2 to 256 steps.
        """
        check_seeds([start, end], "walk")
        if not 2 <= steps <= LARGEST_WALK:
            raise ArgumentError("steps", steps, f"it must be from 2 to {LARGEST_WALK}")
        pngs = self._asked(partial(self._interpolate, int(start), int(end), int(steps)), label)
        return self._checked(pngs, steps)

    def wait_until_available(self, seconds: float = 0.0, pause: float = 0.5) -> None:
        """Returns once the model can be asked; waits for a server that is not up and a model that is loading.

        Raises:
            ServingError: at once when waiting would not help, or when the time is over.
        """
        end, said = time.monotonic() + seconds, False
        ask = self._status if seconds else self.status
        while True:
            try:
                waiting_for = self._obstacle(ask())
            except (PassingError, UnknownHostError) as error:
                if isinstance(error, UnknownHostError) and not seconds:
                    raise
                waiting_for = str(error)
            if not waiting_for:
                return
            if time.monotonic() + pause > end:
                waited = f" after {seconds:g} s" if seconds else "; --wait=60 would wait for a minute"
                raise PassingError(waiting_for + waited)
            if not said:
                logging.getLogger("dcgan_tf").info("%s; waiting for up to %g s", waiting_for, seconds)
                said = True
            time.sleep(pause)

    def status(self) -> list[VersionStatus]:
        """The versions that the server knows of this model; only the chosen one, where one was chosen.

        Raises:
            NotFoundError: when there is none.
            ServingError: when the server does not tell.
        """
        return retried(self._status, self._retries)

    @abc.abstractmethod
    def close(self) -> None:
        """Ends the connection."""

    @abc.abstractmethod
    def _versions(self) -> list[VersionStatus]:
        """All versions of the model, whatever version was chosen; empty for an unknown model. One request."""

    @abc.abstractmethod
    def _inputs_of(self, signature: str) -> frozenset[str]:
        """Names of a signature's inputs, one request."""

    @abc.abstractmethod
    def _generate(self, seeds: Sequence[int], label: int | None) -> list[bytes]:
        """The outputs of `generate_png`, one request."""

    @abc.abstractmethod
    def _interpolate(self, start: int, end: int, steps: int, label: int | None) -> list[bytes]:
        """The outputs of `interpolate`, one request."""

    def _asked(self, ask: Callable[[int | None], list[bytes]], label: int | None) -> list[bytes]:
        """The answer to a request for images of a class, where there are classes.

        Whether there are is looked up only when a class is asked for, or the model refuses a request without one.
        """
        if label is not None:
            if not self._conditional():
                raise ArgumentError("class", label, f"{self._title} has no classes (train.py --conditional)")
            return retried(lambda: ask(int(label)), self._retries)
        try:
            return retried(lambda: ask(OWN_CLASS if self._has_classes else None), self._retries)
        except RefusedError:
            if self._has_classes or not self._conditional():
                raise
            return retried(lambda: ask(OWN_CLASS), self._retries)

    def _conditional(self) -> bool:
        if self._has_classes is None:
            self._has_classes = "label" in retried(lambda: self._inputs_of("generate_png"), self._retries)
        return self._has_classes

    @property
    def _title(self) -> str:
        return f"model {self.model}" + (f" version {self.version}" if self.version is not None else "")

    def _status(self) -> list[VersionStatus]:
        """See `status`, without trying again."""
        there = self._versions()
        chosen = [status for status in there if self.version in (None, status.version)]
        if chosen:
            return chosen
        hint = "; it has " + _versions_text(there) if there else "; --model is the server's MODEL_NAME"
        raise NotFoundError(f"{self.address}: there is no {self._title}{hint}")

    def _obstacle(self, versions: Sequence[VersionStatus]) -> str:
        """What keeps the model from answering and will pass; empty when nothing does."""
        if any(version.state == "AVAILABLE" for version in versions):
            return ""
        states = _versions_text(versions)
        if any(version.state in _WAITING for version in versions):
            return f"{self.address}: {self._title} is still loading ({states})"
        reasons = "; ".join(version.error for version in versions if version.error)
        raise ServingError(f"{self.address}: {self._title} is not available ({states}){': ' * bool(reasons)}{reasons}")

    def _not_found(self, message: str) -> ServingError:
        """The error for a prediction that found no model: a server says the same of an unknown and of a loading one."""
        try:
            return PassingError(self._obstacle(self._status()) or f"{self.address}: {message}")
        except ServingError as error:
            return error

    def _checked(self, pngs: list[bytes], count: int) -> list[bytes]:
        if len(pngs) != count or not all(png.startswith(_PNG) for png in pngs):
            raise ServingError(
                f"{self.address}: the answer holds something else than {count} PNG images; "
                "was this model made by export.py?"
            )
        return pngs


def _versions_text(versions: Sequence[VersionStatus]) -> str:
    return ", ".join(f"version {version.version} in state {version.state}" for version in versions)


def decoded(pngs: Sequence[bytes]) -> np.ndarray:
    """PNG files of one size as uint8 [n, height, width, channels].

    Raises:
        ServingError: when one cannot be read.
    """
    try:
        pixels = [np.asarray(Image.open(io.BytesIO(png))) for png in pngs]
        stack = np.stack(pixels)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ServingError("the server's answer holds a damaged PNG image, or images of several sizes") from error
    return stack[..., None] if stack.ndim == 3 else stack
