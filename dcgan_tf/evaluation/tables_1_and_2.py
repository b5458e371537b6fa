"""Tables 1 and 2 of the paper, with their controls."""

from dataclasses import replace
from pathlib import Path

from dcgan_tf import runs
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation import features, probe
from dcgan_tf.evaluation.session import Session, statistics_images
from dcgan_tf.metrics import svm_protocols
from dcgan_tf.models.trained import discriminator_weights

SVM = "linear_svm"
COSTS = ",".join(f"{cost:g}" for cost in svm_protocols.COSTS)


def probe_parts(session: Session) -> tuple[probe.Split, str]:
    """The probe data set, and in words whether the discriminator knows it.

    Raises:
        UserError: a conditional run, or a data set or protocol that cannot work.
    """
    if session.config.model.conditional:
        raise ArgumentError("metrics", SVM, "the features of a conditional discriminator depend on a label; judge a run "
                           "without --conditional")  # fmt: skip
    settings = session.data
    if session.request.probe_dataset:
        settings = replace(settings, dataset=session.request.probe_dataset, split="train")
    store = session.prepared(settings)
    of_tfds = store.manifest["identity"].get("kind") == "tfds"
    _costs(session)
    parts = probe.split(store, session.prepared(replace(settings, split=session.request.split)) if of_tfds else None)
    probe.check(parts, session.request.labels_per_class, session.request.draws)
    known = session.recorded["data"]
    if known["checksum"] == store.checksum:
        return parts, f"trained on these very images of {parts.source}, without their labels"
    if known["source"] == parts.source:
        return parts, f"trained on other images of {parts.source}"
    return parts, f"trained elsewhere: on {known['source']}"


def probe_rows(session: Session, path: Path, parts: probe.Split, claim: str) -> list[dict]:
    """Rows of one checkpoint's discriminator and, where asked for, of the controls; `claim` says what it has seen."""
    model, run, request = session.config.model, session.run, session.request
    per_class = request.labels_per_class
    images = statistics_images(*parts.training)
    origin = f"discriminator of {run.path} at step {runs.step_of(path)}"
    entries = [(None, features.DiscriminatorFeatures(model, discriminator_weights(run, path), images, origin), claim)]
    if request.controls:
        untrained = features.DiscriminatorFeatures(model, None, images, "discriminator before training")
        entries += [("untrained discriminator", untrained, "not trained"), ("raw pixels", None, "not trained")]
    name = f"{SVM}_{per_class}_per_class" if per_class else SVM
    found, costs = [], _costs(session)
    for control, extractor, knows in entries:
        try:
            text = control or "discriminator"
            result = probe.measure(extractor, parts, per_class, request.draws, session.cache, text, costs)
        except ValueError as error:
            raise UserError(f"--metrics={SVM}: {error}") from error
        accuracy = result.accuracy
        seconds = {"generation": 0.0, "features": result.features_seconds, "metric": result.classifier_seconds}
        found.append(
            session.row(
                path, name, accuracy.value, deviation=accuracy.deviation if per_class else None,
                samples=result.training, better="higher", ideal=None, control=control,
                extractor="pixels" if extractor is None else extractor.name, dimension=result.dimension,
                discriminator=knows, probe=parts.source, split="test", test_images=result.test,
                held_out=result.held_out, labels_per_class=per_class, cost=accuracy.cost,
                validation={f"{cost:g}": score for cost, score in accuracy.validation.items()},
                draws=len(accuracy.draws), resize="none", weights="raw", seconds=seconds,
            )
        )  # fmt: skip
    return found


def _costs(session: Session) -> list[float]:
    try:
        found = [float(part) for part in (session.request.costs or COSTS).split(",")]
    except ValueError:
        found = []
    if not found or not all(0 < cost < float("inf") for cost in found):
        raise ArgumentError("costs", session.request.costs, "write numbers above 0, comma-separated (0.01,0.1,1)")
    return found
