"""The files that describe the exports in a folder: `export.json` for programs, a model card, and a picture."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import tensorflow as tf

from dcgan_tf import images, runs
from dcgan_tf.errors import UserError
from dcgan_tf.exporting import model_card, saved_model
from dcgan_tf.exporting.description import Description
from dcgan_tf.exporting.verify import Finding
from dcgan_tf.models.generator import Generator

REPORT = "export.json"
SAMPLE_COUNT = 64


def read(out: Path) -> list[dict]:
    """The exports so far, newest first.

    Raises:
        UserError: the report cannot be read, or is not one of this package.
    """
    path = out / REPORT
    if not path.exists():
        return []
    try:
        exports = json.loads(path.read_text(encoding="utf-8"))["exports"]
        [(each["version"], each["files"], each["description"]["name"], each["findings"]) for each in exports]
        return exports
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged, or not the report of an export; move it away ({error})") from error


def entry(
    version: int,
    description: Description,
    license: str,
    files: dict[str, Path],
    findings: Sequence[Finding],
    run: str | None,
) -> dict[str, Any]:
    """One export, as `export.json` keeps it; `files` and `findings` by artefact, refused ones only in `findings`."""
    return {
        "version": version,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "description": description.to_dict(),
        "license": license,
        "run": run,
        "versions": runs.versions(),
        "warm_up": "saved_model" in files and saved_model.can_warm_up(),
        "files": {name: str(place) for name, place in files.items()},
        "findings": [asdict(finding) for finding in findings],
    }


def write(folder: Path, entries: list[dict], generator: Generator, facts: dict | None, card_name: str) -> None:
    """Writes all three files to `folder`, the newest export first in `entries`; see `model_card.write` for `facts`."""
    text = json.dumps({"exports": entries}, indent=2) + "\n"
    (folder / REPORT).write_text(text, encoding="utf-8")
    with tf.device("CPU:0"):  # as in verification
        pixels, columns = generator.samples(SAMPLE_COUNT)
    images.write_png(folder / model_card.SAMPLES, images.magnified(images.grid(pixels, columns)))
    model_card.write(folder / card_name, entries, facts)
