"""Metrics that are read from features."""

import logging
import time
from pathlib import Path

from dcgan_tf import checkpoints, data, evaluation, files, metrics, runs
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation import features, judging
from dcgan_tf.evaluation.session import Session, statistics_images
from dcgan_tf.models.trained import discriminator_weights, load_generator

log = logging.getLogger(__name__)


def features_task(session: Session, names: list[str], trained: data.ImageStore, test: data.ImageStore | None):
    """Opens the extractor, looks at the real images, and returns what judges a checkpoint.

    Args:
        session: the run.
        names: of metrics.
        trained: the training images.
        test: unseen real images, where a metric needs them.

    Raises:
        UserError: the extractor cannot be opened, or does not give what a metric needs.
    """
    extractor = _extractor(session, trained)
    judging.check(names, extractor, len(trained), test is not None)
    began = time.perf_counter()
    real = evaluation.real_features(extractor, trained, session.cache)
    unseen = None if test is None else evaluation.real_features(extractor, test, session.cache)
    if real.made or (unseen and unseen.made):
        log.info("features of the real images: %.0f s, kept for next time", time.perf_counter() - began)
    described = extractor.describe()

    def task(path: Path) -> list[dict]:
        made = load_generator(session.run, path, session.request.weights)
        try:
            found = evaluation.judge(made, names, extractor, real, session.cache, unseen, session.request.seed)
        except ValueError as error:
            raise UserError(f"--metrics={','.join(names)}: {error}") from error
        spent = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in found.seconds.items())
        log.info("step %d: %s in all; metrics that share their work have one time", made.step, spent)
        return [
            session.row(
                path, name, reading.value, deviation=reading.deviation, samples=metrics.metric(name).samples,
                better=metrics.metric(name).better, ideal=metrics.metric(name).ideal, extractor=extractor.name,
                extractor_about=described, real=trained.manifest["source"], split=_split_of(trained, test, name),
                resize=described.get("resize", "none"), seed=session.request.seed, weights=made.weights,
                seconds=found.seconds | {"metric": found.metric_seconds[name]},
            )
            for name, reading in found.readings.items()
        ]  # fmt: skip

    return task


def _split_of(trained: data.ImageStore, test: data.ImageStore | None, name: str) -> str:
    """Which real images a score is about."""
    text = trained.manifest["identity"].get("split", "all")
    if test is not None and "test_features" in metrics.metric(name).needs:
        text += f" and {test.manifest['identity'].get('split', 'all')} of {test.manifest['source']}"
    return text


def _extractor(session: Session, trained: data.ImageStore) -> features.Extractor:
    kind = session.request.features
    if kind == "classifier":
        found = features.trained_classifier(trained, session.cache)
    elif kind == "inception":
        given = session.request.inception
        found = features.Inception(files.expanded(given) if given else features.inception_file(session.cache))
    elif kind == "discriminator" or kind.startswith("discriminator:"):
        found = _discriminator(session, runs.RunDirectory(kind.partition(":")[2] or session.run.path), trained)
    elif kind.lower().endswith(".keras"):
        found = features.KerasFile(files.expanded(kind))
    else:
        known = "classifier, discriminator, discriminator:DIR, inception, or the path of a .keras file"
        raise ArgumentError("features", kind, f"choose one of {known}")
    if found.caution:
        log.info("note: %s", found.caution)
    return found


def _discriminator(
    session: Session, run: runs.RunDirectory, trained: data.ImageStore
) -> features.DiscriminatorFeatures:
    config, _ = run.read_config()
    size = (*config.model.image_size, config.model.channels)
    if size != trained.images.shape[1:]:
        raise ArgumentError("features", session.request.features, f"that discriminator sees images of {size}, these are "
                           f"{trained.images.shape[1:]}")  # fmt: skip
    path = checkpoints.find(run)
    origin = f"discriminator of {run.path} at step {runs.step_of(path)}"
    return features.DiscriminatorFeatures(
        config.model, discriminator_weights(run, path), statistics_images(trained), origin
    )
