"""A generator to files: written aside, proved, and only then put where users look."""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.export.description import Description
from dcgan_tf.export.formats import FORMATS, Artefact
from dcgan_tf.export.verification import Finding, Verifier
from dcgan_tf.models.generator import Generator
from dcgan_tf.progress import Progress
from dcgan_tf.quiet import quiet_stderr

_VERSION = re.compile(r"[1-9][0-9]*")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_STAGING = ".export-"


@dataclass(frozen=True)
class Export:
    """What an export left behind.

    Attributes:
        version: its number, one more than the highest one that was there.
        paths: artefact name to its place relative to the export folder; refused ones are absent.
        findings: of every reader of every artefact.
    """

    version: int
    paths: dict[str, str]
    findings: list[Finding]

    @property
    def refused(self) -> list[Finding]:
        """What did not come close enough, or could not be written or read at all."""
        return [finding for finding in self.findings if finding.problem]


def require_name(name: str) -> None:
    """A name becomes a folder, a file and part of an address.

    Raises:
        ArgumentError: when it cannot.
    """
    if not _NAME.fullmatch(name):
        remedy = "use up to 64 lower-case letters, digits, dots, dashes and underscores (mnist, my-photos)"
        raise ArgumentError("name", name, remedy)


def require_folder(out: Path) -> None:
    """Looks, before anything long begins, whether files can be written to `out`; makes it where it does not exist.

    Raises:
        ArgumentError: when they cannot.
    """
    if out.exists() and not out.is_dir():
        raise ArgumentError("out", out, "this is a file; name a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        raise ArgumentError("out", out, f"cannot write there ({error.strerror})") from error


def export(
    generator: Generator,
    description: Description,
    formats: Sequence[str],
    out: Path,
    papers: Callable[[Path, Export], None],
) -> Export:
    """Writes every artefact of some formats below `out`, each proved by reading it again.

    The files of version v lie in `out/<format>/<name>/<v>`. All of a version appears, or nothing.

    Args:
        generator: loaded weights.
        description: goes into every file.
        formats: keys of `FORMATS`.
        out: the export folder; see `require_folder`.
        papers: writes the files that describe an export (report, card, picture) to a folder; they then replace those
            in `out`.

    Raises:
        ArgumentError: when `out` cannot be written.
        UserError: when another export writes there.
    """
    with _locked(out), _parents(out, formats, description.name) as parents, _staging(out) as workplace:
        findings = _write_and_prove(generator, description, formats, workplace)
        version = _next_version(out, description.name)
        moves, paths = [], {}
        for name in formats:
            kept = _kept(FORMATS[name].artefacts, findings, workplace / name, description.name)
            if kept:
                target = parents[name] / str(version)
                moves.append((workplace / name, target))
                paths |= {each.name: str(each.path(target, description.name).relative_to(out)) for each in kept}
        export = Export(version, paths, findings)
        if moves:
            written = workplace / "papers"
            written.mkdir()
            papers(written, export)
            _move(moves)
            for paper in written.iterdir():
                paper.replace(out / paper.name)
    return export


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Holds the folder for this process; the lock goes with the process, however that ends."""
    folder = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UserError(f"--out={out}: another export is writing there; wait for it, or name another folder") from None
    finally:
        os.close(folder)


@contextlib.contextmanager
def _parents(out: Path, formats: Sequence[str], name: str) -> Iterator[dict[str, Path]]:
    """The folders of versions, made; those that stay empty go again."""
    parents = {each: out / each / name for each in formats}
    try:
        for parent in parents.values():
            try:
                parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ArgumentError("out", out, f"{parent} cannot be made ({error.strerror})") from error
            if parent.stat().st_dev != out.stat().st_dev:
                raise ArgumentError("out", out, f"{parent} lies on another file system; name a folder on that one")
        yield parents
    finally:
        for folder in [*parents.values(), *(parent.parent for parent in parents.values())]:
            with contextlib.suppress(OSError):  # what is not empty stays
                folder.rmdir()


@contextlib.contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A hidden folder in `out`. Those of exports that were killed are removed; the lock says that none is in use."""
    for left in out.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_STAGING, dir=out) as folder:
        yield Path(folder)


def _write_and_prove(
    generator: Generator, description: Description, formats: Sequence[str], workplace: Path
) -> list[Finding]:
    artefacts = [(name, artefact) for name in formats for artefact in FORMATS[name].artefacts]
    findings = []
    with (
        Verifier(generator) as verifier,
        Progress(sum(1 + len(artefact.readers) for _, artefact in artefacts), "stages", "exporting") as progress,
    ):
        for name, artefact in artefacts:
            progress.note(f"writing {artefact.name}")
            path, problem = _write(generator, description, artefact, workplace / name)
            progress.advance()
            if problem:
                findings.append(Finding(artefact.name, "", 0, problem=problem))
                progress.advance(len(artefact.readers))
                continue
            for reader in artefact.readers:
                progress.note(f"reading {artefact.name} again with {reader}")
                findings.append(verifier.find(artefact, reader, path))
                progress.advance()
    return findings


def _write(generator: Generator, description: Description, artefact: Artefact, folder: Path) -> tuple[Path, str]:
    """Where it was written, and why it could not be."""
    if artefact.suffix:
        folder.mkdir(exist_ok=True)
    path = artefact.path(folder, description.name)
    try:
        with quiet_stderr():  # converters are talkative
            artefact.write(generator, description, path)
    except OSError as error:
        raise UserError(f"{folder}: {artefact.name} cannot be written ({error.strerror or error})") from error
    except Exception as error:  # whatever a converter throws costs this format alone
        if shutil.disk_usage(folder.parent).free < 2**20:  # TensorFlow has no error of its own for a full disk
            raise UserError(f"{folder}: {artefact.name} cannot be written (no space left on device)") from error
        first = (str(error).strip().splitlines() or [""])[0]
        return path, f"writing it failed: {type(error).__name__}: {first[:300]}"
    return path, ""


def _next_version(out: Path, name: str) -> int:
    """One more than the highest version of any format, so that files of one number belong together."""
    folders = [folder for format_name in FORMATS for folder in (out / format_name / name).glob("*")]
    return 1 + max((int(folder.name) for folder in folders if _VERSION.fullmatch(folder.name)), default=0)


def _kept(artefacts: Sequence[Artefact], findings: Sequence[Finding], folder: Path, name: str) -> list[Artefact]:
    """Those that nothing speaks against; the files of the others are removed."""
    refused = {finding.artefact for finding in findings if finding.problem}
    for artefact in artefacts:
        if artefact.name in refused and artefact.suffix:
            artefact.path(folder, name).unlink(missing_ok=True)
    return [artefact for artefact in artefacts if artefact.name not in refused]


def _move(moves: Sequence[tuple[Path, Path]]) -> None:
    """Puts folders in their places, all or none."""
    done = []
    try:
        for source, target in moves:
            source.rename(target)
            done.append((source, target))
    except BaseException as error:
        for source, target in done:
            target.rename(source)
        if isinstance(error, OSError):
            taken = error.errno in (errno.EEXIST, errno.ENOTEMPTY)
            reason = "somebody has just put something there" if taken else error.strerror
            raise UserError(f"{moves[len(done)][1]}: cannot be written ({reason})") from error
        raise
