"""Exports a generator: writes the files aside, verifies each, and only then moves them to where users look."""

import logging
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from dcgan_tf import checkpoints, files
from dcgan_tf.errors import ArgumentError, FullDiskError, UserError
from dcgan_tf.evaluation import rows
from dcgan_tf.exporting import export_folder, model_card, report, saved_model
from dcgan_tf.exporting.description import Description
from dcgan_tf.exporting.formats import FORMATS, KERAS_READERS, Artefact, check_license, chosen
from dcgan_tf.exporting.verify import Finding, Verifier
from dcgan_tf.models.generator import Generator
from dcgan_tf.models.trained import load_generator
from dcgan_tf.progress import Progress
from dcgan_tf.quiet import quiet_stderr
from dcgan_tf.runs import RunDirectory

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Export:
    """The result of an export.

    Attributes:
        name: of the model.
        version: one more than the highest one that was there.
        out: the export folder.
        paths: artefact name ("keras", "tflite int8", ...) to its file or folder; refused ones are absent.
        findings: of every reader of every artefact.
        card: the model card; None where everything was refused.
    """

    name: str
    version: int
    out: Path
    paths: dict[str, Path]
    findings: list[Finding]
    card: Path | None

    @property
    def refused(self) -> list[Finding]:
        """Artefacts that could not be written or read, or whose images differ too much; they were not kept."""
        return [finding for finding in self.findings if finding.problem]


def export_run(
    directory: RunDirectory,
    formats: Sequence[str] | None = None,
    out: str | os.PathLike | None = None,
    name: str | None = None,
    checkpoint: int | str | None = None,
    weights: str | None = None,
    license: str | None = None,
) -> Export:
    """Exports the generator of a run, with a model card that tells about the training.

    Args:
        directory: the run directory.
        formats: keys of `FORMATS`; None for all whose packages are installed.
        out: the export folder; None for export/ in the run directory.
        name: of the model; None for the data set's name.
        checkpoint: "latest", "best" or a step; None for the latest.
        weights: "ema" or "raw"; None for the moving average where the run has one.
        license: of the model, for its card: an identifier of the Hugging Face Hub, such as "cc-by-4.0"; None where it
            is not known.

    Raises:
        ArgumentError: an argument cannot work; all are checked before anything long begins.
        UserError: another export writes to the folder, or the disk is full.
    """
    config, recorded = directory.read_config()
    name = name or _name_of(recorded["data"]["source"])
    out = files.expanded(out) if out else directory.export_dir
    path = checkpoints.find(directory, checkpoint)
    formats = _check(formats, name, out, license)
    with tf.device("CPU:0"):  # as the readers; a GPU rounds differently
        generator = load_generator(directory, path, weights)
    log.info("exporting %s, %s weights of step %d", name, generator.weights, generator.step)
    evaluations = [row for row in rows.read(directory) if row["step"] == generator.step and row.get("control") is None]
    facts = {"config": config.to_dict(), "evaluations": evaluations, **recorded}
    return _export(generator, name, formats, out, license, directory.path.resolve().name, facts)


def export_generator(
    generator: Generator,
    name: str,
    out: str | os.PathLike,
    formats: Sequence[str] | None = None,
    license: str | None = None,
) -> Export:
    """Exports a generator of any origin; its model card knows nothing of a training run. See `export_run`.

    Args:
        generator: weights in float32, with a Sequential or functional model.
        name: of the model.
        out: the export folder.
        formats, license: see `export_run`.

    Raises:
        ArgumentError, UserError: see `export_run`.
    """
    out = files.expanded(out)
    return _export(generator, name, _check(formats, name, out, license), out, license, None, None)


