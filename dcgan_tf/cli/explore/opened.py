"""A run that is explored: the flags that all commands share, and what they open."""

import shlex
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np

from dcgan_tf import checkpoints, files, runs
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features import Classifier, trained_classifier
from dcgan_tf.evaluation.features.extractor import digest_of_arrays
from dcgan_tf.evaluation.session import Request, Session
from dcgan_tf.explore.rendering import Renderer
from dcgan_tf.models import Generator
from dcgan_tf.models.generator import class_number
from dcgan_tf.models.trained import load_generator


def shared_flags(flags: Flags, name: str, generator: bool = True) -> None:
    """Defines what every command takes.

    Args:
        flags: of the command.
        name: of the command; its picture is called after it.
        generator: whether it looks at the generator, of which there may be two kinds of weights.
    """
    flags.text("run", None, "run directory to explore")
    flags.text("out", f"{name}.png", "the picture")
    flags.text("checkpoint", None, "which one: latest (default), best (by the scores of the training), or a step")
    if generator:
        text = "moving average or last weights; default: the average where the run has one"
        flags.choice("weights", ("ema", "raw"), text)
    flags.switch("overwrite", False, "replace what is already at --out")


def data_flags(flags: Flags) -> None:
    """Defines what a command that needs the run's images takes as well."""
    flags.text("data_dir", None, "where TensorFlow Datasets keeps its data; default: as in training")
    flags.text("cache_dir", None, "where prepared images and classifiers are kept; default: as in training")


class Explored:
    """What a command works with; everything is opened when it is first used.

    Args:
        flags: parsed, those of `shared_flags` among them.

    Raises:
        UserError: no run, or a picture that is there already.
    """

    def __init__(self, flags: Flags):
        if not flags.run:
            raise ArgumentError("run", "", "name the run directory to explore (--run=runs/00000-mnist_28)")
        self.flags, self.run = flags, runs.RunDirectory(flags.run)
        self.config, self.recorded = self.run.read_config()
        self.out = files.expanded(flags.out)
        if self.out.suffix.lower() != ".png":
            raise ArgumentError("out", flags.out, "the picture is a .png")
        self.check_new(self.out)

    def check_new(self, path: Path, setting: str = "out") -> None:
        """Raises ArgumentError where a file is there already and nobody has said that it may be replaced."""
        given = getattr(self.flags, setting)
        if path.is_dir():
            raise ArgumentError(setting, given, f"{path} is a folder; name a file")
        if path.exists() and not self.flags.overwrite:
            raise ArgumentError(setting, given, f"{path} exists; name another, or add --overwrite")

    def beside(self, suffix: str) -> Path:
        """A file with the picture's name and another suffix (".gif"), which must not be there yet."""
        path = self.out.with_suffix(suffix)
        self.check_new(path)
        return path

    @cached_property
    def trained(self) -> Generator:
        """The generator."""
        return load_generator(self.run, self.flags.checkpoint, self.flags.weights)

    @cached_property
    def renderer(self) -> Renderer:
        """The generator at any point."""
        return Renderer(self.trained)

    @property
    def origin(self) -> str:
        """What was explored, for the small print of a picture."""
        return f"{self.run.path.absolute().name}, step {self.trained.step:,}, weights: {self.trained.weights}"

    @cached_property
    def generator_name(self) -> str:
        """A name that changes with the generator's weights.

        Without the statistics of batch norm, which are re-estimated and may be rounded differently on another machine.
        """
        layers = self.trained.model.layers
        return digest_of_arrays(
            {f"{layer.name}/{each.name}": each.numpy() for layer in layers for each in layer.trainable_variables}
        )

    @property
    def same_generator(self) -> str:
        """The flags that name this generator in another command."""
        given = [(name, getattr(self.flags, name)) for name in ("run", "checkpoint", "weights")]
        return " ".join(f"--{name}={shlex.quote(value)}" for name, value in given if value)

    @cached_property
    def session(self) -> Session:
        """The way to the run's images."""
        return Session.opened(self.run, Request(data_dir=self.flags.data_dir, cache_dir=self.flags.cache_dir))

    @cached_property
    def store(self) -> ImageStore:
        """The training images."""
        return self.session.trained_on()

    @cached_property
    def classifier(self) -> Classifier:
        """The package's classifier of the training images, which `labelled` are."""
        return trained_classifier(self.store, self.session.cache)

    @property
    def labelled(self) -> bool:
        """Whether the training images have labels of at least two classes."""
        return self.store.labels is not None and len(np.unique(self.store.labels)) > 1

    @cached_property
    def checkpoint(self) -> Path:
        """The checkpoint file."""
        return checkpoints.find(self.run, self.flags.checkpoint)

    def of_class(self, setting: str, text: str) -> int:
        """The number of a class, given its name or its number, in a conditional run.

        Raises:
            ArgumentError: no such class, or a run without classes.
        """
        if not self.config.model.conditional:
            raise ArgumentError(setting, text, "this generator was trained without classes (train.py --conditional)")
        return _number(setting, text, tuple(self.recorded["data"]["class_names"]))

    def of_data_class(self, setting: str, text: str) -> int:
        """The same for a class of the training images' labels, whether the networks were told them or not."""
        names = self.store.class_names
        if not self.labelled:
            source = self.store.manifest["source"]
            raise ArgumentError(
                setting, text, f"{source} has no labels of several classes to learn from; name seeds (3,7,9)"
            )
        return _number(setting, text, names)

    def write(self, draw: Callable[[Path], None], out: Path | None = None, setting: str = "out") -> None:
        """Calls a function that writes a file, its folder made first; what the disk refuses is one line.

        Args:
            draw: is given the path.
            out: the file; None for the picture.
            setting: the flag that named it.

        Raises:
            ArgumentError: it cannot be written.
        """
        out = out or self.out
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            draw(out)
        except OSError as error:
            given = getattr(self.flags, setting)
            raise ArgumentError(setting, given, f"cannot write {out} ({error.strerror or error})") from error
        console.logger().info("wrote %s", out)


def _number(setting: str, text: str, names: tuple[str, ...]) -> int:
    try:
        return class_number(text, names)
    except ArgumentError as error:
        raise ArgumentError(setting, text, error.remedy) from None
