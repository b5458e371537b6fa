"""What users write on the command line for points, groups of examples and boxes."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dcgan_tf import files, seeds
from dcgan_tf.cli.explore.run import ExploredRun, blamed, library
from dcgan_tf.errors import ArgumentError, MissingPathError

if TYPE_CHECKING:
    from dcgan_tf.explore import Box, Points

POINTS = "3,14,15 or 0-8, 3@CLASS for a class of a conditional run, or an .npz written by project"
GROUP = f"{POINTS}; or class:NAME, the generated images that a classifier is most certain about"
BOXES = (
    "a JSON file, or where something responds in generated images: class:NAME (evidence for a class), "
    "discriminator:LAYER/MAP (a map of the discriminator, discriminator:down2/17) or generator:LAYER/MAP (a map of the "
    "generator, generator:up1/3)"
)
KINDS, OLD_KINDS = ("class", "discriminator", "generator"), {"feature": "discriminator", "map": "generator"}  # of boxes
CLASS_PREFIX = "class:"
MOST_POINTS, MOST_EXAMPLES = 100, 16  # in a figure


def points(run: ExploredRun, flag: str, text: str, label: int | None = None) -> "Points":
    """The points of a flag's text in the form of POINTS; `label` is the class of seeds that name none."""
    parsed = [_parsed(flag, part.strip()) for part in text.split(",")]
    _check_count(flag, text, sum(len(part[0]) for part in parsed if not isinstance(part, Path)))
    explore, found = library(), []
    for part in parsed:
        if isinstance(part, Path):
            with blamed(flag, part):
                found.append(explore.load_points(part, run.generator))
        else:
            numbers, name = part
            own = run.class_number(flag, name) if name else label
            found.append(explore.renderer_of(run.generator).points(numbers, own))
    _check_count(flag, text, sum(map(len, found)))
    return explore.Points.joined(found)


def _check_count(flag: str, text: str, count: int) -> None:
    if count > MOST_POINTS:
        raise ArgumentError(flag, text, f"these are {count:,} points; a picture holds at most {MOST_POINTS}")


def _parsed(flag: str, part: str) -> Path | tuple[range, str]:
    """A file, or seeds with the name of their class (empty if none is named)."""
    if part.lower().endswith(".npz"):
        return files.expanded(part)
    numbers, at, name = part.partition("@")
    if not re.fullmatch(r"\s*\d{1,20}\s*(-\s*\d{1,20}\s*)?", numbers, re.ASCII):
        raise ArgumentError(flag, part, f"write points as {POINTS}")
    if at and not name:
        raise ArgumentError(flag, part, "the class after the @ is missing")
    return seeds.parse(numbers, flag), name


def group(run: ExploredRun, flag: str, text: str, count: int) -> "Points":
    """The examples of one concept in the form of GROUP; `count` of them if a class is named."""
    if text.startswith(CLASS_PREFIX):
        label = run.data_class(flag, text.removeprefix(CLASS_PREFIX))
        with blamed(flag, text):
            return library().examples(run.generator, run.classifier, label, count)
    found = points(run, flag, text)
    if len(found) > MOST_EXAMPLES:
        raise ArgumentError(flag, text, f"these are {len(found)} examples; at most {MOST_EXAMPLES} fit the picture")
    return found


def boxes(run: ExploredRun, text: str, samples: int, count: int, share: float) -> "tuple[Box, ...]":
    """The boxes of a text in the form of BOXES: of a file, or `count` in the images of the first `samples` seeds."""
    kind, _, rest = text.partition(":")
    kind = OLD_KINDS.get(kind, kind)
    explore, image_size = library(), run.generator.image_shape[:2]
    if kind not in KINDS:
        if not files.expanded(text).exists():
            raise MissingPathError("boxes", text, f"there is no such file; write {BOXES}")
        return explore.read_boxes(text, image_size, run.config.model.classes)
    # A conditional generator is asked for the class whose evidence is looked for; else every seed has its own.
    label = run.class_number("boxes", rest) if kind == "class" and run.config.model.conditional else None
    pairs = [(seed, label) for seed in range(samples)]
    if kind != "generator":
        run.store  # noqa: B018  (what is wrong with the data is no fault of the boxes)
    with blamed("boxes", text):
        responses = _responses(run, kind, rest, explore.renderer_of(run.generator).points(pairs))
    return explore.boxes_around(responses, pairs, image_size, count, share)


def _responses(run: ExploredRun, kind: str, rest: str, points: "Points") -> np.ndarray:
    explore = library()
    if kind == "class":
        label = run.data_class("boxes", rest)
        return explore.class_responses(run.classifier, label, explore.renderer_of(run.generator).images(points))
    layer, _, number = rest.partition("/")
    if not layer or not (number.isdecimal() and number.isascii()):
        raise ArgumentError("boxes", rest, f"write {BOXES}")
    if kind == "generator":
        return explore.generator_responses(run.generator, layer, int(number), points)
    labels = points.classes.argmax(axis=1).astype(np.int32) if run.config.model.conditional else None
    images = explore.renderer_of(run.generator).images(points)
    return explore.discriminator_responses(run.discriminator(), layer, int(number), images, labels)
