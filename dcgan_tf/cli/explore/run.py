"""A run to look into: the flags that all views share, and what they open."""

import contextlib
import shlex
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from dcgan_tf import files, quiet, runs
from dcgan_tf.cli import console, out_flag
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError


def view_flags(description: str, name: str, generator: bool = True, data: bool = True) -> Flags:
    """The flags that views share: --weights if it looks at the generator, places of data if it needs the images."""
    flags = Flags(description)
    flags.text("run", None, "run directory to explore")
    flags.text("out", None, out_flag.rule((".png",), f"{name}.png", f"{name}.png"))
    flags.text("checkpoint", None, "which one: latest (default), best (by the scores of the training), or a step")
    if generator:
        words = "moving average or last weights; default: the average if the run has one"
        flags.choice("weights", ("ema", "raw"), words)
    flags.switch("overwrite", False, "replace what is already at --out")
    if data:
        flags.text("data_dir", None, "where TensorFlow Datasets keeps its data; default: as in training")
        flags.text("cache_dir", None, "where prepared images and classifiers are kept; default: as in training")
    return flags


def check_range(flags: Flags, name: str, least: int, most: int) -> None:
    """Raises ArgumentError unless the value of a flag is in a range."""
    if not least <= getattr(flags, name) <= most:
        raise ArgumentError(name, getattr(flags, name), f"it must be from {least} to {most:,}")


@contextlib.contextmanager
def blamed(flag: str, value: object) -> Iterator[None]:
    """Turns the library's ArgumentError into one about a flag that the user has set."""
    try:
        yield
    except ArgumentError as error:
        raise ArgumentError(flag, value, error.remedy) from None


def library() -> ModuleType:
    """The views of `dcgan_tf.explore`; loads TensorFlow, quietly."""
    quiet.load_tensorflow()
    from dcgan_tf import explore

    return explore


class ExploredRun:
    """What a view works with; everything is opened when it is first used.

    Args:
        flags: of the view, parsed.
        picture: the name of what it draws.
        beside: suffix of a file that it writes beside the picture.
    """

    def __init__(self, flags: Flags, picture: str, *beside: str):
        if not flags.run:
            raise ArgumentError("run", "", "name the run directory to explore (--run=runs/00000-mnist_28)")
        self.flags, self.directory = flags, runs.RunDirectory(flags.run)
        self.config, self.recorded = self.directory.read_config()
        self.out = self.new_file("out", picture, *beside)

    def new_file(self, flag: str, name: str, *beside: str) -> Path:
        """The file that a flag means, if it may be written; `name` where it means a folder or nothing."""
        suffixes = (Path(name).suffix,)
        return out_flag.file(getattr(self.flags, flag), name, suffixes, self.flags.overwrite, beside, flag)

    @cached_property
    def generator(self) -> Any:
        """The run's generator."""
        quiet.load_tensorflow()
        from dcgan_tf.models.trained import load_generator

        return load_generator(self.directory, self.flags.checkpoint, self.flags.weights)

    @cached_property
    def checkpoint(self) -> Path:
        """The checkpoint file."""
        quiet.load_tensorflow()
        from dcgan_tf import checkpoints

        return checkpoints.find(self.directory, self.flags.checkpoint)

    def discriminator(self, trained: bool = True) -> Any:
        """The run's discriminator, as it was trained or before training."""
        return library().discriminator_of_run(self.directory, self.store, self.checkpoint if trained else None)

    @cached_property
    def _session(self) -> Any:
        quiet.load_tensorflow()
        from dcgan_tf.evaluation.session import Session

        return Session(self.directory, self.flags.data_dir, self.flags.cache_dir)

    @cached_property
    def store(self) -> Any:
        """The `ImageStore` of the training images."""
        return self._session.trained_on()

    @property
    def labeled(self) -> bool:
        """Whether the training images have labels of at least two classes."""
        return self.store.labels is not None and len(np.unique(self.store.labels)) > 1

    @cached_property
    def classifier(self) -> Any:
        """The package's classifier of the training images, if they are `labeled`."""
        from dcgan_tf.evaluation.features import trained_classifier

        return trained_classifier(self.store, self._session.cache)

    @property
    def origin(self) -> str:
        """What was explored, for the note of a figure."""
        return f"{self.directory.path.absolute().name}, step {self.generator.step:,}, weights: {self.generator.weights}"

    @property
    def same_generator(self) -> str:
        """The flags that name this generator in another command."""
        values = {name: getattr(self.flags, name) for name in ("run", "checkpoint", "weights")}
        return " ".join(f"--{name}={shlex.quote(value)}" for name, value in values.items() if value)

    def class_number(self, flag: str, text: str) -> int:
        """The number of a class of a conditional run."""
        with blamed(flag, text):
            names = self.recorded["data"]["class_names"] if self.config.model.conditional else ()
            return library().class_number(text, names)

    def label(self) -> int | None:
        """The class that --class names."""
        text = getattr(self.flags, "class")
        return None if text is None else self.class_number("class", text)

    def data_class(self, flag: str, text: str) -> int:
        """The number of a class of the training images' labels, also if the networks were not told them."""
        if not self.labeled:
            words = "has no labels of several classes to learn from; name seeds (3,7,9)"
            raise ArgumentError(flag, text, f"{self.store.manifest['source']} {words}")
        with blamed(flag, text):
            return library().class_number(text, self.store.class_names)

    def read_pictures(self, text: str, most: int) -> tuple[np.ndarray, list[str]]:
        """The pictures that --images names: a folder, or files separated by commas; at most so many."""
        model = self.config.model
        paths = text if files.expanded(text).is_dir() else [part.strip() for part in text.split(",")]
        return library().read_pictures(paths, (*model.image_size, model.channels), self.config.data.crop, most)

    def say(self, text: str) -> None:
        """Prints lines."""
        console.logger().info("%s", text)

    def write(self, write: Callable[[Path], Any], path: Path | None = None, flag: str = "out") -> None:
        """Calls a function that writes a file, by default the picture, after making its folder."""
        path = path or self.out
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
        except OSError as error:
            raise out_flag.cannot_write(path, error, flag) from error
        self.say(f"wrote {path}")
