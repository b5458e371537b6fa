"""The run directory: every file name in it, and the interface of all that comes after training."""

import contextlib
import fcntl
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import dcgan_tf
from dcgan_tf import files
from dcgan_tf.config import Config
from dcgan_tf.errors import ArgumentError, FullDiskError, MissingPathError, UserError

_CHECKPOINT = re.compile(r"step-(\d{8,})\.npz")
_SAMPLES = re.compile(r"\d{6,}\.png")
_NUMBERED = re.compile(r"(\d{5})-")

TIMES = ("seconds", "images_per_second", "waiting")
"""Columns of `metrics.jsonl` that depend on the machine; all others are the same each time a run is repeated."""


class RunDirectory:
    """Paths inside one run directory.

    Args:
        path: the directory; it need not exist yet.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = files.expanded(path)
        self._recorded: tuple[Config, dict] | None = None
        self._changed: int | None = None

    @property
    def config_file(self) -> Path:
        """The resolved configuration, preset name, package versions and data report, as JSON."""
        return self.path / "config.json"

    @property
    def log_file(self) -> Path:
        """The log lines of all starts."""
        return self.path / "log.txt"

    @property
    def metrics_file(self) -> Path:
        """One JSON object per reported step."""
        return self.path / "metrics.jsonl"

    @property
    def evaluations_file(self) -> Path:
        """One JSON object per metric and evaluated checkpoint."""
        return self.path / "evaluations.jsonl"

    @property
    def evaluations_picture(self) -> Path:
        """The same over the steps, as a picture."""
        return self.path / "evaluations.png"

    @property
    def scores_file(self) -> Path:
        """One JSON object per evaluation during training."""
        return self.path / "scores.jsonl"

    @property
    def reals_file(self) -> Path:
        """A grid of training images as the networks see them."""
        return self.path / "reals.png"

    @property
    def curves_file(self) -> Path:
        """Losses and scores over the steps, as a picture."""
        return self.path / "curves.png"

    @property
    def animation_file(self) -> Path:
        """All sample grids, as a GIF."""
        return self.path / "training.gif"

    @property
    def tensorboard_dir(self) -> Path:
        """Event files."""
        return self.path / "tensorboard"

    @property
    def checkpoints_dir(self) -> Path:
        """The latest few checkpoints, and the folder of the best one."""
        return self.path / "checkpoints"

    @property
    def export_dir(self) -> Path:
        """The default folder of exports."""
        return self.path / "export"

    @property
    def samples_dir(self) -> Path:
        """Sample grids by step."""
        return self.path / "samples"

    def samples_file(self, step: int) -> Path:
        """The sample grid of a step."""
        return self.samples_dir / f"{step:06}.png"

    def samples_files(self) -> list[Path]:
        """All sample grids, by step."""
        return sorted((path for path in _entries(self.samples_dir) if _SAMPLES.fullmatch(path.name)), key=step_of)

    def checkpoint_file(self, step: int) -> Path:
        """The checkpoint of a step."""
        return self.checkpoints_dir / f"step-{step:08}.npz"

    def checkpoint_files(self) -> list[Path]:
        """All checkpoints, by step."""
        return sorted(
            (path for path in _entries(self.checkpoints_dir) if _CHECKPOINT.fullmatch(path.name)), key=step_of
        )

    @property
    def best_dir(self) -> Path:
        """The checkpoint with the best score, and the score beside it."""
        return self.checkpoints_dir / "best"

    def best_checkpoint_file(self, step: int) -> Path:
        """The best checkpoint, when it is that of this step."""
        return self.best_dir / self.checkpoint_file(step).name

    def best_checkpoint_files(self) -> list[Path]:
        """Best checkpoints by step: one, or two if training ended between two evaluations."""
        return sorted((path for path in _entries(self.best_dir) if _CHECKPOINT.fullmatch(path.name)), key=step_of)

    @property
    def networks_dir(self) -> Path:
        """Networks of the user's own."""
        return self.path / "networks"

    def network_file(self, role: str) -> Path:
        """A network of the user's own, as Keras's JSON: "generator" or "discriminator"."""
        return self.networks_dir / f"{role}.json"

    def exists(self) -> bool:
        """Whether a run was started here."""
        return self.config_file.is_file()

    def check(self) -> None:
        """Checks, before anything long begins, whether a run can be made or continued here.

        Raises:
            ArgumentError: when something else is there, or the place cannot be written.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ArgumentError("run", self.path, "this is a file; name a directory")
        if not self.exists() and any(map(self._is_foreign, _entries(self.path))):
            raise ArgumentError("run", self.path, "the directory is not empty and holds no run; name a new one")
        nearest = next(place for place in (self.path, *self.path.absolute().parents) if place.exists())
        if not nearest.is_dir():
            raise ArgumentError("run", self.path, f"cannot write there ({nearest} is a file)")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise ArgumentError("run", self.path, f"cannot write there (no permission for {nearest})")

    def _is_foreign(self, entry: Path) -> bool:
        """Whether an entry is not one that a run leaves when it is killed before it writes its configuration."""
        if entry in (self.samples_dir, self.checkpoints_dir):
            return any(_entries(entry))
        return entry not in (self.log_file, self.reals_file, self.networks_dir) and not entry.name.startswith(".")

    def create(self) -> None:
        """Makes the directory and its folders.

        Raises:
            ArgumentError: when that cannot be done.
            FullDiskError: there is no space.
        """
        made = [path for path in (self.samples_dir, self.checkpoints_dir, self.path) if not path.exists()]
        try:
            with files.space_explained(self.path):
                self.samples_dir.mkdir(parents=True, exist_ok=True)
                self.checkpoints_dir.mkdir(exist_ok=True)
        except FullDiskError:
            for path in made:
                with contextlib.suppress(OSError):
                    path.rmdir()
            raise
        except OSError as error:
            raise ArgumentError("run", self.path, f"cannot write there ({error.strerror})") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the run for this process; the lock ends with the process, however it ends.

        What an earlier process had not finished writing when it was killed is removed.

        Raises:
            UserError: when another process trains in this directory.
        """
        with files.space_explained(self.path):
            stream = (self.path / ".lock").open("w")
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(f"`run={self.path}`: another process is training in this directory") from None
            self._remove_temporaries()
            yield

    def _remove_temporaries(self) -> None:
        """Those of training alone: evaluations and exports write here too, and may be doing so right now."""
        own = (self.config_file, self.metrics_file, self.scores_file, self.reals_file, self.curves_file,
               self.animation_file)  # fmt: skip
        folders = (self.samples_dir, self.checkpoints_dir, self.best_dir, self.networks_dir)
        for folder in (self.path, *folders):
            for path, name in files.temporaries(folder):
                if folder in folders or folder / name in own:
                    path.unlink()

    def write_config(self, config: Config, extra: dict) -> None:
        """Writes `config.json`: the configuration under "config", `extra` beside it."""
        with files.written_aside(self.config_file) as temporary:
            temporary.write_text(json.dumps({"config": config.to_dict(), **extra}, indent=2) + "\n")
        self._recorded = None

    def read_config(self) -> tuple[Config, dict]:
        """The configuration, and what else `config.json` holds ("preset", "data", "versions").

        The file is read again only if it has changed.

        Raises:
            UserError: when there is no run here, or its configuration cannot be read.
        """
        changed = self.config_file.stat().st_mtime_ns if self.exists() else None
        if self._recorded is None or changed != self._changed:
            self._recorded, self._changed = self._read_config(), changed
        return self._recorded

    def _read_config(self) -> tuple[Config, dict]:
        if self.path.is_file():
            raise MissingPathError("run", self.path, "this is a file; name the run directory that it belongs to")
        if not self.path.is_dir():
            raise MissingPathError("run", self.path, "there is no such directory")
        if not self.exists():
            reason = f"this directory holds no run ({self.config_file.name} is missing)"
            raise MissingPathError("run", self.path, reason)
        try:
            content = json.loads(self.config_file.read_text())
            config, recorded = Config.from_dict(content.pop("config")), content
            recorded["preset"], recorded["data"]["checksum"]  # what every reader counts on
            return config, recorded
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{self.config_file}: not a configuration that this version can read ({error})") from error


