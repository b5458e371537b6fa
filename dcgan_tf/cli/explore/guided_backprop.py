"""What the discriminator's maps respond to, by guided backpropagation (paper, section 6.2, Figure 5).

  dcgan explore guided_backprop --run=runs/00000-mnist_28                     first six maps, last convolution
  dcgan explore guided_backprop --run=runs/00000-mnist_28 --layer=down1 --maps=0-9
  dcgan explore guided_backprop --run=runs/00000-mnist_28 --images=~/photos   on your own pictures

For every map the images with the strongest responses, and the gradient of that response with respect to the image; on
the way back each layer passes only what is positive. Beside it the same for a discriminator before training.
"""

import numpy as np

from dcgan_tf import seeds
from dcgan_tf.cli.explore.run import ExploredRun, check_range, library, view_flags
from dcgan_tf.errors import ArgumentError

MOST_MAPS, MOST_STRONGEST, MOST_IMAGES = 32, 8, 100_000

FLAGS = view_flags(__doc__, "guided_backprop", generator=False)
FLAGS.text("layer", None, "convolution of the discriminator; default: the last")
FLAGS.text("maps", None, "which of its maps, as 0-5 or 3,14,15; default: the first six")
FLAGS.whole("strongest", 4, "images for each map")
FLAGS.text("images", None, "pictures to search: files, comma-separated, or a folder; default: training images")
FLAGS.text("class", None, "class of --images, by name or number, in a conditional run")
FLAGS.whole("num", 2000, "number of training images to search")
FLAGS.whole("seed", 0, "seed of which training images these are")
FLAGS.old_name("features", "maps")
FLAGS.old_name("look_at", "num")


def main() -> None:
    """Looks for the strongest responses in both networks, draws, says how they differ."""
    run = ExploredRun(FLAGS, "guided_backprop.png")
    maps = None if FLAGS.maps is None else seeds.parse(FLAGS.maps, "maps")
    if maps is not None and len(maps) > MOST_MAPS:
        raise ArgumentError("maps", FLAGS.maps, f"these are {len(maps)}; at most {MOST_MAPS} can be shown")
    check_range(FLAGS, "strongest", 1, MOST_STRONGEST)
    images, labels, origin = _own_pictures(run) if FLAGS.images else _training_images(run)
    trained, untrained = (
        library().guided_backprop(run.discriminator(trained), images, labels, FLAGS.layer, maps, FLAGS.strongest)
        for trained in (True, False)
    )
    run.say(f"{trained.layer}: {trained.summary(untrained)}")
    note = f"{run.directory.path.absolute().name}, {run.checkpoint.stem}; each row is a map, among {origin}"
    run.write(trained.figure(untrained, note).save)


def _training_images(run: ExploredRun) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Images uint8 [n, height, width, channels], their classes int32 [n] in a conditional run, and what they are."""
    if getattr(FLAGS, "class") is not None:
        raise ArgumentError("class", getattr(FLAGS, "class"), "training images have their own classes; it belongs to "
                           "--images")  # fmt: skip
    check_range(FLAGS, "num", 1, MOST_IMAGES)
    rows = np.sort(seeds.generator(FLAGS.seed, "looked_at", 0).permutation(len(run.store))[: FLAGS.num])
    labels = run.store.labels[rows] if run.config.model.conditional else None
    return np.asarray(run.store.images[rows]), labels, f"{len(rows):,} training images"


def _own_pictures(run: ExploredRun) -> tuple[np.ndarray, np.ndarray | None, str]:
    """The same for pictures of the user."""
    label = run.label()
    if label is None and run.config.model.conditional:
        raise ArgumentError("class", "", "name the class of --images: this discriminator was trained with classes")
    images, _ = run.read_pictures(FLAGS.images, MOST_IMAGES)
    labels = None if label is None else np.full(len(images), label, np.int32)
    return images, labels, f"{len(images):,} pictures of your own"
