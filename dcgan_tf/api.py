"""The Python API: train, open a run, generate, evaluate, export. `import dcgan_tf` offers all of it.

run = dcgan_tf.train("digits", steps=500)
images = run.generator().images(seeds=range(64))
"""

import contextlib
import functools
import inspect
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dcgan_tf import evaluation, exporting, images, runs
from dcgan_tf.config import Config
from dcgan_tf.errors import ArgumentError, MissingPathError, did_you_mean
from dcgan_tf.losses import CUSTOM, Loss
from dcgan_tf.models import Generator
from dcgan_tf.models.custom_networks import Custom
from dcgan_tf.models.trained import load_generator
from dcgan_tf.training import health, plan, reporting, start, stopping

Data = str | PathLike | np.ndarray | tuple[np.ndarray, np.ndarray]


class Run:
    """A training run on disk; see `open_run`.

    Attributes:
        directory: paths of everything in the run directory.
    """

    def __init__(self, directory: runs.RunDirectory):
        directory.read_config()
        self.directory = directory

    def __repr__(self) -> str:
        return f"<Run {self.path}: {self.preset}, step {self.step:,} of {self.config.training.steps:,}>"

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.directory.path

    @property
    def config(self) -> Config:
        """All settings."""
        return self.directory.read_config()[0]

    @property
    def preset(self) -> str:
        """The preset that the settings started from."""
        return self.directory.read_config()[1]["preset"]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes of the data set; empty when it has no labels."""
        return tuple(self.directory.read_config()[1]["data"]["class_names"])

    @property
    def step(self) -> int:
        """Generator updates up to the latest checkpoint; 0 before the first one."""
        return max(map(runs.step_of, self.directory.checkpoint_files()), default=0)

    @property
    def history(self) -> list[dict[str, Any]]:
        """One row per report: step, epoch, d_loss, g_loss, d_real, d_fake, d_accuracy, health, seconds, ..."""
        return reporting.read_rows(self.directory)

    @property
    def scores(self) -> list[dict[str, Any]]:
        """One row per evaluation during training: step, the score, diversity, ..."""
        return reporting.read_scores(self.directory)

    @property
    def verdict(self) -> health.Verdict:
        """How training is doing: `.state` in one word, `.sentence` with what to try."""
        return reporting.verdict(self.directory)

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """All rows that `evaluate` has written for this run."""
        return evaluation.rows.read(self.directory)

    def samples(self, step: int | None = None) -> images.Picture:
        """The sample grid of a step, the latest by default.

        Raises:
            MissingPathError: there is none.
        """
        files = {runs.step_of(path): path for path in self.directory.samples_files()}
        chosen = max(files, default=None) if step is None else step
        if chosen not in files:
            known = f"there are {', '.join(map(str, files))}" if files else "there is none yet"
            raise MissingPathError("step", chosen, f"there is no sample grid of this step; {known}")
        return images.Picture.read(files[chosen])

    def reals(self) -> images.Picture:
        """Training images as the networks see them.

        Raises:
            MissingPathError: the picture is gone.
        """
        if not self.directory.reals_file.exists():
            raise MissingPathError("run", self.path, f"{self.directory.reals_file.name} is missing")
        return images.Picture.read(self.directory.reals_file)

    def generator(self, checkpoint: int | str | None = None, weights: str | None = None) -> Generator:
        """The trained generator.

        Args:
            checkpoint: "latest" (default), "best" (by the scores of the training evaluation), or a step.
            weights: "ema" (the moving average; default where the run has one) or "raw" (the last weights).

        Raises:
            ArgumentError: there is no such checkpoint.
        """
        return load_generator(self.directory, checkpoint, weights)

    def train(
        self,
        steps: int | None = None,
        *,
        epochs: float | None = None,
        dataset: Data | None = None,
        loss: Loss | None = None,
        **settings: Any,
    ) -> "Run":
        """Continues where the run stopped, exactly as if it had never stopped.

        Args:
            steps: generator updates in all, not in addition.
            epochs: passes through the data in all, in place of `steps`.
            dataset: where the images are now, or the array again; default: where they were.
            loss: the loss of the user's own that the run was started with.
            **settings: those that do not affect results ("log_every", "devices", ...).

        Raises:
            UserError: a setting that may not change, or other images than before.
        """
        chosen = settings if steps is None else settings | {"steps": steps}
        return _train(dataset, None, self.directory, "runs", epochs, Custom(loss=loss), chosen)


def train(
    dataset: Data | None = None,
    *,
    preset: str | None = None,
    run: str | PathLike | None = None,
    runs_dir: str | PathLike = "runs",
    epochs: float | None = None,
    generator: keras.Model | None = None,
    discriminator: keras.Model | None = None,
    loss: Loss | str | None = None,
    **settings: Any,
) -> Run:
    """Trains a DCGAN, or continues the run in the directory `run`.

    In a notebook a progress bar and the newest sample grid are shown while it trains. To interrupt it is safe: a
    checkpoint is written, and `open_run(...).train()` goes on from there.

    Args:
        dataset: a name ("digits", "mnist", ...), the path of a folder, .zip or .npz of images, an array
            [n, height, width, channels] of uint8 or of floats in [0, 1] or [-1, 1], or a tuple of such an array and
            labels [n]. Default: the preset's.
        preset: a name in `dcgan_tf.presets.PRESETS`; None takes the one that fits the data set.
        run: the run directory; None makes the next numbered one in `runs_dir`.
        runs_dir: where numbered run directories are made.
        epochs: passes through the data to train, in place of `steps`.
        generator: a network of your own: z [n, latent_dim] to images in [-1, 1]; see `models.custom_networks`.
        discriminator: a network of your own: images in [-1, 1] to logits [n, 1].
        loss: a name ("bce", "lsgan") or a `Loss` of your own.
        **settings: any field of `Config` by its name: steps=5000, batch_size=64, conditional=True, ...

    Returns:
        The run, trained for `steps`; or up to where it collapsed, with `stop_on_collapse=True`.

    Raises:
        ArgumentError: an argument that cannot work; the text names it, what was received and what works.
        UserError: the data cannot be read, the disk is full, a loss is not finite, ...
        KeyboardInterrupt: it was interrupted, after a checkpoint.
    """
    if isinstance(loss, str):
        settings, loss = settings | {"loss": loss}, None
        if settings["loss"] == CUSTOM:
            raise ArgumentError("loss", CUSTOM, "pass a `dcgan_tf.Loss` itself")
    directory = None if run is None else runs.RunDirectory(run)
    custom = Custom(generator, discriminator, loss)
    return _train(dataset, preset, directory, str(runs_dir), epochs, custom, settings)


def _train(
    dataset: Data | None, preset: str | None, directory: runs.RunDirectory | None, runs_dir: str,
    epochs: float | None, custom: Custom, settings: dict[str, Any],
) -> Run:  # fmt: skip
    named = isinstance(dataset, (str, PathLike))
    if isinstance(dataset, list):
        raise ArgumentError("dataset", "list", "stack the images: np.stack(images); give (images, labels) as a tuple")
    if named:
        settings = settings | {"dataset": str(dataset)}
    planned = plan.make(settings, preset, directory, epochs, None if named else dataset, custom)
    with _log() as log_to, start.opened(planned, runs_dir, _notebook_display(), log_to) as session:
        try:
            if not session.finished:
                session.trainer.train()
        except stopping.Collapsed:
            pass  # as it was asked to; the verdict of the run tells
        except stopping.Interrupted as stop:
            raise KeyboardInterrupt(
                f"{stop}; dcgan_tf.open_run({str(session.directory.path)!r}).train() goes on"
            ) from None
        return Run(session.directory)


@contextlib.contextmanager
def _log() -> Iterator[Callable[[runs.RunDirectory], None]]:
    """A function that sends the package's log lines to the run's log file too, until the block ends."""
    package, handlers = logging.getLogger("dcgan_tf"), []
    level = package.level
    package.setLevel(logging.INFO)

    def log_to(directory: runs.RunDirectory) -> None:
        handlers.append(runs.LogFile(directory))
        package.addHandler(handlers[0])

    try:
        yield log_to
    finally:
        package.setLevel(level)
        for handler in handlers:
            package.removeHandler(handler)
            handler.close()


def _notebook_display() -> reporting.OnSamples | None:
    """Shows the newest sample grid below the cell that trains; None outside of notebooks."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    @functools.cache
    def handle() -> Any:
        return display("", display_id=True)

    return lambda step, picture: handle().update(images.Picture(picture))


