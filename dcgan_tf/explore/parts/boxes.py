"""Boxes around an object in generated images (paper, section 6.3.1), and the small JSON file that holds them.

    {"boxes": [{"seed": 17, "left": 4, "top": 2, "right": 12, "bottom": 10}, {"seed": 21, "class": 3, ...}]}

The file may be written by hand, or by `write_boxes` and then corrected by hand.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcgan_tf import files, seeds
from dcgan_tf.errors import ArgumentError
from dcgan_tf.geometry import Size

FORM = '{"boxes": [{"seed": 17, "left": 4, "top": 2, "right": 12, "bottom": 10}, ...]}'
REQUIRED, CLASS = ("seed", "left", "top", "right", "bottom"), "class"


@dataclass(frozen=True)
class Box:
    """A rectangle in one generated image, in pixels; right and bottom are the first column and row outside.

    Attributes:
        seed: of the image.
        left, top, right, bottom: 0 <= left < right, 0 <= top < bottom.
        label: number of the image's class; None for the seed's own, and if there are no classes.
    """

    seed: int
    left: int
    top: int
    right: int
    bottom: int
    label: int | None = None

    def __post_init__(self):
        if self.seed < 0 or not 0 <= self.left < self.right or not 0 <= self.top < self.bottom:
            raise ValueError(f"{self}: a seed from 0, and a rectangle that is not empty")


def read_boxes(path: str | os.PathLike, image_size: Size, classes: int = 0) -> tuple[Box, ...]:
    """The boxes of a file, in its order.

    Args:
        path: the file.
        image_size: (height, width) of the images, in which all boxes must lie.
        classes: of the generator; 0 if it is not conditional, and no box has a class.

    Raises:
        ArgumentError: no such file, not JSON, no boxes, or one of them has a fault.
    """
    try:
        content = json.loads(files.expanded(path).read_text(encoding="utf-8-sig"))  # Windows editors may add a mark
    except OSError as error:
        raise ArgumentError("boxes", path, f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ArgumentError("boxes", path, f"not JSON ({error}); write {FORM}") from error
    entries = content.get("boxes") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ArgumentError("boxes", path, f'there is no list "boxes" in it, or it is empty; write {FORM}')
    for number, entry in enumerate(entries, start=1):
        if fault := _fault(entry, image_size, classes):
            raise ArgumentError("boxes", path, f"box {number}: {fault}")
    return tuple(Box(*(entry[key] for key in REQUIRED), label=entry.get(CLASS)) for entry in entries)


def write_boxes(path: str | os.PathLike, boxes: Sequence[Box]) -> None:
    """Writes a file that `read_boxes` takes, complete or not at all; an older one is replaced."""
    entries = [
        {key: getattr(box, key) for key in REQUIRED} | ({} if box.label is None else {CLASS: box.label})
        for box in boxes
    ]
    lines = ",\n".join(f"  {json.dumps(entry)}" for entry in entries)  # a line for each box, to be edited by hand
    with files.written_aside(path) as temporary:
        temporary.write_text(f'{{"boxes": [\n{lines}\n]}}\n', encoding="utf-8")


def covered(box: Box, image_size: Size, grid: Size) -> np.ndarray:
    """Which positions of a layer's maps lie in a box: bool [grid height, grid width].

    A position stands for an equal part of the image. Along each axis it lies inside if its center does (left <= center
    < right). If the box is too small to hold a center, the one position that holds the center of the box lies inside.
    """
    rows = _between(box.top, box.bottom, image_size[0], grid[0])
    columns = _between(box.left, box.right, image_size[1], grid[1])
    return rows[:, np.newaxis] & columns


def _between(start: int, end: int, size: int, cells: int) -> np.ndarray:
    """bool [cells], along one axis, in whole numbers: the center of cell k is at (2 k + 1) size / (2 cells)."""
    centers = (2 * np.arange(cells) + 1) * size
    inside = (2 * cells * start <= centers) & (centers < 2 * cells * end)
    if not inside.any():
        inside[(start + end) * cells // (2 * size)] = True
    return inside


def _fault(entry: Any, image_size: Size, classes: int) -> str:
    """What is wrong with an entry of the list, in words; empty for a valid box."""
    if not isinstance(entry, dict):
        return f"{json.dumps(entry)[:40]} is not an object like the one in {FORM}"
    missing = [key for key in REQUIRED if key not in entry]
    unknown = sorted(set(entry) - {*REQUIRED, CLASS})
    if missing or unknown:
        fault = f"{unknown[0]!r} is unknown" if unknown else f"it has no {', '.join(missing)}"
        return f"{fault}; it must have {', '.join(REQUIRED)}"
    for key, value in entry.items():
        if type(value) is not int:  # True is an int as well
            return f"{key}={json.dumps(value)[:40]} must be a whole number"
    if not 0 <= entry["seed"] <= seeds.LARGEST:
        return f"seed={entry['seed']}: a seed is from 0 to 2^62"
    if CLASS in entry and not 0 <= entry[CLASS] < classes:
        there = f"the classes are from 0 to {classes - 1}" if classes else "this generator has no classes"
        return f"class={entry[CLASS]}: {there}"
    height, width = image_size
    for low, high, extent, word in (("left", "right", width, "wide"), ("top", "bottom", height, "high")):
        for key in (low, high):
            if not 0 <= entry[key] <= extent:
                return f"{key}={entry[key]} lies outside the image, which is {extent} pixels {word}"
        if entry[low] >= entry[high]:
            return f"it is empty: {low}={entry[low]} must be smaller than {high}={entry[high]}"
    return ""
