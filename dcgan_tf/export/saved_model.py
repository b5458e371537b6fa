"""The SavedModel, as TF Serving loads it."""

import json
from pathlib import Path

import tensorflow as tf

from dcgan_tf.export import warmup
from dcgan_tf.export.description import KEY, Description
from dcgan_tf.export.signatures import ServedGenerator
from dcgan_tf.models.generator import Generator


def write(generator: Generator, description: Description, folder: Path) -> None:
    """Writes the version folder: graph, variables, the description, and warm-up requests where these can be made."""
    module = ServedGenerator(generator)
    tf.saved_model.save(module, str(folder), signatures=module.signatures())
    extra = folder / "assets.extra"  # TF Serving's place for what belongs to a model and is not part of its graph
    extra.mkdir()
    (extra / f"{KEY}.json").write_text(json.dumps(description.to_dict(), indent=2) + "\n", encoding="utf-8")
    warmup.write(folder, description.name, generator.config.conditional)


def describe(folder: Path) -> dict:
    """The description inside a SavedModel.

    Raises:
        OSError, ValueError: when there is none.
    """
    return json.loads((folder / "assets.extra" / f"{KEY}.json").read_text(encoding="utf-8"))
