"""`evaluate`: the rows of one or all checkpoints of a run."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dcgan_tf import checkpoints, seeds
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation import feature_metrics, linear_probe, plot, rows, table_3
from dcgan_tf.evaluation import samples_out as sample_files
from dcgan_tf.evaluation.features.by_name import check_name, extractor_by_name
from dcgan_tf.evaluation.samples import FIRST_SEED, Samples
from dcgan_tf.evaluation.session import Session
from dcgan_tf.metrics import DEFAULT, Metric, metric
from dcgan_tf.models import Generator
from dcgan_tf.models.trained import load_generator
from dcgan_tf.runs import RunDirectory

log = logging.getLogger(__name__)

SAMPLES_WRITTEN = 10_000  # if no metric says how many

Row = dict[str, Any]


def evaluate(
    directory: RunDirectory,
    metrics: str | Sequence[str] = DEFAULT,
    *,
    checkpoint: int | str = "latest",
    features: str | os.PathLike = "classifier",
    weights: str | None = None,
    split: str = "test",
    test_dataset: str | os.PathLike | None = None,
    data_dir: str | os.PathLike | None = None,
    cache_dir: str | os.PathLike | None = None,
    inception: str | os.PathLike | None = None,
    seed: int = FIRST_SEED,
    samples_out: str | os.PathLike | None = None,
    probe_dataset: str | os.PathLike | None = None,
    labels_per_class: int = 0,
    draws: int = 10,
    costs: Sequence[float] | None = None,
    controls: bool = False,
    report: Callable[[list[Row]], None] | None = None,
) -> list[Row]:
    """Judges a run; its rows also go to evaluations.jsonl, and all rows so far, over the steps, to evaluations.png.

    Everything is checked before anything long begins. Compare values only where metric, number of samples, extractor
    and real images are the same.

    Args:
        directory: the run.
        metrics: one or several names from `metrics.METRICS`; any other number of samples works too ("frechet_2k").
        checkpoint: "latest", "best", "all", or a step.
        features: "classifier" (trained once on the labels of the run's data), "discriminator" (the run's own, or
            "discriminator:DIR" of another run), "inception" (the published FID's), or the path of a .keras file.
        weights: "ema" or "raw"; None for the moving average if the run has one.
        split: the split with real images that were not trained on, for metrics that need them.
        test_dataset: a data set with such images, a name or a path, if the run's own has no such split.
        data_dir: where TensorFlow Datasets keeps its data; None: as in training.
        cache_dir: where prepared images, classifiers and features are kept; None: as in training.
        inception: the file of the Inception graph, instead of downloading it.
        seed: of the first sample, from 0 to 2^62; the next ones count up.
        samples_out: where to write the samples for other tools, an .npz or a folder's name ending in "/".
        probe_dataset: labeled data set for "linear_svm", a name or a path; None for the run's own.
        labels_per_class: labels of each class that "linear_svm" gets; 0 for all.
        draws: draws of labels that it is averaged over, if not all are used.
        costs: values of C that it chooses from; None for the default grid.
        controls: also judges raw pixels and a discriminator before training by "linear_svm".
        report: called with the rows of each checkpoint as they come.

    Returns:
        One row per metric and checkpoint, with "metric", "value", "deviation", "step" and everything else that
        defines the value.

    Raises:
        ArgumentError: an argument that cannot work.
        UserError: no run, no checkpoint, or data that cannot be opened or are not those of the run.
    """
    wanted = [metric(name) for name in dict.fromkeys([metrics] if isinstance(metrics, str) else metrics)]
    if not wanted:
        raise ArgumentError("metrics", "", "name at least one")
    seeds.check((seed,), "seed")
    if weights not in (None, "ema", "raw"):
        raise ArgumentError("weights", weights, "choose one of ema, raw")
    if samples_out is not None:
        sample_files.check(str(samples_out))
    check_name(str(features))
    session = Session(directory, data_dir, cache_dir)
    paths = _paths(directory, checkpoint)
    if samples_out and len(paths) > 1:
        raise ArgumentError("samples_out", samples_out, "samples of one checkpoint only; name its step")
    probed = any("discriminator" in each.needs for each in wanted)
    protocol = linear_probe.Protocol(labels_per_class, draws, linear_probe.COSTS if costs is None else tuple(costs))
    probe = linear_probe.prepare(session, probe_dataset, split, protocol, controls) if probed else None
    judges = _sample_judges(session, wanted, seed, features, inception, split, test_dataset)
    found = []
    for path in paths:
        generator = load_generator(directory, path, weights) if judges or samples_out else None
        judged = [row for judge in judges for row in judge(generator)] + (probe(path) if probe else [])
        of_checkpoint = [session.complete(row, path) for row in judged]
        rows.append(directory, of_checkpoint)
        if report:
            report(of_checkpoint)
        found += of_checkpoint
    if samples_out:
        count = max((each.samples for each in wanted if each.function), default=SAMPLES_WRITTEN)
        sample_files.write(Samples(generator, count, seed), samples_out)
    plot.draw(directory, rows.read(directory))
    return found


def _paths(directory: RunDirectory, checkpoint: int | str) -> list[Path]:
    """The checkpoint files to judge, by step."""
    one = checkpoints.find(directory, "latest" if checkpoint == "all" else checkpoint)  # an error if there is none
    return directory.checkpoint_files() if checkpoint == "all" else [one]


def _sample_judges(
    session: Session,
    wanted: list[Metric],
    seed: int,
    features: str | os.PathLike,
    inception: str | os.PathLike | None,
    split: str,
    test_dataset: str | os.PathLike | None,
) -> list[Callable[[Generator], list[Row]]]:
    """What judges a generator: one function for all metrics read from features, one for Table 3."""
    searched = [each.name for each in wanted if "labeled_samples" in each.needs]
    seen = [each.name for each in wanted if each.function]
    if not seen and not searched:
        return []
    trained = session.trained_on()
    unseen = any("test_features" in each.needs for each in wanted)
    test = session.unseen(trained, split, test_dataset) if searched or unseen else None
    if searched:
        table_3.check(trained, test, session.config.model.conditional, searched[0])
    judges = []
    if seen:
        extractor = extractor_by_name(str(features), trained, session, inception)
        if extractor.caution:
            log.info("note: %s", extractor.caution)
        judges.append(feature_metrics.prepare(seen, extractor, trained, test if unseen else None, session.cache, seed))
    if searched:
        judges.append(table_3.prepare(searched, trained, test, seed))
    return judges
