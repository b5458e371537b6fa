"""Adds and subtracts visual concepts: smiling woman - neutral woman + neutral man (paper, section 6.3.2, Figure 7).

  dcgan explore arithmetic --run=runs/00000-mnist_28 --plus=3,7,9 --minus=4,1,8 --plus=2,5,6
  dcgan explore arithmetic --run=runs/00000-mnist_28 --plus=class:7 --minus=class:1 --plus=class:4

A concept is the mean of some examples' latents; three are stable, single ones are not. With class: nobody has to pick
seeds by hand. The result stands among eight neighbors, and beside the same arithmetic on pixels, which only lays
pictures over each other. In a conditional run the classes are added and subtracted as well.
"""

from dcgan_tf.cli.explore import texts
from dcgan_tf.cli.explore.run import ExploredRun, check_range, library, view_flags
from dcgan_tf.errors import ArgumentError

FLAGS = view_flags(__doc__, "arithmetic")
FLAGS.texts("plus", f"examples of a concept to add: {texts.GROUP}")
FLAGS.texts("minus", "examples of a concept to subtract")
FLAGS.whole("examples", 3, "examples that stand for a class:NAME (the paper: 3)")
FLAGS.number("noise", 0.25, "uniform noise of the eight neighbors' latents, from -noise to noise (the paper: 0.25)")
FLAGS.whole("seed", 0, "seed of that noise")
FLAGS.old_name("mean_of", "examples")


def main() -> None:
    """Finds the examples, adds, draws."""
    run = ExploredRun(FLAGS, "arithmetic.png")
    if not FLAGS.plus:
        raise ArgumentError("plus", "", "name what to add: seeds (--plus=3,7,9 --minus=4,1,8 --plus=2,5,6), or classes "
                           "(--plus=class:7 --minus=class:1 --plus=class:4)")  # fmt: skip
    check_range(FLAGS, "examples", 1, texts.MOST_EXAMPLES)
    check_range(FLAGS, "noise", 0, 100)
    plus, minus = (
        [texts.group(run, name, text, FLAGS.examples) for text in getattr(FLAGS, name)] for name in ("plus", "minus")
    )
    found = library().arithmetic(run.generator, plus, minus, FLAGS.noise, FLAGS.seed)
    run.write(found.figure(run.origin, [*FLAGS.plus[:1], *FLAGS.minus, *FLAGS.plus[1:]]).save)
