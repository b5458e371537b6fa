"""The client as a command."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.serving import retrying
from tests.conftest import ROOT

NAME = "dcgan_tf.serving.client"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retrying.retried, "__defaults__", (lambda seconds: None,))


@pytest.fixture
def ask(script, stub):
    """`ask("--seeds=1")` runs the command against the stand-in."""

    def run(*arguments, url=stub.url):
        return script(NAME, f"--url={url}", "--model=tiny", *arguments)

    return run


def test_a_grid(ask, tmp_path, session):
    outcome = ask("--seeds=0-8", f"--out={tmp_path}/new/grid.png")
    assert outcome.code == 0 and "9 images of tiny" in outcome.last_line
    picture = np.asarray(Image.open(tmp_path / "new/grid.png"))
    assert picture.ndim == 2 and picture.shape[0] == picture.shape[1] > 900
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["grid.png"]


def test_a_folder(ask, tmp_path, session):
    assert ask("--seeds=0-69,1000000", f"--out={tmp_path}/images/").code == 0
    paths = sorted((tmp_path / "images").iterdir(), key=lambda path: int(path.stem))
    assert [path.name for path in paths] == [*(f"{seed:06}.png" for seed in range(70)), "1000000.png"]
    assert paths[3].read_bytes() == session.run("generate_png", {"seed": np.array([3])})["png_bytes"][0]


def test_walks(ask, tmp_path):
    assert ask("--walk=3,14", "--steps=5", f"--out={tmp_path}/walk.png").code == 0
    width, height = Image.open(tmp_path / "walk.png").size
    assert width > 4 * height
    assert ask("--walk=3,14", "--steps=5", f"--out={tmp_path}/walk.gif").code == 0
    assert Image.open(tmp_path / "walk.gif").n_frames == 5


def test_nothing_is_replaced_unasked(ask, tmp_path):
    (tmp_path / "grid.png").write_text("mine")
    (tmp_path / "000003.png").write_text("mine")
    assert ask("--seeds=1", f"--out={tmp_path}/grid.png").last_line.endswith("name another, or add --overwrite")
    assert "000003.png is there already" in ask("--seeds=1-5", f"--out={tmp_path}/").last_line
    assert ask("--walk=1,2", f"--out={tmp_path}/grid.png").code == 2
    assert (tmp_path / "grid.png").read_text() == (tmp_path / "000003.png").read_text() == "mine"
    assert ask("--seeds=1", f"--out={tmp_path}/grid.png", "--overwrite").code == 0
    assert ask("--seeds=1-5", f"--out={tmp_path}/", "--overwrite").code == 0
    assert (tmp_path / "000003.png").read_bytes() != b"mine" and Image.open(tmp_path / "grid.png").width > 900


@pytest.mark.parametrize(
    "arguments, code, part",
    [
        (["--seeds=a"], 2, "--seeds=a: 'a' is not understood"),
        (["--seeds=0-99999999"], 2, "at most 1,000,000"),
        (["--seeds=0-10000"], 2, "a grid holds at most 10,000"),
        (["--walk=3"], 2, "--walk=3: write two seeds as 3,14"),
        (["--walk="], 2, "--walk"),
        (["--walk=3,4", "--steps=1"], 2, "--steps=1: it must be from 2 to 256"),
        (["--walk=3,4", "--out=x.jpg"], 2, "a .png or a .gif"),
        (["--walk=3,4", "--out=x/"], 2, "a .png or a .gif"),
        (["--out=x.gif"], 2, "--out=x.gif"),
        (["--out=/dev/null/x.png"], 2, "cannot write there"),
        (["--timeout=0"], 2, "--timeout=0"),
        (["--timeout=nan"], 2, "--timeout=nan"),
        (["--retries=-1"], 2, "--retries=-1"),
        (["--wait=-1"], 2, "--wait=-1"),
        (["--version=-3"], 2, "--version=-3"),
        (["--version=9"], 1, "there is no model tiny version 9"),
        (["--model=other"], 1, "there is no model other"),
        (["--model=a/b"], 2, "without / and :"),
        (["--url=localhost:8501"], 2, "it must begin with http://"),
        (["--grpc=localhost:8500"], 2, "by --url=http://localhost:8501 or by --grpc"),
    ],
)
def test_wrong_uses(ask, tmp_path, monkeypatch, arguments, code, part):
    monkeypatch.chdir(tmp_path)
    outcome = ask(*arguments)
    assert outcome.code == code and part in outcome.last_line and "Traceback" not in outcome.err
    assert outcome.last_line.startswith("error: ") and not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["--url=", "--model="])
def test_what_must_be_named(script, missing):
    arguments = [flag for flag in ("--url=http://localhost:8501", "--model=tiny") if not flag.startswith(missing)]
    assert script(NAME, *arguments).code == 2


def test_a_server_that_fails_halfway_leaves_no_grid(ask, stub, tmp_path):
    stub.misbehave.extend(["slow 0", "slow 0", "500"])
    outcome = ask("--seeds=0-99", f"--out={tmp_path}/grid.png")
    assert outcome.code == 1 and "something broke" in outcome.last_line and not list(tmp_path.iterdir())


def test_a_damaged_image(ask, stub, tmp_path):
    from tests.serving import rest_stub

    truncated = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQAAAAA="
    rest_stub._ANSWERS["damaged"] = (200, f'{{"predictions": [{{"b64": "{truncated}"}}]}}')
    stub.misbehave.extend(["slow 0", "damaged"])
    outcome = ask("--seeds=1", f"--out={tmp_path}/grid.png")
    assert outcome.code == 1 and "damaged PNG" in outcome.last_line and not list(tmp_path.iterdir())


def test_waiting(ask, stub, tmp_path):
    stub.state = "LOADING"
    outcome = ask("--wait=0.3", f"--out={tmp_path}/grid.png")
    assert outcome.code == 1 and "still loading" in outcome.last_line and "after 0.3 s" in outcome.last_line


def test_without_tensorflow(stub, tmp_path):
    """The whole command, where TensorFlow and Keras cannot be imported."""
    program = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
from dcgan_tf.cli import client, console
sys.exit(console.execute(client.main, client.FLAGS, sys.argv))
"""
    out = tmp_path / "grid.png"
    arguments = [f"--url={stub.url}", "--model=tiny", "--seeds=0-3", f"--out={out}"]
    line = [sys.executable, "-c", program, *arguments]
    ended = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert out.is_file()


def test_as_a_module_against_the_stand_in_by_hand(folder, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "tests.serving.rest_stub", "--model=tiny", f"--folder={folder}", "--port=0"]
    line.append("--loading=0.5")
    with subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().split("/v1/")[0]
            arguments = [f"--url={url}", "--model=tiny", "--seeds=7", "--wait=60", f"--out={tmp_path}/one.png"]
            line = [sys.executable, "-m", NAME, *arguments]
            ended = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
            assert ended.returncode == 0, ended.stderr
            assert Path(tmp_path, "one.png").is_file()
        finally:
            server.terminate()
