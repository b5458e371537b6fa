"""The .keras file: architecture and weights, for Keras on any of its backends."""

import json
import zipfile
from pathlib import Path

from dcgan_tf.exporting.description import KEY, Description
from dcgan_tf.models.generator import Generator
from dcgan_tf.models.portable import portable

MEMBER = f"{KEY}.json"
ARCHITECTURE = "config.json"


def write(generator: Generator, description: Description, path: Path) -> None:
    """Writes the file; the description is one more member of the archive, which Keras ignores.

    Batch norm over several devices (`synchronized`) is for training, and TensorFlow's backend alone knows it.

    Raises:
        ValueError: the generator has layers of the user's own.
    """
    if own := sorted({type(layer).__name__ for layer in generator.model.layers if not _of_keras(layer)}):
        raise ValueError(f"{', '.join(own)}: only a program that defines these layers could read the file")
    whole = path.with_suffix(".whole.keras")
    generator.model.save(whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.infolist():
            content = source.read(member)
            if member.filename == ARCHITECTURE:
                content = json.dumps(portable(json.loads(content), synchronized=False))
            target.writestr(member, content)
        target.writestr(MEMBER, json.dumps(description.to_dict(), indent=2) + "\n")
    whole.unlink()


def _of_keras(layer: object) -> bool:
    return type(layer).__module__.partition(".")[0] == "keras"


def describe(path: Path) -> dict:
    """The description inside a .keras file.

    Raises:
        OSError, KeyError, ValueError, zipfile.BadZipFile: it has none.
    """
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(MEMBER))
