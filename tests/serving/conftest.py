"""A served model for the tests: a tiny stand-in, an exported generator, or a real server.

DCGAN_TF_SERVED_FOLDER=runs/00000-mnist_28/export/saved_model/mnist/1    tests that exported generator
DCGAN_TF_SERVED_URL=http://localhost:8501 DCGAN_TF_SERVED_MODEL=mnist    tests a server that serves that folder
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cpp_session import CppSession
from tests.serving.rest_stub import RestStub


@dataclass(frozen=True)
class Served:
    """Where a model is served, and the same model in this process."""

    url: str
    model: str
    version: int
    session: CppSession


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """A SavedModel with the four signatures, in a folder named after its version."""
    given = os.environ.get("DCGAN_TF_SERVED_FOLDER")
    if given:
        return Path(given)
    from tests.serving.tiny_model import save

    path = tmp_path_factory.mktemp("model") / "3"
    save(path)
    return path


@pytest.fixture(scope="session")
def session(folder):
    with CppSession(folder) as session:
        yield session


@pytest.fixture
def stub(folder):
    """A stand-in that a test may spoil."""
    stub = RestStub(folder, "tiny")
    yield stub
    stub.close()


@pytest.fixture(scope="module")
def served(folder, session):
    """A server that does well: the one of the environment, or a stand-in."""
    url = os.environ.get("DCGAN_TF_SERVED_URL")
    if url:
        yield Served(url, os.environ.get("DCGAN_TF_SERVED_MODEL", "mnist"), int(folder.name), session)
        return
    stub = RestStub(folder, "tiny")
    yield Served(stub.url, stub.model, stub.version, session)
    stub.close()
