"""What every source of images looks like to the rest of the package."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

Picture = np.ndarray | Image.Image  # uint8 [height, width, channels], or a Pillow image that may not be decoded yet


class UnusableImage(Exception):
    """One image that cannot be used. The message is the reason, in a few words; the image is skipped and listed."""


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a source.

    Attributes:
        name: what a person finds the image by: a relative path, or a number.
        label: index into the source's class names, or None.
        load: returns the picture; raises `UnusableImage`. Safe to call from any thread.
        held: bytes of memory that the item keeps busy until it is dropped, where they are already read.
    """

    name: str
    label: int | None
    load: Callable[[], Picture]
    held: int = 0


@dataclass(frozen=True)
class SourceInfo:
    """What is known about a source without decoding or downloading it.

    Attributes:
        count: images, or files that look like images; None when it is not known before a download.
        image_size: the commonest (height, width) among the images, or None.
        channels: what the whole set has: 1 when all images are grey, else 3. Files with transparency count as grey or
            RGB, because they are laid on white unless `--channels=4` asks for more; arrays may have 4.
        class_names: one name per label; empty when there are no labels.
    """

    count: int | None
    image_size: tuple[int, int] | None
    channels: int
    class_names: tuple[str, ...] = field(default=())


class Source(Protocol):
    """A set of images that an image store can be made of.

    Attributes:
        name: short, fit for the name of a directory: "mnist", "photos".
        path: the folder or file, or None for a source that has none.
    """

    name: str
    path: Path | None

    def info(self) -> SourceInfo:
        """What is known cheaply. Never downloads."""
        ...

    def identity(self) -> dict[str, Any]:
        """All that defines the content, as JSON values: a changed source has a changed identity.

        May download a TensorFlow Datasets data set; raises UserError when it cannot.
        """
        ...

    def items(self) -> Iterator[Item]:
        """The images, always in the same order."""
        ...
