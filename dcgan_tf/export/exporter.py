"""A generator to files: written aside, proved, and only then put where users look."""

import json
import logging
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from dcgan_tf import console, files, images
from dcgan_tf.errors import SettingError, UserError
from dcgan_tf.export.description import Description
from dcgan_tf.export.formats import FORMATS, Artefact
from dcgan_tf.export.verification import Finding, Verifier
from dcgan_tf.generation import InferenceGenerator
from dcgan_tf.progress import Progress

log = logging.getLogger(__name__)

_VERSION = re.compile(r"\d+")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")

REPORT, SAMPLES = "export.json", "samples.png"


@dataclass(frozen=True)
class Export:
    """What an export left behind.

    Attributes:
        version: its number, one more than the highest one that was there.
        paths: artefact name to where it lies; refused ones are absent.
        findings: of every reader of every artefact.
    """

    version: int
    paths: dict[str, Path]
    findings: list[Finding]

    @property
    def refused(self) -> list[Finding]:
        """What did not come close enough, or could not be read at all."""
        return [finding for finding in self.findings if finding.problem]


def require_name(name: str) -> None:
    """A name becomes a folder, a file and part of an address.

    Raises:
        SettingError: when it cannot.
    """
    if not _NAME.fullmatch(name):
        raise SettingError("name", name, "use lower-case letters, digits, dots and dashes (mnist, my-photos)")


def export(generator: InferenceGenerator, description: Description, formats: Sequence[str], out: Path) -> Export:
    """Writes every artefact of some formats below `out`, each proved by reading it again.

    The files of version v lie in `out/<format>/<name>/<v>`.

    Args:
        generator: loaded weights.
        description: goes into every file.
        formats: keys of `FORMATS`.
        out: the export folder; made where it does not exist.

    Raises:
        SettingError: when `out` cannot be written.
        UserError: when another export has taken the same version meanwhile.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        staging = tempfile.TemporaryDirectory(prefix=".export-", dir=out)
    except OSError as error:
        raise SettingError("out", out, f"cannot write there ({error.strerror})") from error
    with staging as folder:
        workplace, version = Path(folder), _next_version(out, description.name)
        findings = _write_and_prove(generator, description, formats, workplace)
        refused = {finding.artefact for finding in findings if finding.problem}
        paths = {}
        for name in formats:
            kept = [artefact for artefact in FORMATS[name].artefacts if artefact.name not in refused]
            for artefact in FORMATS[name].artefacts:
                if artefact.name in refused and artefact.suffix:
                    artefact.path(workplace / name, description.name).unlink(missing_ok=True)
            if kept:
                target = out / name / description.name / str(version)
                _move(workplace / name, target)
                paths |= {artefact.name: artefact.path(target, description.name) for artefact in kept}
    return Export(version, paths, findings)


def _write_and_prove(
    generator: InferenceGenerator, description: Description, formats: Sequence[str], workplace: Path
) -> list[Finding]:
    artefacts = [(name, artefact) for name in formats for artefact in FORMATS[name].artefacts]
    verifier, findings = Verifier(generator, workplace), []
    with Progress(sum(1 + len(artefact.readers) for _, artefact in artefacts), "stages", "exporting") as progress:
        for name, artefact in artefacts:
            progress.note(f"writing {artefact.name}")
            path = _write(generator, description, artefact, workplace / name)
            progress.advance()
            for reader in artefact.readers:
                progress.note(f"reading {artefact.name} again with {reader}")
                findings.append(verifier.find(artefact, reader, path))
                progress.advance()
    return findings


def _write(generator: InferenceGenerator, description: Description, artefact: Artefact, folder: Path) -> Path:
    if artefact.suffix:
        folder.mkdir(exist_ok=True)
    path = artefact.path(folder, description.name)
    try:
        with console.quiet_stderr():  # converters are talkative
            artefact.write(generator, description, path)
    except tf.errors.OpError as error:  # what TensorFlow makes of a full disk
        raise UserError(f"{folder}: {artefact.name} cannot be written ({error.message})") from error
    return path


def _next_version(out: Path, name: str) -> int:
    """One more than the highest version of any format, so that files of one number belong together."""
    folders = [folder for format_name in FORMATS for folder in (out / format_name / name).glob("*")]
    return 1 + max((int(folder.name) for folder in folders if _VERSION.fullmatch(folder.name)), default=0)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        raise UserError(f"{target}: another export has taken this version just now; run the command again") from error


def write_report(out: Path, report: dict) -> None:
    """Writes `export.json`: the newest export under "latest", those before it under "earlier", newest first."""
    path = out / REPORT
    earlier = []
    if path.is_file():
        before = json.loads(path.read_text())
        earlier = [before["latest"], *before["earlier"]]
    with files.written_aside(path) as temporary:
        temporary.write_text(json.dumps({"latest": report, "earlier": earlier}, indent=2) + "\n")


def write_samples(out: Path, pixels: np.ndarray, columns: int) -> None:
    """Writes the picture of the model card: a grid of images uint8 [n, height, width, channels]."""
    images.write_png(out / SAMPLES, images.magnified(images.grid(pixels, columns)))
