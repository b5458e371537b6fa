"""How workers meet before TensorFlow starts: in threads, and without TensorFlow."""

import contextlib
import json
import logging
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from dcgan_tf.errors import UserError
from dcgan_tf.training import rendezvous
from dcgan_tf.training.cluster import Cluster
from tests import processes

SHARED = {"tensorflow": "tensorflow 2.21.0", "d_steps": "`d_steps=1`", "base_filters": "`base_filters=4`"}
LONG = 60.0


class Party:
    """Workers of one cluster on this machine, each in a thread."""

    def __init__(self, count, pool):
        self.hosts, self._pool = tuple(f"127.0.0.1:{port}" for port in processes.free_ports(count)), pool

    def comes(self, index, timeout=LONG, hosts=None, **changed) -> Future:
        return self._pool.submit(rendezvous.meet, Cluster(hosts or self.hosts, index), SHARED | changed, timeout)

    def speaks(self, said: bytes, to=0) -> socket.socket:
        """A connection of somebody who says this as soon as a worker listens."""
        while True:
            with contextlib.suppress(OSError):
                stranger = rendezvous._connection(Cluster(self.hosts, to).address(to), LONG)
                stranger.sendall(said)
                return stranger
            time.sleep(0.02)

    def joins(self, index) -> socket.socket:
        """A worker that introduces itself and waits; it returns once the first worker has taken it in."""
        hello = {"index": index, "shared": {"workers": f"{len(self.hosts)} workers", **SHARED}}
        worker = self.speaks(json.dumps(hello).encode() + b"\n")
        assert b"missing" in worker.recv(1000)
        return worker


@pytest.fixture
def party(monkeypatch):
    monkeypatch.setattr(rendezvous, "_PULSE", 0.1)
    with ThreadPoolExecutor(8) as pool:
        yield lambda count: Party(count, pool)


def refusal(future: Future) -> str:
    with pytest.raises(UserError) as caught:
        future.result(LONG)
    return str(caught.value)


def test_workers_that_agree_go_in_any_order(party):
    three = party(3)
    for coming in [three.comes(2), three.comes(0), three.comes(1)]:
        assert coming.result(LONG) is None


def test_afterwards_the_ports_are_free_for_tensorflow(party):
    two = party(2)
    for coming in [two.comes(0), two.comes(1)]:
        coming.result(LONG)
    for host in two.hosts:
        with socket.create_server(("", int(host.split(":")[1]))):
            pass


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"d_steps": "`d_steps=2`"}, ("has `d_steps=2`, the first worker `d_steps=1`;", "same settings")),
        ({"tensorflow": "tensorflow 2.20.0"}, ("tensorflow 2.20.0, the first worker tensorflow 2.21.0",)),
        ({"d_steps": "`d_steps=2`", "base_filters": "`base_filters=8`"}, ("`d_steps=2`, `base_filters=8`, the first",)),
        ({"news": "`news=1`"}, ("has `news=1`, the first worker no news",)),
        ({f"s{number}": "x" for number in range(9)}, ("x, x, x, x and 5 more, the first",)),
        ({"d_steps": "two\nlines"}, ("has two lines, the first",)),
    ],
)
def test_a_difference_is_named_on_every_worker(party, changed, told):
    three = party(3)
    comings = [three.comes(0), three.comes(2)]
    texts = {refusal(coming) for coming in [three.comes(1, **changed), *comings]}
    assert len(texts) == 1
    (text,) = texts
    assert text.startswith(f"worker 1 ({three.hosts[1]}) has ") and all(part in text for part in told)


def test_another_list_of_workers_is_named(party, monkeypatch):
    monkeypatch.setattr(rendezvous, "_GRACE", 0)
    two, three = party(2), party(3)
    first = two.comes(0)
    other = two.comes(2, hosts=(two.hosts[0], *three.hosts[1:]))
    assert "worker 2 has 3 workers, the first worker 2 workers" in refusal(other)
    assert refusal(first) == refusal(other)


