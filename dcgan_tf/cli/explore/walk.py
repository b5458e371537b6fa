"""A walk through the latent space: between nearby images nothing should jump (paper, section 6.1, Figure 4).

  dcgan explore walk --run=runs/00000-mnist_28                       through the seeds 0 to 8 and back
  dcgan explore walk --run=runs/00000-mnist_28 --seeds=3,14,15       through these
  dcgan explore walk --run=runs/00001-mnist_28_by_class --class=7    one class all the way
  dcgan explore walk --run=runs/00001-mnist_28_by_class --seeds=5@3,5@8,5@0    one latent, from class to class

Writes a picture with a row for each leg and a plot of how far the image moves in each step, and a GIF that loops. A
generator that has memorized its training images stays near one and jumps to the next: the command says so.
"""

from dcgan_tf.cli.explore import texts
from dcgan_tf.cli.explore.run import ExploredRun, check_range, library, view_flags
from dcgan_tf.errors import ArgumentError

MOST_STEPS, MOST_IMAGES = 240, 3000

FLAGS = view_flags(__doc__, "walk", data=False)
FLAGS.text("seeds", "0-8", f"points to walk through: {texts.POINTS}")
FLAGS.text("class", None, "class of all seeds that name none, by name or number; default: each seed has its own")
FLAGS.whole("steps", 30, "steps from one point to the next")


def main() -> None:
    """Walks, draws, says how evenly the images moved."""
    run = ExploredRun(FLAGS, "walk.png", ".gif")
    check_range(FLAGS, "steps", 10, MOST_STEPS)
    stations = texts.points(run, "seeds", FLAGS.seeds, run.label())
    if len(stations) * FLAGS.steps > MOST_IMAGES:
        raise ArgumentError("steps", FLAGS.steps, f"{len(stations)} points with {FLAGS.steps} steps each are too many "
                            f"images for a GIF; at most {MOST_IMAGES:,} work")  # fmt: skip
    walk = library().walk(run.generator, stations, FLAGS.steps)
    run.say(walk.verdict)
    run.write(walk.figure(run.origin).save)
    run.write(walk.save_gif, run.out.with_suffix(".gif"))
