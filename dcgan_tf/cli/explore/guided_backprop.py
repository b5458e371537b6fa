"""What the discriminator's features respond to, by guided backpropagation (paper, section 6.2, Figure 5).

  python explore.py guided_backprop --run=runs/00000-mnist_28                    first six features, last convolution
  python explore.py guided_backprop --run=runs/00000-mnist_28 --layer=down1 --features=0-9
  python explore.py guided_backprop --run=runs/00000-mnist_28 --images=~/photos  on your own pictures

For every feature the images with the strongest responses, and the gradient of that response with respect to the image,
of which only what is positive is passed back through each layer. Beside it the same for a discriminator before
training.
"""

from pathlib import Path

import keras
import numpy as np

from dcgan_tf import seeds
from dcgan_tf.cli import console
from dcgan_tf.cli.commands import Command
from dcgan_tf.cli.explore import critics
from dcgan_tf.cli.explore.opened import Explored, data_flags, shared_flags
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import figure
from dcgan_tf.explore.guided_backprop import GuidedGradients, concentration, guided_gradients, pictures

NAME = "guided_backprop"
MOST_FEATURES, MOST_STRONGEST = 32, 8

FLAGS = Flags(__doc__)
shared_flags(FLAGS, NAME, generator=False)
FLAGS.text("layer", None, "convolution of the discriminator; default: the last")
FLAGS.text("features", None, "which of its features, as 0-5 or 3,14,15; default: the first six")
FLAGS.whole("strongest", 4, "images for each feature")
critics.image_flags(FLAGS)
data_flags(FLAGS)


def main() -> None:
    """Looks for the strongest responses in both networks, draws, says how they differ."""
    explored = Explored(FLAGS)
    features = _features()
    images, labels, what = critics.looked_at(explored)
    if not 1 <= FLAGS.strongest <= min(MOST_STRONGEST, len(images)):
        most = min(MOST_STRONGEST, len(images))
        raise ArgumentError("strongest", FLAGS.strongest, f"it must be from 1 to {most}, for {len(images):,} images")

    def found(model: keras.Model) -> GuidedGradients:
        return guided_gradients(model, images, labels, FLAGS.layer, features, FLAGS.strongest)

    trained, untrained = found(critics.trained(explored)), found(critics.untrained(explored))
    shares = [100 * concentration(each.gradients) for each in (trained, untrained)]
    words = "share of the gradient in the strongest tenth of its pixels: {:.0f} % (before training {:.0f} %)".format(
        *shares
    )
    console.logger().info("%s: %s", trained.layer, words)
    note = f"{words}\n{explored.run.path.absolute().name}, {explored.checkpoint.stem}; each row a feature, among {what}"
    explored.write(lambda path: _draw(path, trained, untrained, note))


def _features() -> list[int] | None:
    if FLAGS.features is None:
        return None
    found = seeds.parse(FLAGS.features, "features")
    if len(found) > MOST_FEATURES:
        raise ArgumentError("features", FLAGS.features, f"these are {len(found)}; at most {MOST_FEATURES} can be shown")
    return found


def _draw(path: Path, trained: GuidedGradients, untrained: GuidedGradients, note: str) -> None:
    def panel(found: GuidedGradients, title: str) -> figure.Panel:
        rows = [np.concatenate(both) for both in zip(found.images, pictures(found.gradients), strict=True)]
        columns = ["image"] * FLAGS.strongest + ["gradient"] * FLAGS.strongest
        return figure.Panel(rows, title, [f"feature {number}" for number in found.features], columns)

    blocks = [panel(untrained, "before training"), panel(trained, "trained")]
    figure.write(path, f"Guided backpropagation: strongest responses of {trained.layer}", blocks, note, across=True)


COMMAND = Command(NAME, "what the discriminator's features respond to", FLAGS, main)
