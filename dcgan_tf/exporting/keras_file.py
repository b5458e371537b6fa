"""The .keras file: architecture and weights, for Keras on any of its backends."""

import json
import zipfile
from pathlib import Path

from dcgan_tf.exporting.description import KEY, Description
from dcgan_tf.models.generator import Generator

MEMBER = f"{KEY}.json"


def write(generator: Generator, description: Description, path: Path) -> None:
    """Writes the file; the description is one more member of the archive, which Keras ignores."""
    generator.model.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(MEMBER, json.dumps(description.to_dict(), indent=2) + "\n")


def describe(path: Path) -> dict:
    """The description inside a .keras file.

    Raises:
        OSError, KeyError, ValueError, zipfile.BadZipFile: it has none.
    """
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(MEMBER))
