"""One export of the tiny run, in every format whose packages are installed."""

import json
from pathlib import Path

import pytest

from dcgan_tf import runs
from dcgan_tf.cli.main import main
from dcgan_tf.models import Generator
from dcgan_tf.models.trained import load_generator

NAME = "digits"


@pytest.fixture(scope="session")
def exported(trained_run, tmp_path_factory) -> Path:
    """The export folder of the tiny run."""
    out = tmp_path_factory.mktemp("export")
    assert main(["export", f"--run={trained_run}", f"--out={out}"]) == 0
    return out


@pytest.fixture(scope="session")
def report(exported) -> dict:
    """What `export.json` says about it."""
    return json.loads((exported / "export.json").read_text())["exports"][0]


@pytest.fixture(scope="session")
def trained(trained_run) -> Generator:
    """The generator that was exported."""
    return load_generator(runs.RunDirectory(trained_run))
