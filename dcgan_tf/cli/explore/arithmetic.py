"""Adds and subtracts visual concepts: smiling woman - neutral woman + neutral man (paper, section 6.3.2, Figure 7).

  python explore.py arithmetic --run=runs/00000-mnist_28 --plus=3,7,9 --minus=4,1,8 --plus=2,5,6
  python explore.py arithmetic --run=runs/00000-mnist_28 --plus=class:7 --minus=class:1 --plus=class:4

A concept is the mean of some examples' latents; three are stable, single ones are not. With class: nobody has to pick
seeds by hand. The result stands among eight neighbours, and beside the same arithmetic on pixels, which only lays
pictures over each other. In a conditional run the classes are added and subtracted as well.
"""

from pathlib import Path

from dcgan_tf.cli.commands import Command
from dcgan_tf.cli.explore import given, groups
from dcgan_tf.cli.explore.opened import Explored, data_flags, shared_flags
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import figure
from dcgan_tf.explore.vector_arithmetic import Sum, arithmetic

NAME = "arithmetic"
SIGNS = {1: "+", -1: "\N{MINUS SIGN}"}

FLAGS = Flags(__doc__)
shared_flags(FLAGS, NAME)
FLAGS.texts("plus", f"examples of a concept to add: {groups.FORMS}")
FLAGS.texts("minus", "examples of a concept to subtract")
FLAGS.whole("mean_of", 3, "examples that stand for a class:NAME (the paper: 3)")
FLAGS.number("noise", 0.25, "uniform noise of the eight neighbours' latents, from -noise to noise (the paper: 0.25)")
FLAGS.whole("seed", 0, "seed of that noise")
data_flags(FLAGS)


def main() -> None:
    """Finds the examples, adds, draws."""
    explored = Explored(FLAGS)
    if not FLAGS.plus:
        raise ArgumentError("plus", "", "name what to add: seeds (--plus=3,7,9 --minus=4,1,8 --plus=2,5,6), or classes "
                           "(--plus=class:7 --minus=class:1 --plus=class:4)")  # fmt: skip
    groups.check_count("mean_of", FLAGS.mean_of)
    if not 0 <= FLAGS.noise <= 100:
        raise ArgumentError("noise", FLAGS.noise, "it must be from 0 to 100")
    asked = _in_order([(1, text) for text in FLAGS.plus], [(-1, text) for text in FLAGS.minus])
    terms = [
        (sign, text, groups.group(explored, "plus" if sign > 0 else "minus", text, FLAGS.mean_of))
        for sign, text in asked
    ]
    found = arithmetic(explored.renderer, [(sign, group.points) for sign, _, group in terms], FLAGS.noise, FLAGS.seed)
    explored.write(lambda path: _draw(path, explored, terms, found))


def _in_order(plus: list[tuple[int, str]], minus: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """As in the paper: the first that is added, all that is subtracted, the others that are added."""
    return [*plus[:1], *minus, *plus[1:]]


def _draw(path: Path, explored: Explored, terms: list[tuple[int, str, given.Named]], found: Sum) -> None:
    columns = []
    for (sign, text, group), mean in zip(terms, found.term_images, strict=True):
        examples = explored.renderer.pixels(group.points)
        rows, labels = [image[None] for image in [*examples, mean]], [*group.names, "mean"]
        columns.append(figure.Panel(rows, f"{SIGNS[sign]} {text}", labels))
    grid = figure.Panel([found.images[row : row + 3] for row in range(0, 9, 3)], "= in latents")
    pixels = figure.Panel([found.in_pixels[None]], "= in pixels", cell=3 * figure.CELL)
    note = (
        f"{explored.origin}; the middle of the nine is the result, the others have uniform noise of {FLAGS.noise:g} "
        f"added (seed {FLAGS.seed})"
    )
    figure.write(path, "Arithmetic on concepts", [*columns, grid, pixels], note, across=True)


COMMAND = Command(NAME, "adds and subtracts visual concepts, by seeds or by class", FLAGS, main)
