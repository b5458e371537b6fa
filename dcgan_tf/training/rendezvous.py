"""Where the workers of a cluster meet before TensorFlow starts on the same ports.

TensorFlow waits for a missing worker without a word, and workers with different settings end in errors that name no
setting. So the first worker listens on its port, the others introduce themselves with what all must agree on, and the
first worker answers all of them: go, or why not. A message is one line of JSON.
"""

import contextlib
import errno
import json
import logging
import math
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dcgan_tf.errors import UserError
from dcgan_tf.training.cluster import Cluster

log = logging.getLogger(__name__)

_LONGEST = 1 << 16  # bytes of a message
_PULSE = 1.0  # seconds between attempts, and between words of the first worker to those that wait with it
_ANSWER = 2.0  # seconds that the other side has to say something, at least
_SILENCE = 10.0  # seconds without a word after which the first worker is taken for lost
_QUIET = 1.0  # seconds before the first word about whom it waits for: usually all start together
_GRACE = 10.0  # seconds that the first worker goes on listening once somebody differs, so that all are told


def meet(workers: Cluster, shared: Mapping[str, str], timeout: float) -> None:
    """Returns in every worker as soon as all of them are there with the same values.

    Args:
        workers: the cluster, and which of its workers this process is.
        shared: what must be equal, by name, in the words that a message says it with: {"d_steps": "`d_steps=2`"}.
        timeout: seconds to wait for the others.

    Raises:
        UserError: a worker has other values, does not come in time, or was started twice.
    """
    shared = {"workers": f"{len(workers.hosts)} workers", **shared}
    patience = _Patience(workers, timeout)
    with _only_of_its_index(workers) as listener:
        if workers.is_chief:
            _gather(workers, shared, listener, patience)
        else:
            _join(workers, shared, patience)


class _Patience:
    """Says whom this worker waits for, more and more seldom, and knows when it has waited long enough."""

    def __init__(self, workers: Cluster, timeout: float):
        self._workers, self._timeout = workers, timeout
        self._deadline = time.monotonic() + timeout
        self._next, self._interval = time.monotonic() + _QUIET, 10.0

    def left(self, missing: Sequence[int], reason: str = "") -> float:
        """The seconds that are left for some workers to come; logs whom it waits for if it is time to.

        Raises:
            UserError: there are none left.
        """
        names = ", ".join(map(self._workers.name, missing)) + (f": {reason}" if reason else "")
        now = time.monotonic()
        if now >= self._deadline:
            raise UserError(
                f"gave up after {self._timeout:g} s of waiting for {names}; start all workers within that time, or "
                f"allow more, as with `worker_timeout={10 * self._timeout:g}`"
            )
        if now >= self._next:
            log.info("waiting for %s", names)
            self._next, self._interval = now + self._interval, min(2 * self._interval, 120)
        return self._deadline - now


@contextlib.contextmanager
def _only_of_its_index(workers: Cluster) -> Iterator[socket.socket]:
    """Listens on this worker's port, on all interfaces as TensorFlow does.

    Its name may lead to another machine, where the same index was started before, and perhaps trains already.
    """
    name, (_, port) = workers.name(workers.index), workers.address(workers.index)
    twice = f"{name} is running already; give every worker its own `worker_index`, or wait until that process has ended"
    with contextlib.suppress(OSError), _connection(workers.address(workers.index), _ANSWER):
        raise UserError(twice)
    both = socket.has_dualstack_ipv6()
    try:
        family = socket.AF_INET6 if both else socket.AF_INET
        listener = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except OSError as error:
        reason = f"{name}: cannot listen on port {port} of this machine ({error.strerror})"
        raise UserError(twice if error.errno == errno.EADDRINUSE else reason) from error
    with listener:
        yield listener


