"""Finds the latent of an image: the point at which the generator comes nearest to it.

  python explore.py project --run=runs/00000-mnist_28 --images=~/digits/7.png
  python explore.py project --run=runs/00000-mnist_28 --rows=3,14,15          training images
  python explore.py project --run=runs/00000-mnist_28 --seeds=5000-5003       generated ones: can they be found again?

Gradient descent on the latent, from the generated images that are nearest. The picture shows each image, where descent
began, what it came to and the difference. The latents go into an .npz beside it, and stand for seeds elsewhere:

  python explore.py walk --run=runs/00000-mnist_28 --seeds=project.npz,14
"""

import shlex
from pathlib import Path

import numpy as np

from dcgan_tf import seeds
from dcgan_tf.cli import console
from dcgan_tf.cli.commands import Command
from dcgan_tf.cli.explore import given, pictures
from dcgan_tf.cli.explore.opened import Explored, data_flags, shared_flags
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import figure
from dcgan_tf.explore.filters import signed_pictures
from dcgan_tf.explore.projection import CANDIDATES, LEVELS, Projection, project

NAME = "project"
MOST, MOST_STARTS, MOST_STEPS = 64, 256, 100_000

FLAGS = Flags(__doc__)
shared_flags(FLAGS, NAME)
FLAGS.text("images", None, "pictures: files, comma-separated, or a folder")
FLAGS.text("rows", None, "training images instead, by their numbers; default: 0-3")
FLAGS.text(
    "seeds", None, f"generated images instead; descent starts from those below {CANDIDATES}, so name higher ones"
)
FLAGS.text("class", None, "class of all images in a conditional run, by name or number; default: all are tried")
FLAGS.whole("starts", 16, "latents to start from")
FLAGS.whole("steps", 1500, "steps of descent for each image")
data_flags(FLAGS)


def main() -> None:
    """Takes the images, descends, draws, keeps the latents."""
    explored = Explored(FLAGS)
    latents = explored.beside(".npz")
    for name, least, most in (("starts", 4, MOST_STARTS), ("steps", 30, MOST_STEPS)):
        if not least <= getattr(FLAGS, name) <= most:
            raise ArgumentError(name, getattr(FLAGS, name), f"it must be from {least} to {most:,}")
    given_class = getattr(FLAGS, "class")
    label = None if given_class is None else explored.of_class("class", given_class)
    images, names = _images(explored, label)
    found = project(explored.renderer, images, label, FLAGS.starts, FLAGS.steps)
    lines = [_words(found, row) for row in range(len(images))]
    for name, line in zip(names, lines, strict=True):
        console.logger().info("%s: %s", name, line)
    explored.write(lambda path: _draw(path, explored, images, names, found))
    explored.write(lambda path: given.write_file(path, found.points, explored), latents)
    console.logger().info(
        "next:\n  python explore.py walk %s --seeds=%s,14", explored.same_generator, shlex.quote(str(latents))
    )


def _images(explored: Explored, label: int | None) -> tuple[np.ndarray, list[str]]:
    asked = [name for name in ("images", "rows", "seeds") if getattr(FLAGS, name) is not None]
    if len(asked) > 1:
        raise ArgumentError(asked[1], getattr(FLAGS, asked[1]), f"name --{asked[0]} or --{asked[1]}, not both")
    if FLAGS.images is not None:
        return pictures.read(explored, "images", FLAGS.images, MOST)
    if FLAGS.seeds is not None:
        samples = given.points(explored, "seeds", FLAGS.seeds, label)
        _check_count("seeds", len(samples.names))
        return explored.renderer.pixels(samples.points), samples.names
    rows = seeds.parse(FLAGS.rows or "0-3", "rows")
    _check_count("rows", len(rows))
    if max(rows) >= len(explored.store):
        raise ArgumentError(
            "rows", FLAGS.rows, f"the training images are numbered from 0 to {len(explored.store) - 1:,}"
        )
    return np.asarray(explored.store.images[rows]), [f"image {row}" for row in rows]


def _check_count(name: str, count: int) -> None:
    if count > MOST:
        raise ArgumentError(name, getattr(FLAGS, name), f"these are {count:,} images; at most {MOST} at once")


def _words(found: Projection, row: int) -> str:
    return (
        f"explains {100 * max(found.explained[row], 0):.1f} % of the image's variance, error {found.errors[row]:.1f} "
        f"of 255 levels (the nearest generated image: {100 * max(found.candidate_explained[row], 0):.0f} %, "
        f"{found.candidate_errors[row]:.0f} levels)"
    )


def _draw(path: Path, explored: Explored, images: np.ndarray, names: list[str], found: Projection) -> None:
    signed = signed_pictures(found.reconstructions.astype(np.float32) - images, LEVELS)
    rows = [np.stack(each) for each in zip(images, found.candidates, found.reconstructions, signed, strict=True)]
    labels = [
        f"{name}\n{100 * max(share, 0):.1f} % explained\nerror {error:.1f}"
        for name, share, error in zip(names, found.explained, found.errors, strict=True)
    ]
    columns = ["image", "nearest\nsample", "projected", "difference"]
    note = f"{explored.origin}\nerror: root mean square in levels of 0 to 255; grey: no difference"
    figure.write(path, "Images and the generator's nearest", [figure.Panel(rows, "", labels, columns)], note)


COMMAND = Command(NAME, "the latent of a given image, by gradient descent", FLAGS, main)
