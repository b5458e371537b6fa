"""`dcgan client`, against a stand-in for the server."""

import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.serving.stand_in import DrawnModel, StandIn


@pytest.fixture
def server():
    with StandIn(DrawnModel()) as server:
        yield server


@pytest.fixture
def ask(script, server):
    """`ask("--seeds=1")` runs the command against the stand-in."""

    def run(*arguments):
        return script("client", f"--url={server.url}", "--model=tiny", "--retries=0", *arguments)

    return run


def test_a_grid(ask, tmp_path):
    outcome = ask("--seeds=0-8", f"--out={tmp_path}/new/grid.png")
    assert outcome.code == 0 and "9 images of tiny" in outcome.last_line
    picture = np.asarray(Image.open(tmp_path / "new/grid.png"))
    assert picture.ndim == 2 and picture.shape[0] == picture.shape[1] > 900
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["grid.png"]


def test_a_folder(ask, server, tmp_path):
    assert ask("--seeds=0-69,1000000", f"--out={tmp_path}/images/").code == 0
    paths = sorted((tmp_path / "images").iterdir(), key=lambda path: int(path.stem))
    assert [path.name for path in paths] == [*(f"{seed:06}.png" for seed in range(70)), "1000000.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(paths[3])), server.model.image(3)[..., 0])


def test_walks(ask, tmp_path):
    assert ask("--walk=3,14", "--steps=5", f"--out={tmp_path}/walk.png").code == 0
    width, height = Image.open(tmp_path / "walk.png").size
    assert width > 4 * height
    for steps in (2, 5, 150):  # all of them, there and back
        assert ask("--walk=3,14", f"--steps={steps}", f"--out={tmp_path}/walk{steps}.gif").code == 0
        assert Image.open(tmp_path / f"walk{steps}.gif").n_frames == 2 * steps - 2
    assert ask("--walk=3,14", "--steps=5", f"--out={tmp_path}").last_line.endswith("walk.gif")


def test_a_class(script, tmp_path):
    model = DrawnModel(classes=3)
    with StandIn(model, "pets") as server:
        arguments = [f"--url={server.url}", "--model=pets", "--seeds=1", "--class=2", f"--out={tmp_path}/"]
        assert script("client", *arguments).code == 0
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "000001.png")), model.image(1, 2)[..., 0])


def test_nothing_is_replaced_unasked(ask, tmp_path):
    (tmp_path / "grid.png").write_text("mine")
    (tmp_path / "000003.png").write_text("mine")
    assert ask("--seeds=1", f"--out={tmp_path}/grid.png").last_line.endswith("name another file, or add --overwrite")
    assert "000003.png is there already" in ask("--seeds=1-5", f"--out={tmp_path}/").last_line
    assert ask("--walk=1,2", f"--out={tmp_path}/grid.png").code == 2
    assert (tmp_path / "grid.png").read_text() == (tmp_path / "000003.png").read_text() == "mine"
    assert ask("--seeds=1", f"--out={tmp_path}/grid.png", "--overwrite").code == 0
    assert ask("--seeds=1-5", f"--out={tmp_path}/", "--overwrite").code == 0
    assert (tmp_path / "000003.png").read_bytes() != b"mine" and Image.open(tmp_path / "grid.png").width > 900


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["--seeds=a"], 2, "--seeds=a: 'a' is not understood"),
        (["--seeds=0-10000"], 2, "a grid holds at most 10,000"),
        (["--walk=3"], 2, "--walk=3: write two seeds as 3,14"),
        (["--walk=3,4", "--steps=1"], 2, "--steps=1: it must be from 2 to 256"),
        (["--walk=3,4", "--out=x.jpg"], 2, "a .png or a .gif"),
        (["--out=x.gif"], 2, "--out=x.gif"),
        (["--out=/dev/null/x.png"], 2, "cannot write there"),
        (["--timeout=nan"], 2, "--timeout=nan"),
        (["--wait=-1"], 2, "--wait=-1"),
        (["--class=-1"], 2, "--class=-1: classes are counted from 0"),
        (["--class=3"], 2, "model tiny has no classes"),
        (["--model=other"], 1, "no model other; --model is the server's MODEL_NAME"),
        (["--url=localhost:8501"], 2, "--url=localhost:8501: it must begin with http://"),
        (["--grpc=localhost:8500"], 2, "there is no such flag"),
    ],
)
def test_wrong_uses(ask, tmp_path, monkeypatch, arguments, code, part):
    monkeypatch.chdir(tmp_path)
    outcome = ask(*arguments)
    assert outcome.code == code and part in outcome.last_line and "Traceback" not in outcome.err
    assert outcome.last_line.startswith("error: ") and not list(tmp_path.iterdir())