def test_the_same_index_twice_is_named_where_it_comes_second(party):
    three = party(3)
    for index in (1, 0):
        first = three.comes(index)
        three.speaks(b"", to=index).close()  # it listens now
        text = refusal(three.comes(index))
        assert f"worker {index} ({three.hosts[index]}) is running already" in text and "`worker_index`" in text
        assert not first.done()
    three.comes(2).result(LONG)


def test_the_same_index_from_a_machine_that_cannot_reach_the_first_one(party, caplog):
    two = party(3)
    first = two.comes(0)
    with two.joins(1):
        hosts = (two.hosts[0], f"127.0.0.1:{processes.free_ports(1)[0]}", two.hosts[2])
        assert "has come already" in refusal(two.comes(1, hosts=hosts))
        assert "a second process says that it is worker 1" in caplog.text
        assert not first.done()
    for index in (1, 2):
        two.comes(index)
    first.result(LONG)


def test_a_missing_worker_is_named_by_all_that_waited(party):
    three = party(3)
    comings = [three.comes(0, timeout=1), three.comes(1)]
    for coming in comings:
        text = refusal(coming)
        assert "gave up after 1 s of waiting for worker 2 " in text and "`worker_timeout=10`" in text


def test_a_worker_without_the_first_one_gives_up_and_says_why(party):
    two = party(2)
    text = refusal(two.comes(1, timeout=0.5))
    assert f"waiting for worker 0 ({two.hosts[0]}): Connection refused" in text


def test_the_log_says_whom_it_waits_for_and_seldom(party, caplog, monkeypatch):
    monkeypatch.setattr(rendezvous, "_QUIET", 0)
    two = party(2)
    with caplog.at_level(logging.INFO):
        refusal(two.comes(0, timeout=0.5))
    assert [record.message for record in caplog.records] == [f"waiting for worker 1 ({two.hosts[1]})"]


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"",
        b"\xff\xfe\n",
        b"[" * 60000 + b"\n",
        b"null\n",
        b'{"index": true, "shared": {}}\n',
        b'{"index": 0, "shared": {}}\n',
        b'{"index": 1, "shared": 3}\n',
        b'{"index": 1, "shared": {"a": "' + b"x" * (1 << 20) + b'"}}\n',
    ],
)
def test_a_stranger_does_no_harm(party, said):
    two = party(2)
    first = two.comes(0)
    with contextlib.suppress(OSError), two.speaks(said):
        pass
    two.comes(1).result(LONG)
    first.result(LONG)


def test_a_silent_stranger_holds_up_nobody(party, monkeypatch):
    monkeypatch.setattr(rendezvous, "_ANSWER", 0.2)
    two = party(2)
    first = two.comes(0)
    with two.speaks(b'{"index": 1'):
        two.comes(1).result(LONG)
        first.result(LONG)


def test_a_worker_that_dies_while_it_waits_may_come_again(party, caplog):
    three = party(3)
    first = three.comes(0)
    three.joins(1).close()
    rest = [three.comes(2)]
    while "has gone" not in caplog.text:
        assert not first.done()
        time.sleep(0.05)
    assert f"worker 1 ({three.hosts[1]}) has gone" in caplog.text
    for coming in [three.comes(1), *rest, first]:
        coming.result(LONG)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (b"\x00\x00\x12\x04\x00", "it does not wait for workers; perhaps it trains already"),  # as TensorFlow's server
        (b'{"missing": [2]}\n', "it has gone"),
        (b'{"missing": 2}\n', "it has gone"),
        (b"7\n", "it does not wait for workers"),
    ],
)
def test_what_answers_in_place_of_the_first_worker_is_said(party, answers, reason):
    two = party(2)

    def answer(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.recv(1 << 16)
                connection.sendall(answers)
                connection.close()

    with socket.create_server(Cluster(two.hosts, 0).address(0)) as listener:
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        assert f"worker 0 ({two.hosts[0]}): {reason}" in refusal(two.comes(1, timeout=0.5))
        listener.shutdown(socket.SHUT_RDWR)


def test_a_port_that_cannot_be_had_is_named(party, monkeypatch):
    def denied(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", denied)
    assert "cannot listen on port 80 of this machine (Permission denied)" in refusal(
        party(2).comes(1, hosts=("127.0.0.1:9", "127.0.0.1:80"))
    )
