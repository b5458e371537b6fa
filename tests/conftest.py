"""What the tests share: a quiet TensorFlow, scripts run in process, a small trained run."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dcgan_tf.cli.main import main  # noqa: E402


@dataclass(frozen=True)
class Outcome:
    """How a script ended."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.err.strip().splitlines()[-1]


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory):
    """Prepared stores go to a folder of this test session."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["DCGAN_TF_CACHE_DIR"] = str(folder)
    return folder


@pytest.fixture
def script(capfd):
    """`script("train", "--steps=3")` runs train.py in this process."""

    def run(name: str, *arguments: object) -> Outcome:
        capfd.readouterr()
        code = main([name, *map(str, arguments)])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory) -> Path:
    """A finished run of the tiny preset."""
    path = tmp_path_factory.mktemp("runs") / "tiny"
    assert main(["train", "--preset=tiny", f"--run={path}"]) == 0
    return path


@pytest.fixture(scope="session")
def conditional_run(tmp_path_factory) -> Path:
    """A finished conditional run of the tiny preset, on a folder with the classes cats, dogs and owls."""
    folder = tmp_path_factory.mktemp("classes")
    make_classes(folder / "pets", {"cats": 5, "dogs": 5, "owls": 2})
    arguments = ["--preset=tiny", "--conditional", f"--dataset={folder}/pets", f"--run={folder}/run"]
    assert main(["train", *arguments]) == 0
    return folder / "run"


def make_classes(folder: Path, counts: dict[str, int]) -> None:
    """A sub-folder for each class with so many small grey pictures, each class of another brightness."""
    for index, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.full((16, 16), 10 + 50 * index + number, np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
