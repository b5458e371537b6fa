"""One export of the tiny run, in every format whose packages are installed."""

import importlib
import json
from pathlib import Path

import pytest

from dcgan_tf import console, runs
from dcgan_tf.training.trained import TrainedGenerator, generator_of

NAME = "digits"


@pytest.fixture(scope="session")
def exported(trained_run, tmp_path_factory) -> Path:
    """The export folder of the tiny run."""
    module, out = importlib.import_module("export"), tmp_path_factory.mktemp("export")
    assert console.execute(module.main, module.FLAGS, ["export.py", f"--run={trained_run}", f"--out={out}"]) == 0
    return out


@pytest.fixture(scope="session")
def report(exported) -> dict:
    """What `export.json` says about it."""
    return json.loads((exported / "export.json").read_text())["exports"][0]


@pytest.fixture(scope="session")
def trained(trained_run) -> TrainedGenerator:
    """The generator that was exported."""
    return generator_of(runs.Run(trained_run))
