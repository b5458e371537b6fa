"""Looks inside a trained run: its latent space, and what its networks have learned (paper, section 6).

  dcgan explore walk --run=runs/00000-mnist_28       a picture and a GIF: between latents nothing jumps
  dcgan explore walk --help                          what a view does, and its flags

Every view writes a picture; on one machine's CPU the same seeds give the same one. docs/explore.md shows one of each.
"""

import importlib
from collections.abc import Sequence
from types import ModuleType

from dcgan_tf.cli.command_line import ALL_HELP, HELP, UsageError
from dcgan_tf.errors import did_you_mean

VIEWS = {
    "walk": "a path through latents, as a strip and a GIF that loops",
    "arithmetic": "adds and subtracts visual concepts, by seeds or by class",
    "turn": "moves samples along the direction between two groups",
    "guided_backprop": "what the discriminator's maps respond to",
    "feature_dropout": "drops the maps that draw something, and draws without them",
    "filters": "the filters next to the image, trained beside random",
    "neighbors": "samples beside their nearest training images",
    "project": "the latent of a given image, by gradient descent",
}


class Views:
    """The flags of the view that the command line names; only its module is imported. Stands in for `Flags`."""

    def __init__(self):
        self.chosen: ModuleType | None = None

    def parse(self, argv: Sequence[str]) -> None:
        """Takes the view and its flags from a command line; without a view, it asks for help.

        Raises:
            UsageError: no such view, or its flags cannot be understood.
        """
        self.chosen, name = None, argv[1] if len(argv) > 1 else "help"
        if name == "help" or name in HELP + ALL_HELP:
            return
        if name.startswith("-"):
            raise UsageError(f"{name!r}: name the view first, as in dcgan explore walk {name}")
        if name not in VIEWS:
            hint = did_you_mean(name, VIEWS, "{}") or f"choose one of {', '.join(VIEWS)}"
            raise UsageError(f"{name!r}: there is no such view; {hint}")
        self.chosen = importlib.import_module(f"{__name__}.{name}")
        self.chosen.FLAGS.parse([f"{argv[0]} {name}", *argv[2:]])

    @property
    def help(self) -> bool:
        """Whether help was asked for."""
        return self.chosen is None or self.chosen.FLAGS.help

    def help_text(self) -> str:
        """That of the view, or the list of all."""
        if self.chosen is not None:
            return self.chosen.FLAGS.help_text()
        width = max(map(len, VIEWS))
        return "\n".join(
            [(__doc__ or "").strip(), "", *(f"  {name.ljust(width)}  {text}" for name, text in VIEWS.items())]
        )


FLAGS = Views()


def main() -> None:
    """Runs the view that was parsed."""
    FLAGS.chosen.main()