def open_run(run: str | PathLike) -> Run:
    """Opens a run directory, trained or still training.

    Raises:
        MissingPathError: there is no such directory, or it holds no run.
    """
    return Run(runs.RunDirectory(run))


def _directory(run: Run | str | PathLike) -> runs.RunDirectory:
    return run.directory if isinstance(run, Run) else open_run(run).directory


def evaluate(
    run: Run | str | PathLike, metrics: str | Sequence[str] | None = None, **options: Any
) -> list[dict[str, Any]]:
    """Judges a run; the rows also go to its evaluations.jsonl. See `evaluation.evaluate` for all options.

    Args:
        run: a run, or its directory.
        metrics: a name such as "frechet_10k", or several; None takes a sensible set.
        **options: checkpoint="best" or "all", features="classifier", split="test", ...

    Raises:
        ArgumentError: an unknown metric or option, or too few images for a metric.
    """
    known = set(inspect.signature(evaluation.evaluate).parameters) - {"directory", "metrics"}
    for name in options.keys() - known:
        hint = did_you_mean(name, known) or f"choose from {', '.join(sorted(known))}"
        raise ArgumentError(name, options[name], f"there is no such option; {hint}")
    chosen = {} if metrics is None else {"metrics": metrics}
    return evaluation.evaluate(_directory(run), **chosen, **options)


def export(
    run: Run | str | PathLike,
    formats: Sequence[str] | None = None,
    *,
    out: str | PathLike | None = None,
    name: str | None = None,
    checkpoint: int | str | None = None,
    weights: str | None = None,
    license: str | None = None,
) -> "exporting.Export":
    """Writes a trained generator for other programs, each file verified by another process.

    Args:
        run: a run, or its directory.
        formats: "saved_model", "tflite", "keras", "onnx"; None takes all whose packages are installed.
        out: the folder; None takes `export` in the run directory. Nothing in it is overwritten.
        name: what the model is called; None takes the data set's name.
        checkpoint, weights: see `Run.generator`.
        license: of the model, for its card: an identifier of the Hugging Face Hub, such as "cc-by-4.0".

    Raises:
        ArgumentError: an unknown format or name, or a folder that cannot be written.
    """
    return exporting.export_run(_directory(run), formats, out, name, checkpoint, weights, license)


def load_exported(path: str | PathLike) -> "exporting.ExportedGenerator":
    """An exported SavedModel, .keras, .tflite or .onnx file as a generator: `.images(seeds, label)`.

    Raises:
        ArgumentError: there is no such file, or it was not written by `export`.
    """
    return exporting.load(Path(path))