@pytest.mark.parametrize("flag", ["--url=http://localhost:8501", "--model=tiny"])
def test_what_must_be_named(script, flag):
    outcome = script("client", flag)
    assert outcome.code == 2 and "it is needed" in outcome.last_line


@pytest.mark.parametrize(("fault", "part"), [("500", "something broke"), ("damaged", "damaged images")])
def test_a_server_that_fails_halfway_leaves_no_grid(ask, server, tmp_path, fault, part):
    server.faults.extend(["", "", "", fault])  # after status, metadata and 64 images
    outcome = ask("--seeds=0-64", f"--out={tmp_path}/grid.png")
    assert outcome.code == 1 and part in outcome.last_line and not list(tmp_path.iterdir())


def test_waiting(ask, server, tmp_path):
    server.state = "LOADING"
    assert ask(f"--out={tmp_path}/grid.png").last_line.endswith("; --wait=60 waits for up to a minute")
    outcome = ask("--wait=0.3", f"--out={tmp_path}/grid.png")
    assert outcome.code == 1 and "still loading" in outcome.last_line and "after 0.3 s" in outcome.last_line


@pytest.mark.parametrize("by_file", [True, False])
def test_a_token_is_sent_and_not_shown(ask, server, tmp_path, monkeypatch, by_file):
    (tmp_path / "token.txt").write_text("abc.DEF-123\n")
    monkeypatch.setenv("DCGAN_TF_TOKEN", "another" if by_file else "abc.DEF-123")
    flags = [f"--token_file={tmp_path}/token.txt"] if by_file else []
    outcome = ask("--header=Host: photos.example.com", "--header=X-Team: a:b", f"--out={tmp_path}/a.png", *flags)
    assert outcome.code == 0 and "abc.DEF" not in outcome.out + outcome.err
    sent = [server.headers[name] for name in ("authorization", "host", "x-team")]
    assert sent == ["Bearer abc.DEF-123", "photos.example.com", "a:b"]


def test_tokens_that_cannot_be_sent(ask, tmp_path, monkeypatch):
    (tmp_path / "token.txt").write_text("abc DEF")
    for name, part in (("token.txt", "--token_file: a token is one word"), ("none.txt", "no token can be read there")):
        outcome = ask(f"--token_file={tmp_path}/{name}")
        assert outcome.code == 2 and part in outcome.last_line and "abc" not in outcome.err
    monkeypatch.setenv("DCGAN_TF_TOKEN", "abc DEF")
    assert "error: DCGAN_TF_TOKEN: a token is one word" in ask().last_line
    assert "--header: write each as 'Name: value'" in ask("--header=abc").last_line
    assert "--header: give each name once" in ask("--header=Host: a", "--header=host: b").last_line


PROJECT = (ROOT / "pyproject.toml").read_text()
REQUIRED = re.findall('"(.+?)"', re.search(r"^client = \[(.*)\]$", PROJECT, re.M)[1])


def test_what_the_client_needs_is_documented_and_part_of_what_all_need():
    everything = re.search(r"^dependencies = \[$(.*?)^\]$", PROJECT, re.M | re.S)[1]
    assert set(REQUIRED) <= set(re.findall('"(.+?)"', everything))
    names = [re.match(r"[\w-]+", each)[0] for each in REQUIRED]
    assert f"pip install {' '.join(names)}\n" in (ROOT / "docs/serving.md").read_text()


def test_with_its_own_requirements_only(server, tmp_path):
    """The class and the command, in a process that imports nothing but Python, this package and what they need."""
    program = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in allowed:
            raise ModuleNotFoundError(f"{name} is not among the requirements of the client", name=name)
sys.meta_path.insert(0, Blocked())
allowed = {"dcgan_tf", *sys.argv.pop(1).split(",")}
from dcgan_tf.serving import Client
assert not {"absl", "tqdm"} & set(sys.modules)
from dcgan_tf.cli.main import main
assert main(["train", "--preset=tiny", "--run=none"]) == 1
sys.exit(main(sys.argv[1:]))
"""
    modules = {"absl-py": "absl", "pillow": "PIL"}  # under the names of their packages
    allowed = [modules.get(name, name) for name in (re.match(r"[\w-]+", each)[0] for each in REQUIRED)]
    allowed += ["certifi", "charset_normalizer", "idna"]  # what requests requires
    arguments = ["client", f"--url={server.url}", "--model=tiny", "--seeds=0-3", f"--out={tmp_path}/grid.png"]
    line = [sys.executable, "-c", program, ",".join(allowed), *arguments]
    ended = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.startswith("error: TensorFlow is not installed, which all but the client needs")
    assert (tmp_path / "grid.png").is_file()
