"""A command as a process: however early it is told to stop, and in whatever surroundings it starts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

IMPORTS = """import os, signal, sys

class Interrupt:
    '''Ctrl-C while a module is looked for.'''
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from dcgan_tf.cli.process import run
sys.exit(run({arguments}))"""

WORKS = """import os, signal, sys
from dcgan_tf.cli import main, process

def works():
    try:
        os.kill(os.getpid(), {number})
    finally:
        print("what was begun is undone")

main.help_text = works
sys.exit(process.run(["--help"]))"""

WITHIN = """
from dcgan_tf import files
from dcgan_tf.cli import main

def works():
    with files.folder_written_aside(sys.argv[1]):
        import wave

main.help_text = works
sys.exit("""
IMPORTS_WITHIN = IMPORTS.format(module="wave", arguments=["--help"]).replace("\nsys.exit(", WITHIN)


def python(*arguments, **environment) -> subprocess.CompletedProcess:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)


@pytest.mark.parametrize("module", ["dcgan_tf.cli.main", "logging", "absl.flags", "tqdm", "tensorflow"])
def test_ctrl_c_during_an_import_is_one_line(module):
    ended = python("-c", IMPORTS.format(module=module, arguments=["train", "--dry_run"]))
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "stopped\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_undoes_what_was_begun_and_is_one_line(number):
    ended = python("-c", WORKS.format(number=int(number)))
    assert (ended.returncode, ended.stdout) == (128 + number, "what was begun is undone\n")
    assert ended.stderr == "stopped\n"


def test_what_other_code_makes_of_a_signal_is_the_same_line_and_number():
    """As native code does while it is imported."""
    program = WORKS.replace("finally:", "except KeyboardInterrupt:\n        raise ImportError\n    finally:")
    ended = python("-c", program.format(number=int(signal.SIGTERM)))
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGTERM, "stopped\n")


def test_a_signal_during_an_import_undoes_what_was_begun(tmp_path):
    ended = python("-c", IMPORTS_WITHIN, tmp_path / "folder")
    assert (ended.returncode, ended.stderr) == (130, "stopped\n") and list(tmp_path.iterdir()) == []


def test_a_signal_that_is_ignored_stays_so():
    """As under `nohup`."""
    ended = python("-c", "import signal; signal.signal(1, signal.SIG_IGN)\n" + WORKS.format(number=1))
    assert ended.returncode == 0 and not ended.stderr


def catches_hangups(process: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text()
    return bool(int(status.split("SigCgt:")[1].split()[0], 16) & 1 << (signal.SIGHUP - 1))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the signals that a process catches are read there")
@pytest.mark.parametrize("start", [["train.py"], ["-m", "dcgan_tf", "train"]], ids=" ".join)
@pytest.mark.parametrize("seconds", [0, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2, 3, 4, 5, 6, 8])
def test_ctrl_c_at_any_time_of_a_start_leaves_no_traceback(tmp_path, start, seconds):
    arguments = ["--preset=tiny", "--steps=1000000", f"--run={tmp_path}/run"]
    process = subprocess.Popen([sys.executable, *start, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not catches_hangups(process.pid):  # what happens before is the interpreter's start
        time.sleep(0.001)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=120)[1]
    assert process.returncode == 130 and "stopped" in text and "Traceback" not in text


def test_the_backend_of_a_notebook_that_is_not_installed_here_does_no_harm(tmp_path):
    """Keras imports matplotlib, which refuses such a backend."""
    keras = "import matplotlib.pyplot\nclass config:\n    list_physical_devices = list\n"
    (tmp_path / "tensorflow.py").write_text(keras)
    program = "import sys; sys.path.insert(0, sys.argv[1]); from dcgan_tf import quiet; quiet.load_tensorflow()"
    ended = python("-c", program, tmp_path, MPLBACKEND="not_installed_here")
    assert ended.returncode == 0, ended.stderr
    assert python("-c", "import matplotlib", MPLBACKEND="not_installed_here").returncode != 0


@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_help_is_readable_where_letters_are_missing(command):
    ended = python(
        "-m", "dcgan_tf", command, "--help", PYTHONIOENCODING="ascii", LANG="C", COLUMNS="10", HOME="/nowhere"
    )
    assert ended.returncode == 0 and "--run" in ended.stdout and not ended.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(closed):
    command = f"{sys.executable} -m dcgan_tf train --nonsense {closed}"
    ended = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    assert ("there is no such flag" in ended.stderr) == ("2>" not in closed)
