"""What every source of images offers to the rest of the package, and what several of them need."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

Picture = np.ndarray | Image.Image  # uint8 [height, width, channels], or a Pillow image, decoded or not


class UnusableImage(Exception):
    """An image that cannot be used. The text is the reason, in a few words; the image is skipped and listed."""


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a source.

    Attributes:
        name: how a person finds the image: a relative path or a number.
        label: index into the source's class names, or None.
        load: returns the picture; raises `UnusableImage`. Safe to call from any thread.
        held: bytes of memory that a picture already in memory occupies until the item is dropped.
    """

    name: str
    label: int | None
    load: Callable[[], Picture]
    held: int = 0


@dataclass(frozen=True)
class SourceInfo:
    """What is known about a source without decoding or downloading it.

    Attributes:
        count: images, or files that may be images; None when only a download tells.
        image_size: the most common (height, width), or None.
        channels: 1 when all images are gray, else 3. Files with transparency count as gray or RGB, because they are
            laid on white unless 4 channels are asked for; arrays may have 4.
        class_names: one name for each label; empty when there are no labels.
        class_counts: images of each class, as far as headers tell; empty when only preparation tells.
        no_classes: why there are no class names, as the end of a sentence, where that is worth telling.
        skipped: how many files cannot be used, by reason, as far as headers tell.
        aspects: how many images have which width / height (two decimals); empty where it is not known.
        notes: what else a person should know before training, a sentence each.
    """

    count: int | None
    image_size: tuple[int, int] | None
    channels: int
    class_names: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    no_classes: str = ""
    skipped: tuple[tuple[str, int], ...] = ()
    aspects: tuple[tuple[float, int], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """The number of classes that have images."""
        return sum(count > 0 for count in self.class_counts) if self.class_counts else len(self.class_names)


class Source(Protocol):
    """A set of images from which an image store can be prepared.

    Attributes:
        name: short and safe as part of a folder's name: "mnist", "photos".
        path: the folder or file, or None for a source without one.
    """

    name: str
    path: Path | None

    def info(self) -> SourceInfo:
        """What is known cheaply. Never downloads."""
        ...

    def identity(self) -> dict[str, Any]:
        """What defines the content, as JSON values: a changed source has a changed identity.

        May download a TensorFlow Datasets data set; raises UserError when it cannot.
        """
        ...

    def items(self) -> Iterator[Item]:
        """The images, always in the same order."""
        ...

    def as_before(self) -> "Source | None":
        """The images as earlier versions took them from the same data; None where that is no different."""
        return None


def safe_name(text: str) -> str:
    """A text without the characters that are awkward in the name of a folder."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._") or "images"


def file_identity(kind: str, path: Path) -> dict[str, Any]:
    """The identity of a single file: path, size and time of modification."""
    status = path.stat()
    return {"kind": kind, "path": str(path.resolve()), "size": status.st_size, "modified": status.st_mtime_ns}