def _check(formats: Sequence[str] | None, name: str, out: Path, license: str | None) -> list[str]:
    """Checks the arguments, makes the folder, and returns the formats to write."""
    chosen_formats = chosen(formats)
    if not _NAME.fullmatch(name):
        remedy = "use up to 64 lower-case letters, digits, dots, dashes and underscores (mnist, my-photos)"
        raise ArgumentError("name", name, remedy)
    check_license(license)
    export_folder.check(out)
    report.read(out)
    for missing in FORMATS.keys() - chosen_formats if formats is None else ():
        log.info("without %s; pip install %s adds it", missing, " ".join(FORMATS[missing].packages))
    if "keras" in chosen_formats and len(KERAS_READERS) == 1:
        log.info("the .keras file is read with Keras on TensorFlow alone; pip install jax checks it on JAX, too")
    if "saved_model" in chosen_formats and not saved_model.can_warm_up():
        log.info("without warm-up requests for TF Serving; pip install tensorflow-serving-api adds them")
    return chosen_formats


def _name_of(source: str) -> str:
    """A data set's name as a model's: "lsun/bedroom" to "lsun-bedroom", "Holiday Photos" to "holiday-photos"."""
    return re.sub(r"[^a-z0-9_]+", "-", source.lower())[:60].strip("-_") or "generator"


def _export(
    generator: Generator,
    name: str,
    formats: list[str],
    out: Path,
    license: str | None,
    run: str | None,
    facts: dict[str, Any] | None,
) -> Export:
    description = Description.of(generator, name)
    with (
        export_folder.locked(out),
        export_folder.version_folders(out, formats, name) as parents,
        export_folder.staging(out) as workplace,
    ):
        findings = _write_and_verify(generator, description, formats, workplace)
        refused = {finding.artefact for finding in findings if finding.problem}
        version, moves, places = export_folder.next_version(out, name), [], {}
        for each in formats:
            target = parents[each] / str(version)
            kept = [artefact for artefact in FORMATS[each].artefacts if artefact.name not in refused]
            places |= {artefact.name: artefact.path(target, name).relative_to(out) for artefact in kept}
            moves += [(workplace / each, target)] if kept else []
        if not moves:
            return Export(name, version, out, {}, findings, None)
        documents, card_name = workplace / "documents", model_card.file_name(out, version)
        documents.mkdir()
        newest = report.entry(version, description, license or model_card.UNKNOWN, places, findings, run)
        entries = [newest, *report.read(out)]
        report.write(documents, entries, generator, facts, card_name)
        export_folder.move_all(moves)
        for document in documents.iterdir():
            document.replace(out / document.name)
    paths = {artefact: out / place for artefact, place in places.items()}
    return Export(name, version, out, paths, findings, out / card_name)


def _write_and_verify(
    generator: Generator, description: Description, formats: Sequence[str], workplace: Path
) -> list[Finding]:
    """Writes the artefacts to a folder for each format, and removes the files that are refused."""
    artefacts = [(workplace / name, artefact) for name in formats for artefact in FORMATS[name].artefacts]
    verification = workplace / "verification"
    verification.mkdir()
    verifier, findings = Verifier(generator, verification), []
    with Progress(len(artefacts), "files", "exporting") as progress:
        for place, artefact in artefacts:
            progress.note(artefact.name)
            path, problem = _write(generator, description, artefact, place)
            if problem:
                own = [Finding(artefact.name, "", 0, problem=problem)]
            else:
                read = (verifier.verify(artefact, reader, path) for reader in artefact.readers)
                own = [finding for finding in read if finding]
            if artefact.suffix and any(finding.problem for finding in own):
                path.unlink(missing_ok=True)
            findings += own
            progress.advance()
    return findings


def _write(generator: Generator, description: Description, artefact: Artefact, place: Path) -> tuple[Path, str]:
    """The artefact's path, and the reason if it could not be written."""
    if artefact.suffix:
        place.mkdir(exist_ok=True)
    path = artefact.path(place, description.name)
    try:
        with files.space_explained(place), quiet_stderr():  # converters are talkative
            artefact.write(generator, description, path)
    except FullDiskError:
        raise
    except OSError as error:
        raise UserError(f"{place}: {artefact.name} cannot be written ({error.strerror or error})") from error
    except Exception as error:  # whatever a converter raises costs this format alone
        if shutil.disk_usage(place.parent).free < 2**20:  # TensorFlow has no error of its own for a full disk
            raise files.full_disk(place) from error
        first = (str(error).strip().splitlines() or [""])[0]
        return path, f"writing it failed: {type(error).__name__}: {first[:300]}"
    return path, ""
