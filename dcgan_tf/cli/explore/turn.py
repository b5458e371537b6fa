"""Turns samples along a direction between two groups of examples (paper, section 6.3.2, Figure 8).

  python explore.py turn --run=runs/00000-mnist_28 --from=3,14,15,92 --to=6,53,58,97
  python explore.py turn --run=runs/00000-mnist_28 --from=class:1 --to=class:7 --seeds=3000-3005

The paper averages four faces that look left and four that look right, and adds the difference to other faces, which
turn. The middle column shows the samples as they are.
"""

from pathlib import Path

import numpy as np

from dcgan_tf.cli.commands import Command
from dcgan_tf.cli.explore import given, groups
from dcgan_tf.cli.explore.opened import Explored, data_flags, shared_flags
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import figure
from dcgan_tf.explore.points import joined
from dcgan_tf.explore.vector_arithmetic import Turn, turn

NAME = "turn"

FLAGS = Flags(__doc__)
shared_flags(FLAGS, NAME)
FLAGS.text("from", None, f"examples on one side: {groups.FORMS}")
FLAGS.text("to", None, "examples on the other side")
FLAGS.text("seeds", "2000-2005", f"samples to turn: {given.FORMS}")
FLAGS.whole("mean_of", 4, "examples that stand for a class:NAME (the paper: 4)")
FLAGS.number("reach", 1.0, "how far to both sides; 1: as far as from one group to the other")
FLAGS.whole("columns", 9, "images of a row, an odd number")
data_flags(FLAGS)


def main() -> None:
    """Finds the direction, turns the samples, draws."""
    explored = Explored(FLAGS)
    for name in ("from", "to"):
        if not getattr(FLAGS, name):
            raise ArgumentError(name, "", "name examples of both sides (--from=3,14,15,92 --to=6,53,58,97, or "
                               "--from=class:1 --to=class:7)")  # fmt: skip
    groups.check_count("mean_of", FLAGS.mean_of)
    if not (3 <= FLAGS.columns <= 21 and FLAGS.columns % 2):
        raise ArgumentError("columns", FLAGS.columns, "it must be an odd number from 3 to 21")
    if not 0 < FLAGS.reach <= 100:
        raise ArgumentError("reach", FLAGS.reach, "it must be above 0 and at most 100")
    start, end = (_side(explored, name) for name in ("from", "to"))
    samples = given.points(explored, "seeds", FLAGS.seeds)
    amounts = np.linspace(-FLAGS.reach, FLAGS.reach, FLAGS.columns)
    found = turn(explored.renderer, start.points, end.points, samples.points, amounts)
    explored.write(lambda path: _draw(path, explored, start, end, samples, amounts, found))


def _side(explored: Explored, name: str) -> given.Named:
    text = getattr(FLAGS, name)
    if text.startswith(groups.PREFIX) and explored.config.model.conditional:
        raise ArgumentError(name, text, "here the class is an input of the generator and stays as it is; name seeds, or "
                           "walk from class to class (explore.py walk --seeds=5@3,5@8)")  # fmt: skip
    return groups.group(explored, name, text, FLAGS.mean_of)


def _draw(
    path: Path, explored: Explored, start: given.Named, end: given.Named, samples: given.Named, amounts: np.ndarray,
    found: Turn,
) -> None:  # fmt: skip
    blocks = [
        _side_panel(explored, f"from {getattr(FLAGS, 'from')}", start),
        _side_panel(explored, f"to {FLAGS.to}", end),
    ]
    labels = [f"{amount:+.2g}" if amount else "0" for amount in amounts]
    turned = figure.Panel(list(found.images), "samples, turned", samples.names, labels)
    length = float(np.linalg.norm(found.direction))
    note = f"{explored.origin}; the direction has the length {length:.2f} in {len(found.direction)} dimensions"
    figure.write(path, "A direction from one group to another", [*blocks, turned], note)


def _side_panel(explored: Explored, title: str, side: given.Named) -> figure.Panel:
    images = explored.renderer.pixels(joined([side.points, side.points.mean()]))
    names = [name.replace(" (", "\n(").replace(" as ", "\nas ") for name in side.names]
    return figure.Panel([images], title, column_labels=[*names, "mean"], cell=56)


COMMAND = Command(NAME, "moves samples along the direction between two groups", FLAGS, main)
