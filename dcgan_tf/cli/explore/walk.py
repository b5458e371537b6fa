"""A walk through the latent space: between nearby images nothing should jump (paper, section 6.1, Figure 4).

  python explore.py walk --run=runs/00000-mnist_28                       through the seeds 0 to 8 and back
  python explore.py walk --run=runs/00000-mnist_28 --seeds=3,14,15       through these
  python explore.py walk --run=runs/00001-mnist_28_by_class --class=7    one class all the way
  python explore.py walk --run=runs/00001-mnist_28_by_class --seeds=5@3,5@8,5@0    one latent, from class to class

Writes a picture with a row for each leg and a plot of how far the image moves in each step, and a GIF that loops. A
generator that has memorised its training images stays near one and jumps to the next: the command says so.
"""

from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf import images
from dcgan_tf.cli import console
from dcgan_tf.cli.commands import Command
from dcgan_tf.cli.explore import given
from dcgan_tf.cli.explore.opened import Explored, shared_flags
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import figure
from dcgan_tf.explore.latent_walk import Walk, walk

NAME = "walk"
COLUMNS, MOST_STEPS, MOST_IMAGES, SECONDS_A_LEG = 11, 240, 3000, 1.2

FLAGS = Flags(__doc__)
shared_flags(FLAGS, NAME)
FLAGS.text("seeds", "0-8", f"points to walk through: {given.FORMS}")
FLAGS.text("class", None, "class of all seeds that name none, by name or number; default: each seed has its own")
FLAGS.whole("steps", 30, "steps from one point to the next")


def main() -> None:
    """Walks, draws, says how evenly the images moved."""
    explored = Explored(FLAGS)
    gif = explored.beside(".gif")
    if not 10 <= FLAGS.steps <= MOST_STEPS:
        raise ArgumentError("steps", FLAGS.steps, f"it must be from 10 to {MOST_STEPS}")
    given_class = getattr(FLAGS, "class")
    label = None if given_class is None else explored.of_class("class", given_class)
    stations = given.points(explored, "seeds", FLAGS.seeds, label)
    if len(stations.names) < 2:
        raise ArgumentError("seeds", FLAGS.seeds, "a walk needs at least two points")
    if len(stations.names) * FLAGS.steps > MOST_IMAGES:
        count = f"{len(stations.names)} points with {FLAGS.steps} steps each"
        raise ArgumentError(
            "steps", FLAGS.steps, f"{count} are too many images for a GIF; at most {MOST_IMAGES:,} work"
        )
    found = walk(explored.renderer, stations.points, FLAGS.steps)
    console.logger().info("%s", found.verdict)
    explored.write(lambda path: _draw(path, explored, found, stations.names))
    explored.write(lambda path: images.write_loop(path, found.images, SECONDS_A_LEG * len(stations.names)), gif)


def _draw(path: Path, explored: Explored, found: Walk, names: list[str]) -> None:
    legs = found.images.reshape(len(names), found.steps, *found.images.shape[1:])
    columns = np.unique(np.linspace(0, found.steps, COLUMNS).round().astype(int))
    rows = [
        np.concatenate([leg, after[:1]])[columns] for leg, after in zip(legs, np.roll(legs, -1, axis=0), strict=True)
    ]
    panel = figure.Panel(rows, row_labels=names, cell=56)
    plot = figure.Plot(lambda axes: _movement(axes, found, names), max(700, panel.size()[0]), title="How far it moves")
    law = "along the sphere" if explored.config.model.latent_law == "normal" else "straight"
    note = f"{found.verdict}\n{explored.origin}; {found.steps} steps a leg, {law}; each row ends where the next begins"
    figure.write(path, f"A walk through {len(names)} latents and back", [panel, plot], note)


def _movement(axes: Any, found: Walk, names: list[str]) -> None:
    steps = 100 * found.movement.ravel()
    axes.bar(np.arange(len(steps)) + 0.5, steps, width=1.0, color="0.45")
    for leg in range(1, len(names)):
        axes.axvline(leg * found.steps, color="0.8", linewidth=0.8)
    axes.set_xticks(np.arange(len(names)) * found.steps, [f"row {number + 1}" for number in range(len(names))])
    axes.set_xlim(0, len(steps))
    axes.set_ylabel("change per step,\n% of the range", fontsize=figure.LABEL)


COMMAND = Command(NAME, "a path through latents, as a strip and a GIF that loops", FLAGS, main)
