"""`export.json`: every export into a folder, newest first, for programs; and the picture of its images."""

import json
from datetime import datetime, timezone
from pathlib import Path

from dcgan_tf import images
from dcgan_tf.errors import UserError
from dcgan_tf.export import warmup
from dcgan_tf.export.description import Description
from dcgan_tf.export.exporter import Export
from dcgan_tf.models.generator import Generator

REPORT, SAMPLES = "export.json", "samples.png"
SAMPLE_COUNT = 64


def read(out: Path) -> list[dict]:
    """What was exported before, newest first.

    Raises:
        UserError: when the file is none of ours.
    """
    path = out / REPORT
    if not path.exists():
        return []
    try:
        exports = json.loads(path.read_text(encoding="utf-8"))["exports"]
        [(each["version"], each["files"], each["description"]["name"], each["findings"]) for each in exports]
        return exports
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged, or not written by export.py; move it away ({error})") from error


def entry(export: Export, description: Description, run: str, versions: dict[str, str]) -> dict:
    """What is written down about an export: plain values."""
    return {
        "version": export.version,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "description": description.to_dict(),
        "run": run,
        "versions": versions,
        "warm_up": "saved_model" in export.paths and warmup.available(),
        "files": export.paths,
        "findings": [finding.to_dict() for finding in export.findings],
    }


def write(folder: Path, entries: list[dict]) -> None:
    """Writes `export.json`."""
    text = json.dumps({"exports": entries}, indent=2) + "\n"
    (folder / REPORT).write_text(text, encoding="utf-8")


def write_samples(folder: Path, generator: Generator) -> None:
    """Writes a grid of the images of the first seeds."""
    pixels, columns = generator.samples(SAMPLE_COUNT)
    images.write_png(folder / SAMPLES, images.magnified(images.grid(pixels, columns)))
