"""What the tests of training share."""

import pytest

from tests.killing import Forks


@pytest.fixture(scope="module")
def forks():
    """Runs with a stand-in for training, in forks of another process."""
    with Forks() as forks:
        yield forks


@pytest.fixture
def at_step(monkeypatch):
    """`at_step(3, action)` calls `action(state)` when 3 steps are done, and after every later call of the step."""
    from dcgan_tf.training import loop

    make_train_steps = loop.make_train_steps

    def install(step, action):
        def make(state, *arguments):
            train_steps = make_train_steps(state, *arguments)

            def run(batches, count):
                train_steps(batches, count)
                if state.step.numpy() >= step:
                    action(state)

            return run

        monkeypatch.setattr(loop, "make_train_steps", make)

    return install
