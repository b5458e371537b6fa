"""What the tests of exports share: small generators of any kind, and exports that are not verified."""

import dataclasses

import pytest

from dcgan_tf import presets
from dcgan_tf.exporting.formats import FORMATS
from dcgan_tf.models import Generator


@pytest.fixture(scope="session")
def make_generator():
    """`make_generator(channels=3)` is the tiny preset's generator with other settings; its images have contrast."""

    def make(class_names: tuple[str, ...] = (), **settings) -> Generator:
        config = dataclasses.replace(presets.PRESETS["tiny"].model, **settings)
        generator = Generator(config, class_names)
        generator.model.set_weights([5 * value for value in generator.model.get_weights()])
        return generator

    return make


@pytest.fixture
def unverified(monkeypatch):
    """Exports without readers: for tests of everything but verification, which takes seconds for each file."""
    for name, entry in FORMATS.items():
        artefacts = tuple(dataclasses.replace(artefact, readers=()) for artefact in entry.artefacts)
        monkeypatch.setitem(FORMATS, name, dataclasses.replace(entry, artefacts=artefacts))
