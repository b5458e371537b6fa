"""Samples beside the training images that are nearest to them: has the generator copied?

  python explore.py neighbors --run=runs/00000-mnist_28
  python explore.py neighbors --run=runs/00000-mnist_28 --seeds=3,14,15 --features=discriminator

Nearest in pixels, and in what a network sees. How near is near is told by real images: how far each of some training
images is from the nearest of all others.
"""

from pathlib import Path

import numpy as np

from dcgan_tf import seeds
from dcgan_tf.cli import console
from dcgan_tf.cli.commands import Command
from dcgan_tf.cli.explore import given
from dcgan_tf.cli.explore.opened import Explored, data_flags, shared_flags
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation import features
from dcgan_tf.evaluation.session import statistics_images
from dcgan_tf.explore import figure
from dcgan_tf.explore.neighbors import Neighbors, See, nearest
from dcgan_tf.models.trained import discriminator_weights

NAME = "neighbors"
REAL, COPY_QUANTILE, MOST_NEIGHBORS = 200, 0.01, 10

FLAGS = Flags(__doc__)
shared_flags(FLAGS, NAME)
FLAGS.text("seeds", "0-7", f"samples: {given.FORMS}")
FLAGS.whole("num", 5, "neighbours of each sample")
FLAGS.choice(
    "features",
    ("classifier", "discriminator"),
    "which network's features; default: the classifier of the training images' labels, else the run's discriminator",
)
data_flags(FLAGS)


def main() -> None:
    """Searches twice, draws, says whether samples are nearer than real images are."""
    explored = Explored(FLAGS)
    if not 1 <= FLAGS.num <= MOST_NEIGHBORS:
        raise ArgumentError("num", FLAGS.num, f"it must be from 1 to {MOST_NEIGHBORS}")
    samples, store = given.points(explored, "seeds", FLAGS.seeds), explored.store
    if FLAGS.num > len(store) - 1:
        raise ArgumentError("num", FLAGS.num, f"there are only {len(store)} training images")
    see, called = _see(explored)
    images = explored.renderer.pixels(samples.points)
    real = np.sort(seeds.generator(0, "neighbors_of_real", 0).permutation(len(store))[:REAL])
    found, words = [], []
    for name, look in (("pixels", None), (called, see)):
        found.append(nearest(images, store.images, FLAGS.num, look))
        among_real = nearest(np.asarray(store.images[real]), store.images, 1, look, leave_out=real)
        words.append(_words(name, found[-1].distances[:, 0], among_real.distances[:, 0]))
        console.logger().info("%s", words[-1])
    note = "\n".join([*words, f"{explored.origin}; {len(store):,} training images of {store.manifest['source']}"])
    explored.write(
        lambda path: _draw(
            path, explored, samples.names, images, dict(zip(("pixels", called), found, strict=True)), note
        )
    )


def _see(explored: Explored) -> tuple[See, str]:
    """Images to vectors, and what they are called."""
    if FLAGS.features == "classifier" and not explored.labelled:
        raise ArgumentError("features", FLAGS.features, "it learns from labels of several classes, which the training "
                           "images do not have; use discriminator")  # fmt: skip
    if (FLAGS.features or ("classifier" if explored.labelled else "discriminator")) == "classifier":
        classifier = explored.classifier
        return lambda images: classifier(images).vectors, "features of the classifier"
    weights = discriminator_weights(explored.run, explored.checkpoint)
    real = statistics_images(explored.store)
    extractor = features.DiscriminatorFeatures(explored.config.model, weights, real, "discriminator")
    return lambda images: extractor(images).vectors, "features of the discriminator"


def _words(name: str, samples: np.ndarray, real: np.ndarray) -> str:
    near = int((samples <= np.quantile(real, COPY_QUANTILE)).sum())
    few = "the nearest 1 % of real images"
    verdict = f"{near} of {len(samples)} samples as near as {few}" if near else f"no sample is as near as {few}"
    return (
        f"{name}: samples are {np.median(samples):.3g} from their nearest training image (median), real images "
        f"{np.median(real):.3g} from theirs: {verdict}"
    )


def _draw(
    path: Path, explored: Explored, names: list[str], images: np.ndarray, found: dict[str, Neighbors], note: str
) -> None:
    blocks = [figure.Panel([image[None] for image in images], "sample", names)]
    for name, each in found.items():
        rows = [np.asarray(explored.store.images[rows]) for rows in each.rows]
        blocks.append(figure.Panel(rows, f"nearest in {name}"))
    figure.write(path, "Samples and their nearest training images", blocks, note, across=True)


COMMAND = Command(NAME, "samples beside their nearest training images", FLAGS, main)
