"""Servers for the tests of the client and of its command."""

import pytest

from tests.serving.stand_in import DrawnModel, StandIn


@pytest.fixture
def server():
    """A stand-in that a test may spoil."""
    with StandIn(DrawnModel()) as server:
        yield server


@pytest.fixture
def conditional_server():
    """One whose model has three classes."""
    with StandIn(DrawnModel(classes=3)) as server:
        yield server