class LogFile(logging.FileHandler):
    """Appends log lines, with their time, to the log file of a run.

    Args:
        directory: the run directory; it exists.
        formatter: makes the lines.

    Raises:
        FullDiskError: there is no space for the file.
    """

    def __init__(self, directory: RunDirectory, formatter: type[logging.Formatter] = logging.Formatter):
        with files.space_explained(directory.log_file):
            # A file's name need not be valid UTF-8.
            super().__init__(directory.log_file, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))

    def handleError(self, record: logging.LogRecord) -> None:
        """A disk that is full later costs lines of the log alone; they are on the console."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def versions() -> dict[str, str]:
    """Version by package, of those that decide what the networks compute: kept with every run, score and export."""
    import keras
    import tensorflow

    return {"dcgan_tf": dcgan_tf.__version__, "tensorflow": tensorflow.__version__, "keras": keras.__version__}


def numbered_run(runs_dir: str | os.PathLike, name: str) -> RunDirectory:
    """The next numbered run, `runs/00003-mnist_28` after 00002, made at once so that no other process takes it.

    Raises:
        ArgumentError: when the directory cannot be made.
    """
    root = files.expanded(runs_dir)
    while True:
        numbers = [int(match.group(1)) for entry in _entries(root) if (match := _NUMBERED.match(entry.name))]
        path = root / f"{max(numbers, default=-1) + 1:05}-{name}"
        try:
            with files.space_explained(path):
                path.mkdir(parents=True)
            return RunDirectory(path)
        except FileExistsError:
            if root.exists() and not root.is_dir():
                raise ArgumentError("runs_dir", runs_dir, "this is a file; name a directory") from None
        except OSError as error:
            raise ArgumentError("runs_dir", runs_dir, f"cannot write there ({error.strerror})") from error


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def step_of(path: Path) -> int:
    """The step that a sample grid or a checkpoint file belongs to."""
    return int(re.sub(r"\D", "", path.stem))