def _gather(workers: Cluster, shared: Mapping[str, str], listener: socket.socket, patience: _Patience) -> None:
    """The first worker's side."""
    joined: dict[int, socket.socket] = {}
    difference, end = "", math.inf
    try:
        while (missing := [i for i in range(1, len(workers.hosts)) if i not in joined]) and time.monotonic() < end:
            listener.settimeout(_PULSE if difference else min(_PULSE, patience.left(missing)))
            _tell(joined.values(), {"missing": missing})
            with contextlib.suppress(OSError):
                found = _greet(listener.accept()[0], workers, shared, joined)
                if found and not difference:
                    difference, end = found, time.monotonic() + _GRACE
            for index in [index for index, connection in joined.items() if _is_gone(connection)]:
                log.warning("%s has gone; start it again", workers.name(index))
                joined.pop(index).close()
        if difference:
            raise UserError(difference)
        _tell(joined.values(), {"go": True})
    except UserError as error:
        _tell(joined.values(), {"no": str(error)})
        raise
    finally:
        for connection in joined.values():
            connection.close()


def _greet(
    newcomer: socket.socket, workers: Cluster, shared: Mapping[str, str], joined: dict[int, socket.socket]
) -> str:
    """Lets a worker join; returns how it differs. Whoever does not speak as a worker does is sent away."""
    with contextlib.ExitStack() as sent_away:
        sent_away.callback(newcomer.close)
        hello = _message(_first_line(newcomer))
        index, theirs = hello.get("index"), hello.get("shared")
        if type(index) is not int or index < 1 or not isinstance(theirs, dict):
            return ""
        name = workers.name(index)
        if index in joined and not _is_gone(joined[index]):
            log.warning("a second process says that it is %s; it was sent away", name)
            _tell([newcomer], {"no": f"{name} has come already; give every worker its own `worker_index`"})
            return ""
        sent_away.pop_all()
        newcomer.setblocking(False)
        joined[index] = newcomer
    names = [key for key in {**shared, **theirs} if theirs.get(key) != shared.get(key)]
    remedy = "give all workers the same settings, data, software and number of devices"
    return f"{name} has {_listed(names, theirs)}, the first worker {_listed(names, shared)}; {remedy}" if names else ""


def _join(workers: Cluster, shared: Mapping[str, str], patience: _Patience) -> None:
    """Every other worker's side."""
    reason = ""
    while True:
        left = patience.left([0], reason)
        try:
            with _connection(workers.address(0), min(_SILENCE, max(_ANSWER, left))) as connection:
                _tell([connection], {"index": workers.index, "shared": shared})
                return _wait_for_go(connection, len(workers.hosts), patience)
        except OSError as error:
            reason = error.strerror or str(error)
        time.sleep(min(_PULSE, left))


def _wait_for_go(connection: socket.socket, count: int, patience: _Patience) -> None:
    lost = "it does not wait for workers; perhaps it trains already"
    with connection.makefile("rb") as stream:
        while answer := _message(stream.readline(_LONGEST)):
            if answer.get("go"):
                return
            if "no" in answer:
                raise UserError(_plain(answer["no"]))
            lost, missing = "it has gone", answer.get("missing")
            if not isinstance(missing, list):
                break
            left = patience.left([index for index in range(count) if index in missing])
            connection.settimeout(min(_SILENCE, max(_ANSWER, left)))
    raise ConnectionError(lost)


def _connection(address: tuple[str, int], timeout: float) -> socket.socket:
    """Connects; raises OSError if nobody listens there."""
    connection = socket.create_connection(address, timeout=timeout)
    if connection.getsockname() == connection.getpeername():  # the system may connect a high port with itself
        connection.close()
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    return connection


def _is_gone(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _first_line(connection: socket.socket) -> bytes:
    """What a newcomer says, up to a line's end, a limit, or a moment's silence: nobody may hold up the others."""
    end, said = time.monotonic() + _ANSWER, b""
    while not said.endswith(b"\n") and len(said) < _LONGEST and (left := end - time.monotonic()) > 0:
        connection.settimeout(left)
        if not (part := connection.recv(_LONGEST)):
            break
        said += part
    return said


def _message(line: bytes) -> dict:
    """A line as a message; empty if it is none."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _tell(listeners: Iterable[socket.socket], message: Mapping[str, object]) -> None:
    for each in listeners:
        with contextlib.suppress(OSError):  # who has gone is noticed by reading
            each.sendall(json.dumps(message).encode() + b"\n")


def _listed(names: Sequence[str], values: Mapping[str, object]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(_plain(values.get(name, f"no {name}"))[:100] for name in names[:4]) + more


def _plain(text: object) -> str:
    """Text from another process, on one line."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))
