"""Turns samples along a direction between two groups of examples (paper, section 6.3.2, Figure 8).

  dcgan explore turn --run=runs/00000-mnist_28 --from=3,14,15,92 --to=6,53,58,97
  dcgan explore turn --run=runs/00000-mnist_28 --from=class:1 --to=class:7 --seeds=3000-3005

The paper averages four faces that look left and four that look right, and adds the difference to other faces, which
turn. The middle column shows the samples as they are.
"""

from typing import Any

import numpy as np

from dcgan_tf.cli import console
from dcgan_tf.cli.explore import texts
from dcgan_tf.cli.explore.run import ExploredRun, check_range, library, view_flags
from dcgan_tf.errors import ArgumentError

FLAGS = view_flags(__doc__, "turn")
FLAGS.text("from", None, f"examples on one side: {texts.GROUP}")
FLAGS.text("to", None, "examples on the other side")
FLAGS.text("seeds", "2000-2005", f"samples to turn: {texts.POINTS}")
FLAGS.whole("examples", 4, "examples that stand for a class:NAME (the paper: 4)")
FLAGS.number("reach", 1.0, "how far to both sides; 1: as far as from one group to the other")
FLAGS.whole("columns", 9, "images of a row, an odd number")
FLAGS.old_name("mean_of", "examples")


def main() -> None:
    """Finds the direction, turns the samples, draws."""
    run = ExploredRun(FLAGS, "turn.png")
    titles = getattr(FLAGS, "from"), FLAGS.to
    for name, text in zip(("from", "to"), titles, strict=True):
        if not text:
            raise ArgumentError(name, "", "name examples of both sides (--from=3,14,15,92 --to=6,53,58,97, or "
                               "--from=class:1 --to=class:7)")  # fmt: skip
    check_range(FLAGS, "examples", 1, texts.MOST_EXAMPLES)
    if not (3 <= FLAGS.columns <= 21 and FLAGS.columns % 2):
        raise ArgumentError("columns", FLAGS.columns, "it must be an odd number from 3 to 21")
    if not 0 < FLAGS.reach <= 100:
        raise ArgumentError("reach", FLAGS.reach, "it must be above 0 and at most 100")
    start, end = _side(run, "from", titles[0]), _side(run, "to", titles[1])
    samples = texts.points(run, "seeds", FLAGS.seeds)
    amounts = np.linspace(-FLAGS.reach, FLAGS.reach, FLAGS.columns)
    run.write(library().turn(run.generator, start, end, samples, amounts).figure(run.origin, titles).save)


def _side(run: ExploredRun, name: str, text: str) -> Any:
    if text.startswith(texts.CLASS_PREFIX) and run.config.model.conditional:
        walk = f"{console.command('explore')} walk --seeds=5@3,5@8"
        raise ArgumentError(name, text, "here the class is an input of the generator and stays as it is; name seeds, "
                           f"or walk from class to class ({walk})")  # fmt: skip
    return texts.group(run, name, text, FLAGS.examples)
