"""The filters next to the image, of both networks, beside those before training.

  python explore.py filters --run=runs/00002-cifar10_32

The discriminator's first convolution shows what is looked for first; the generator's last transposed convolution, what
one value of a feature map paints. Every network's filters are on one scale, the strongest first, grey is zero.
"""

from pathlib import Path

from dcgan_tf import models
from dcgan_tf.cli import console
from dcgan_tf.cli.commands import Command
from dcgan_tf.cli.explore import critics
from dcgan_tf.cli.explore.opened import Explored, data_flags, shared_flags
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import figure, filters

NAME = "filters"
COLUMNS = 16

FLAGS = Flags(__doc__)
shared_flags(FLAGS, NAME)
FLAGS.whole("num", 64, "filters of each network to show")
data_flags(FLAGS)


def main() -> None:
    """Takes the filters of four networks, draws, says how smooth they are."""
    explored = Explored(FLAGS)
    if FLAGS.num < 1:
        raise ArgumentError("num", FLAGS.num, "it must be at least 1")
    config = explored.config.model
    trained, untrained = critics.trained(explored), critics.untrained(explored)
    generator = explored.trained.model
    before = models.build_generator(config, explored.config.training.seed)
    found = {
        "discriminator, first convolution, trained": filters.of_discriminator(config, trained),
        "discriminator, before training": filters.of_discriminator(config, untrained),
        "generator, last transposed convolution, trained": filters.of_generator(config, generator),
        "generator, before training": filters.of_generator(config, before),
    }
    smooth = [filters.smoothness(each.images) for each in found.values()]
    words = (
        "neighbouring weights correlate: discriminator {:.2f} (before training {:.2f}), generator {:.2f} ({:.2f})"
    ).format(*smooth)
    console.logger().info("%s", words)
    explored.write(lambda path: _draw(path, found, f"{words}\n{explored.origin}; strongest first, zero is grey"))


def _draw(path: Path, found: dict[str, filters.Filters], note: str) -> None:
    blocks = []
    for title, each in found.items():
        shown = filters.pictures(each.images)[: FLAGS.num]
        rows = [shown[start : start + COLUMNS] for start in range(0, len(shown), COLUMNS)]
        blocks.append(figure.Panel(rows, title, cell=40))
    figure.write(path, "Filters next to the image", blocks, note)


COMMAND = Command(NAME, "the filters next to the image, trained beside random", FLAGS, main)
