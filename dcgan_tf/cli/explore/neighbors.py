"""Samples beside the training images that are nearest to them: has the generator copied?

  dcgan explore neighbors --run=runs/00000-mnist_28
  dcgan explore neighbors --run=runs/00000-mnist_28 --seeds=3,14,15 --features=discriminator

Nearest in pixels, and in a network's features. How near is near is told by real images: how far each of some training
images is from the nearest of all others.
"""

from collections.abc import Callable

from dcgan_tf.cli.explore import texts
from dcgan_tf.cli.explore.run import ExploredRun, check_range, library, view_flags
from dcgan_tf.errors import ArgumentError

MOST_NEIGHBORS = 10

FLAGS = view_flags(__doc__, "neighbors")
FLAGS.text("seeds", "0-7", f"samples: {texts.POINTS}")
FLAGS.whole("k", 5, "neighbors of each sample")
FLAGS.choice(
    "features",
    ("classifier", "discriminator"),
    "which network's features; default: the classifier of the training images' labels, else the run's discriminator",
)
FLAGS.old_name("num", "k")


def main() -> None:
    """Searches twice, draws, says whether samples are nearer than real images are."""
    run = ExploredRun(FLAGS, "neighbors.png")
    check_range(FLAGS, "k", 1, MOST_NEIGHBORS)
    samples = texts.points(run, "seeds", FLAGS.seeds)
    extractor, name = _features(run)
    found = library().neighbors(run.generator, run.store, samples, FLAGS.k, extractor, name)
    run.say(found.verdict)
    source = run.store.manifest["source"]
    run.write(found.figure(f"{run.origin}; {len(run.store):,} training images of {source}").save)


def _features(run: ExploredRun) -> tuple[Callable, str]:
    """The feature extractor, and what its features are called."""
    if FLAGS.features == "classifier" and not run.labeled:
        raise ArgumentError("features", FLAGS.features, "it learns from labels of several classes, which the training "
                           "images do not have; use discriminator")  # fmt: skip
    if (FLAGS.features or ("classifier" if run.labeled else "discriminator")) == "classifier":
        return run.classifier, "features of the classifier"
    from dcgan_tf.evaluation.features import DiscriminatorFeatures
    from dcgan_tf.evaluation.features.discriminator_features import statistics_images

    images = statistics_images(run.store)
    return DiscriminatorFeatures.of_run(run.directory, run.checkpoint, images), "features of the discriminator"
