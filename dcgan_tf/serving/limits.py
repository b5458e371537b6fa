"""Answers within one limit of time and one of size; the time limit of requests itself is one for each read."""

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool

LARGEST_ANSWER = 2**29  # bytes: twice what 64 images of noise, 1024x1024 pixels in color, take as PNG in JSON


class TooLargeError(Exception):
    """An answer is larger than `LARGEST_ANSWER`. No OSError, which urllib3 would take for a broken connection."""


class _LimitedReader(io.RawIOBase):
    """Reads a socket for as long as its time limit says at the start, and so many bytes."""

    def __init__(self, stream: io.RawIOBase, connected: socket.socket):
        self._stream, self._socket, self._left = stream, connected, LARGEST_ANSWER
        self._end = time.monotonic() + (connected.gettimeout() or 0.0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the time for the whole answer is over")
        self._socket.settimeout(seconds)
        count = self._stream.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise TooLargeError
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class _LimitedResponse(HTTPResponse):
    """An answer of http.client, its status line and headers included."""

    def __init__(self, connected: socket.socket, *args: Any, **more: Any):
        super().__init__(connected, *args, **more)
        self.fp = io.BufferedReader(_LimitedReader(self.fp.detach(), connected))


class LimitedAdapter(HTTPAdapter):
    """Lets a session of requests read its answers so. The time begins anew when a request was sent.

    With a `urllib3.Timeout(total=...)`, which subtracts what connecting and sending took, it is one limit for all.
    """

    def get_connection_with_tls_context(self, *args: Any, **more: Any) -> HTTPConnectionPool:
        """A pool of connections, through a proxy or not."""
        pool = super().get_connection_with_tls_context(*args, **more)
        kind = pool.ConnectionCls
        if kind.response_class is not _LimitedResponse:
            pool.ConnectionCls = type(kind.__name__, (kind,), {"response_class": _LimitedResponse})
        return pool
