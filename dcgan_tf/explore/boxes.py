"""Boxes around an object in generated images (paper, section 6.3.1), and the small JSON file in which they are drawn.

    {"boxes": [{"seed": 17, "left": 4, "top": 2, "right": 12, "bottom": 10}, {"seed": 21, "class": 3, ...}]}

The file is written and read; it may be made by hand, or by `responses` and then corrected by hand.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf import files, seeds
from dcgan_tf.errors import ArgumentError
from dcgan_tf.geometry import Size

FORM = '{"boxes": [{"seed": 17, "left": 4, "top": 2, "right": 12, "bottom": 10}, ...]}'
SIDES = ("left", "top", "right", "bottom")
NEEDED, CLASS = ("seed", *SIDES), "class"


@dataclass(frozen=True)
class Box:
    """A rectangle in one generated image, in pixels; right and bottom are the first column and row outside.

    Attributes:
        seed: of the image.
        left, top, right, bottom: 0 <= left < right, 0 <= top < bottom.
        label: class of the image; None for the seed's own (see `Renderer.of_seeds`), and where there are no classes.
    """

    seed: int
    left: int
    top: int
    right: int
    bottom: int
    label: int | None = None

    def __post_init__(self):
        if self.seed < 0 or not 0 <= self.left < self.right or not 0 <= self.top < self.bottom:
            raise ValueError(f"{self}: a seed from 0 on, and a rectangle that is not empty")


def read(path: Path, image_size: Size, classes: int = 0) -> tuple[Box, ...]:
    """The boxes of a file, in its order.

    Args:
        path: the file.
        image_size: height and width of the images, in which all boxes must lie.
        classes: of the generator; 0 where it is not conditional, and no box has a class.

    Raises:
        ArgumentError: no such file, not JSON, no boxes, or one of them is not as it should be.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))  # some editors on Windows begin files with a mark
    except OSError as error:
        raise ArgumentError("boxes", path, f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ArgumentError("boxes", path, f"not JSON ({error}); write {FORM}") from error
    entries = content.get("boxes") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise ArgumentError("boxes", path, f'there is no list "boxes" in it; write {FORM}')
    if not entries:
        raise ArgumentError("boxes", path, f"there are no boxes in it; write {FORM}")
    found = []
    for number, entry in enumerate(entries, start=1):
        if fault := _fault(entry, image_size, classes):
            raise ArgumentError("boxes", path, f"box {number}: {fault}")
        found.append(Box(*(entry[key] for key in NEEDED), label=entry.get(CLASS)))
    return tuple(found)


def write(path: Path, boxes: Sequence[Box]) -> None:
    """Writes a file that `read` takes, complete or not at all; one that is there is replaced."""
    lines = ",\n".join(f"  {json.dumps(_entry(box))}" for box in boxes)  # a line for each box, to be edited by hand
    with files.written_aside(path) as temporary:
        temporary.write_text(f'{{"boxes": [\n{lines}\n]}}\n', encoding="utf-8")


def covered(box: Box, image_size: Size, grid: Size) -> np.ndarray:
    """Which positions of a layer's maps lie in a box: bool [grid height, grid width].

    A position stands for an equal part of the image. Along each axis those lie inside whose centre does (left <= centre
    < right); where the box is too small to hold a centre, the one position that holds the centre of the box.
    """
    rows = _between(box.top, box.bottom, image_size[0], grid[0])
    columns = _between(box.left, box.right, image_size[1], grid[1])
    return rows[:, np.newaxis] & columns


def _between(start: int, end: int, size: int, cells: int) -> np.ndarray:
    """bool [cells], along one axis, in whole numbers: the centre of cell k is at (2 k + 1) size / (2 cells)."""
    centres = (2 * np.arange(cells) + 1) * size
    inside = (2 * cells * start <= centres) & (centres < 2 * cells * end)
    if not inside.any():
        inside[(start + end) * cells // (2 * size)] = True
    return inside


def _entry(box: Box) -> dict[str, int]:
    own = {key: getattr(box, key) for key in NEEDED}
    return own if box.label is None else own | {CLASS: box.label}


def _fault(entry: Any, image_size: Size, classes: int) -> str:
    """What is wrong with an entry of the list, in words; empty where it is a box."""
    if not isinstance(entry, dict):
        return f"{json.dumps(entry)[:40]} is not an object like the one in {FORM}"
    missing = [key for key in NEEDED if key not in entry]
    unknown = sorted(set(entry) - {*NEEDED, CLASS})
    if missing or unknown:
        strange = f"{unknown[0]!r} is unknown; " if unknown else ""
        return f"{strange}it must have {', '.join(NEEDED)}" + (f", and has no {', '.join(missing)}" if missing else "")
    for key, value in entry.items():
        if type(value) is not int:  # True is an int as well
            return f"{key}={json.dumps(value)[:40]} must be a whole number"
    return _outside(entry, image_size) or _fault_of_class(entry, classes)


def _outside(entry: dict[str, int], image_size: Size) -> str:
    if not 0 <= entry["seed"] <= seeds.LARGEST:
        return f"seed={entry['seed']}: a seed is from 0 to 2^62"
    height, width = image_size
    for low, high, extent, word in (("left", "right", width, "wide"), ("top", "bottom", height, "high")):
        for key in (low, high):
            if not 0 <= entry[key] <= extent:
                return f"{key}={entry[key]} lies outside the image, which is {extent} pixels {word}"
        if entry[low] >= entry[high]:
            return f"it is empty: {low}={entry[low]} must be smaller than {high}={entry[high]}"
    return ""


def _fault_of_class(entry: dict[str, int], classes: int) -> str:
    if CLASS not in entry or 0 <= entry[CLASS] < classes:
        return ""
    given = f"class={entry[CLASS]}"
    return f"{given}: the classes are from 0 to {classes - 1}" if classes else f"{given}: this generator has no classes"
