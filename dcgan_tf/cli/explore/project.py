"""Finds the latent of an image: the point at which the generator comes nearest to it.

  dcgan explore project --run=runs/00000-mnist_28 --images=~/digits/7.png
  dcgan explore project --run=runs/00000-mnist_28 --rows=3,14,15          training images
  dcgan explore project --run=runs/00000-mnist_28 --seeds=5000-5003       generated ones: can they be found again?

Gradient descent on the latent, from the generated images that are nearest. The picture shows each image, where descent
began, what it came to and the difference. The latents go into an .npz beside it, and stand for seeds elsewhere:

  dcgan explore walk --run=runs/00000-mnist_28 --seeds=project.npz,14
"""

import shlex
from collections.abc import Sequence

import numpy as np

from dcgan_tf import seeds
from dcgan_tf.cli import console
from dcgan_tf.cli.explore import texts
from dcgan_tf.cli.explore.run import ExploredRun, check_range, library, view_flags
from dcgan_tf.errors import ArgumentError

MOST_IMAGES = 64

FLAGS = view_flags(__doc__, "project")
FLAGS.text("images", None, "pictures: files, comma-separated, or a folder")
FLAGS.text("rows", None, "training images instead, by their numbers; default: 0-3")
FLAGS.text("seeds", None, "generated images instead; descent starts from those below 2048, so name higher ones")
FLAGS.text("class", None, "class of all images in a conditional run, by name or number; default: all are tried")
FLAGS.whole("starts", 16, "latents to start from")
FLAGS.whole("steps", 1500, "steps of descent for each image")


def main() -> None:
    """Takes the images, descends, draws, keeps the latents."""
    run = ExploredRun(FLAGS, "project.png", ".npz")
    latents = run.out.with_suffix(".npz")
    check_range(FLAGS, "starts", 4, 256)
    check_range(FLAGS, "steps", 30, 100_000)
    label = run.label()
    images, names = _images(run, label)
    found = library().project(run.generator, images, label, FLAGS.starts, FLAGS.steps, names=names)
    run.say(found.summary)
    run.write(found.figure(run.origin).save)
    run.write(lambda path: library().save_points(path, found.points, run.generator), latents)
    walk = f"{console.command('explore')} walk {run.same_generator}"
    run.say(f"next:\n  {walk} --seeds={shlex.quote(str(latents))},14")


def _images(run: ExploredRun, label: int | None) -> tuple[np.ndarray, Sequence[str]]:
    """uint8 [n, height, width, channels], and their names."""
    chosen = [name for name in ("images", "rows", "seeds") if getattr(FLAGS, name) is not None]
    if len(chosen) > 1:
        raise ArgumentError(chosen[1], getattr(FLAGS, chosen[1]), f"name --{chosen[0]} or --{chosen[1]}, not both")
    if FLAGS.images is not None:
        return run.read_pictures(FLAGS.images, MOST_IMAGES)
    if FLAGS.seeds is not None:
        samples = texts.points(run, "seeds", FLAGS.seeds, label)
        _check_count("seeds", len(samples))
        return library().renderer_of(run.generator).pixels(samples), samples.names
    rows = seeds.parse(FLAGS.rows or "0-3", "rows")
    _check_count("rows", len(rows))
    if max(rows) >= len(run.store):
        raise ArgumentError("rows", FLAGS.rows, f"the training images are numbered from 0 to {len(run.store) - 1:,}")
    return np.asarray(run.store.images[rows]), [f"image {row}" for row in rows]


def _check_count(name: str, count: int) -> None:
    if count > MOST_IMAGES:
        raise ArgumentError(name, getattr(FLAGS, name), f"these are {count:,} images; at most {MOST_IMAGES} at once")
