"""Signals while training: collected, answered at once, and the second one ends the process whatever it is computing."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dcgan_tf.training.stopping import collected_signals
from tests.processes import ROOT

COMPUTING = """
import hashlib, logging
from dcgan_tf.training.stopping import collected_signals
logging.basicConfig()
with collected_signals():
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # Python runs no handler until it returns, in half an hour
"""
CLOSED = """
import pathlib, signal, sys
from dcgan_tf.cli import console
console.log_to_console()
signal.signal(signal.SIGHUP, signal.SIG_IGN)
console.logger().warning("ready")
sys.stdin.read()
console.logger().warning("SIGHUP: nobody reads this")
pathlib.Path(sys.argv[1]).touch()
"""


@pytest.mark.parametrize(("first", "second"), [("SIGINT", "SIGINT"), ("SIGTERM", "SIGINT")])
def test_the_second_signal_ends_the_process_at_once(first, second):
    with subprocess.Popen(
        [sys.executable, "-c", COMPUTING], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        assert process.stderr.readline().endswith("SIGHUP: finishing the steps under way and writing a checkpoint\n")
        process.send_signal(getattr(signal, first))
        line = f"{first}: finishing the steps under way and writing a checkpoint; repeat it to stop at once, without a"
        assert line in process.stderr.readline()
        process.send_signal(getattr(signal, second))
        assert process.wait(60) == 128 + getattr(signal, second) and process.stderr.read() == ""


def test_what_is_ignored_stays_ignored():
    """As SIGHUP under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with collected_signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
        assert signals == [signal.SIGTERM] and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_closed_terminal_is_no_error(tmp_path: Path):
    """The log line that nobody can read must not keep the checkpoint from being written."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", CLOSED, tmp_path / "reached"], cwd=ROOT, stdin=subprocess.PIPE, stderr=slave,
        start_new_session=True,
    ) as process:  # fmt: skip
        os.close(slave)
        assert os.read(master, 100).startswith(b"ready")
        os.close(master)
        process.stdin.close()
        assert process.wait(60) == 0 and (tmp_path / "reached").exists()
