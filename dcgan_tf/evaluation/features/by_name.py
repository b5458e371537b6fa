"""The extractor that a person names: "classifier", "discriminator", "discriminator:DIR", "inception" or a file."""

import os

from dcgan_tf import checkpoints, files, runs
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features.classifier import trained_classifier
from dcgan_tf.evaluation.features.discriminator_features import DiscriminatorFeatures, statistics_images
from dcgan_tf.evaluation.features.extractor import Extractor
from dcgan_tf.evaluation.features.inception import Inception, inception_file
from dcgan_tf.evaluation.features.keras_model import KerasFile
from dcgan_tf.evaluation.session import Session


def check_name(name: str) -> None:
    """Raises ArgumentError unless it names an extractor."""
    if name not in ("classifier", "inception") and name.partition(":")[0] != "discriminator" and not _is_file(name):
        known = "classifier, discriminator, discriminator:DIR, inception, or the path of a .keras file"
        raise ArgumentError("features", name, f"choose one of {known}")


def extractor_by_name(
    name: str, trained: ImageStore, session: Session, inception: str | os.PathLike | None = None
) -> Extractor:
    """Opens an extractor that `check_name` allows, or trains it on the run's training images.

    Without `inception`, the Inception graph is taken from the cache, downloaded if it is not there.

    Raises:
        UserError: it cannot be opened.
    """
    if name == "classifier":
        return trained_classifier(trained, session.cache)
    if name == "inception":
        return Inception(files.expanded(inception) if inception else inception_file(session.cache))
    if _is_file(name):
        return KerasFile(files.expanded(name))
    run = runs.RunDirectory(name.partition(":")[2] or session.run.path)
    model = run.read_config()[0].model
    size = (*model.image_size, model.channels)
    if size != trained.images.shape[1:]:
        raise ArgumentError("features", name, f"that discriminator sees images of {size}, these are "
                           f"{trained.images.shape[1:]}")  # fmt: skip
    return DiscriminatorFeatures.of_run(run, checkpoints.find(run), statistics_images(trained))


def _is_file(name: str) -> bool:
    return name.lower().endswith(".keras")
