"""Boxes on generated images: from a file, or automatically from where something responds."""

import numpy as np

from dcgan_tf import files
from dcgan_tf.cli.explore import critics
from dcgan_tf.cli.explore.opened import Explored
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import boxes, responses
from dcgan_tf.explore.boxes import Box
from dcgan_tf.explore.points import Points

FORMS = (
    "a JSON file, or where something responds in generated images: class:NAME (evidence for a class), "
    "feature:LAYER/NUMBER (a feature of the discriminator, feature:down2/17), map:LAYER/NUMBER (a map of the "
    "generator, map:up1/3)"
)


def found(explored: Explored, text: str, samples: int, count: int, share: float) -> tuple[Box, ...]:
    """The boxes that a text asks for.

    Args:
        explored: the run.
        text: see FORMS.
        samples: generated images to look at, where boxes are made automatically: those of the first seeds.
        count: of boxes, automatically.
        share: of an image's largest response that still belongs to its box.

    Raises:
        UserError: another form, a file with a fault, no such class, layer, feature or map, or nothing responds.
    """
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        return _of_file(explored, text)
    seeds = range(samples)
    labels = _labels(explored, kind, rest, samples)
    points = explored.renderer.of_seeds(seeds, labels)
    try:
        found = KINDS[kind](explored, text, rest, points)
    except ArgumentError as error:  # which names the layer or the number, that are no flags here
        raise ArgumentError("boxes", text, error.remedy) from None
    return responses.boxes_around(
        found, list(zip(seeds, labels, strict=True)), explored.config.model.image_size, count, share
    )  # fmt: skip


def _of_file(explored: Explored, text: str) -> tuple[Box, ...]:
    path = files.expanded(text)
    if not path.exists():
        raise ArgumentError("boxes", text, f"there is no such file; write {FORMS}")
    return boxes.read(path, explored.config.model.image_size, explored.renderer.classes)


def _labels(explored: Explored, kind: str, rest: str, samples: int) -> list[int | None]:
    """A conditional generator is asked for the class whose evidence is looked for; else every seed has its own."""
    asked = kind == "class" and explored.config.model.conditional
    return [explored.of_class("boxes", rest) if asked else None] * samples


def _of_class(explored: Explored, text: str, rest: str, points: Points) -> np.ndarray:
    label = explored.of_data_class("boxes", rest)
    return responses.of_class(explored.classifier, label, explored.renderer.images(points))


def _of_feature(explored: Explored, text: str, rest: str, points: Points) -> np.ndarray:
    layer, number = _layer_and_number(text, rest)
    labels = points.classes.argmax(axis=1).astype(np.int32) if explored.renderer.classes else None
    return responses.of_discriminator(
        critics.trained(explored), layer, number, explored.renderer.images(points), labels
    )


def _of_map(explored: Explored, text: str, rest: str, points: Points) -> np.ndarray:
    layer, number = _layer_and_number(text, rest)
    return responses.of_generator(explored.renderer, layer, number, points)


def _layer_and_number(text: str, rest: str) -> tuple[str, int]:
    layer, _, number = rest.partition("/")
    if not layer or not (number.isdecimal() and number.isascii()):
        raise ArgumentError("boxes", text, f"write {FORMS}")
    return layer, int(number)


KINDS = {"class": _of_class, "feature": _of_feature, "map": _of_map}
