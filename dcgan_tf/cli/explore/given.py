"""Points of the latent space as a user writes them: seeds, seeds with a class, and latents that `project` has found."""

import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dcgan_tf import files, seeds
from dcgan_tf.cli.explore.opened import Explored
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore.points import Points, joined

FORMS = "3,14,15 or 0-8, 3@CLASS for a class of a conditional run, or an .npz that `explore.py project` wrote"
MOST = 100  # points in a picture


class Named(NamedTuple):
    """Points and what each is called in a picture."""

    points: Points
    names: list[str]


def points(explored: Explored, setting: str, text: str, label: int | None = None) -> Named:
    """The points of a text.

    Args:
        explored: the run.
        setting: the flag that the text was given to.
        text: see FORMS.
        label: the class of seeds that name none; None gives a seed its own.

    Raises:
        ArgumentError: another form, a seed out of range, too many points, no such class, or a file that does not fit.
    """
    found = [_part(explored, setting, part.strip(), label) for part in text.split(",")]
    names = [name for part in found for name in part.names]
    if len(names) > MOST:
        raise ArgumentError(setting, text, f"these are {len(names)} points; a picture holds at most {MOST}")
    return Named(joined([part.points for part in found]), names)


def _part(explored: Explored, setting: str, part: str, label: int | None) -> Named:
    if part.lower().endswith(".npz"):
        return _from_file(explored, setting, part)
    numbers, _, named = part.partition("@")
    if not re.fullmatch(r"\s*\d{1,20}\s*(-\s*\d{1,20}\s*)?", numbers, re.ASCII):
        raise ArgumentError(setting, part, f"write points as {FORMS}")
    found = seeds.parse(numbers, setting)
    if named:
        label = explored.of_class(setting, named)
    elif "@" in part:
        raise ArgumentError(setting, part, "the class behind the @ is missing")
    if len(found) > MOST:
        raise ArgumentError(setting, part, f"these are {len(found):,} points; a picture holds at most {MOST}")
    return Named(
        explored.renderer.of_seeds(found, [label] * len(found)), [_name(explored, seed, label) for seed in found]
    )


def _name(explored: Explored, seed: int, label: int | None) -> str:
    if not explored.config.model.conditional:
        return f"seed {seed}"
    names = explored.trained.class_names
    return f"seed {seed} as {names[seed % len(names) if label is None else label]}"


def write_file(path: Path, found: Points, explored: Explored) -> None:
    """Writes points so that they can be given to another command, with the name of their generator."""
    with files.written_aside(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, latents=found.latents, classes=found.classes, generator=np.array(explored.generator_name))


def _from_file(explored: Explored, setting: str, text: str) -> Named:
    path = files.expanded(text)
    try:
        with np.load(path) as archive:
            found = Points(archive["latents"].astype(np.float32), archive["classes"].astype(np.float32))
            generator = str(archive["generator"])
    except OSError as error:
        raise ArgumentError(setting, text, f"cannot be read ({error.strerror or error})") from None
    except (KeyError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile):
        raise ArgumentError(setting, text, "it holds no latents; give a file that `explore.py project` wrote") from None
    if generator != explored.generator_name:
        raise ArgumentError(
            setting, text, "a latent means something to its own generator only, and this one belongs to another run, "
            "--checkpoint or --weights",
        )  # fmt: skip
    if not len(found) or not np.isfinite(found.latents).all() or not np.isfinite(found.classes).all():
        raise ArgumentError(setting, text, "it holds no latents, or values that are no numbers")
    many = len(found) > 1
    return Named(found, [f"{path.stem} {row}" if many else path.stem for row in range(len(found))])
