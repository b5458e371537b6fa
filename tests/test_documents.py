"""The Python blocks of the README and of docs/python.md run as they stand, with small data and few steps."""

import re
from pathlib import Path

import numpy as np
import pytest

import dcgan_tf as dcgan
from tests.conftest import make_classes

ROOT = Path(__file__).resolve().parent.parent


def blocks(path: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """`train`, `open_run` and `Run.train` on something that is there and that is trained in no time."""
    make_classes(tmp_path / "photos", dict.fromkeys("abcde", 6))
    train, train_on, latest = dcgan.train, dcgan.Run.train, []

    def trained(dataset=None, **settings):
        known = {"mnist": "digits", "~/photos": tmp_path / "photos"}
        settings |= {"preset": "tiny", "steps": 4}
        latest.append(train(known.get(dataset, dataset) if isinstance(dataset, str) else dataset, **settings))
        return latest[-1]

    monkeypatch.setattr(dcgan, "train", trained)
    monkeypatch.setattr(dcgan, "open_run", lambda path: latest[-1])
    monkeypatch.setattr(dcgan.Run, "train", lambda run, steps, **more: train_on(run, run.step + 2, **more))
    monkeypatch.chdir(tmp_path)
    return latest


@pytest.mark.full
@pytest.mark.parametrize("name", ["README.md", "docs/python.md"])
def test_python_blocks_run(small, name):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 16, 16, 1), np.uint8)
    names = {"pixels": pixels, "labels": np.arange(60) % 5}
    for block in blocks(ROOT / name):
        block = block.replace("_10k", "_100").replace('["saved_model", "tflite"]', '["keras"]')
        lines = []
        for line in block.splitlines():  # what is exported is known only once it is
            if "load_exported" in line:
                exec(compile("\n".join(lines), name, "exec"), names)
                exported = next((small[-1].path / "export").rglob("*.keras"))
                line, lines = re.sub(r'"runs/[^"]*"', repr(str(exported)), line), []
            lines.append(line)
        exec(compile("\n".join(lines), name, "exec"), names)
    assert names["images"].dtype == np.uint8 and len(small) > 0
