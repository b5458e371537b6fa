"""Looks inside a trained run: its latent space, and what its networks have learned (paper, section 6).

  python explore.py walk --run=runs/00000-mnist_28       a picture and a GIF: between latents nothing jumps
  python explore.py walk --help                          what a command does, and its flags

Every command writes a picture, and on one machine's CPU the same one for the same seeds. docs/explore.md shows one of
each.
"""

from dcgan_tf.cli.commands import Commands
from dcgan_tf.cli.explore import arithmetic, feature_dropout, filters, guided_backprop, neighbors, project, turn, walk

FLAGS = Commands(
    __doc__,
    [
        walk.COMMAND,
        arithmetic.COMMAND,
        turn.COMMAND,
        guided_backprop.COMMAND,
        feature_dropout.COMMAND,
        filters.COMMAND,
        neighbors.COMMAND,
        project.COMMAND,
    ],
)


def main() -> None:
    """Runs the command."""
    FLAGS.run()
