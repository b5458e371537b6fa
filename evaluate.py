"""Judges a trained generator, and repeats the measurements of the paper's tables.

  python evaluate.py --run=runs/00000-mnist_28                        a sensible set, at the latest checkpoint
  python evaluate.py --run=runs/00000-mnist_28 --checkpoint=all       over training, with a picture
  python evaluate.py --run=runs/00000-mnist_28 --metrics=frechet_50k,distance_to_training_10k
  python evaluate.py --run=runs/00000-mnist_28 --metrics=frechet_50k --features=inception
  python evaluate.py --run=runs/00001-mnist_28_by_class --metrics=nearest_neighbor_50k     Table 3
  python evaluate.py --run=runs/00002-cifar10_32 --metrics=linear_svm --controls           Tables 1 and 2
  python evaluate.py --metrics=list                                   every metric, in one line each

Rows go to evaluations.jsonl in the run directory, and over the steps to evaluations.png. Scores are comparable only
where metric, samples, extractor and real images are the same; docs/judging.md explains them.
"""

import datetime
import shlex
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dcgan_tf import console

with console.quiet_stderr():
    import keras
    import numpy as np
    import tensorflow as tf

    tf.config.list_physical_devices()

import dcgan_tf
from dcgan_tf import data, evaluation, features, files, metrics, runs
from dcgan_tf.config import Config, DataConfig
from dcgan_tf.data.cache import cache_root
from dcgan_tf.errors import SettingError, UserError
from dcgan_tf.evaluation import digits, judging, plot, probe, rows, written
from dcgan_tf.evaluation.table import table, value_text
from dcgan_tf.flags import Flags
from dcgan_tf.metrics import svm_protocols
from dcgan_tf.training import checkpoints
from dcgan_tf.training.trained import discriminator_in, generator_in

DEFAULT = "frechet_10k,kernel_10k,precision_10k,recall_10k,density_10k,coverage_10k"
SVM = "linear_svm"
COSTS = ",".join(f"{cost:g}" for cost in svm_protocols.COSTS)
MOST_SEED = 2**62

FLAGS = Flags(__doc__)
FLAGS.text("run", None, "run directory to judge")
FLAGS.text("metrics", DEFAULT, f"comma-separated names, {SVM} among them; list: print them and end")
FLAGS.text(
    "features",
    "classifier",
    "classifier (trained once on the labels of the run's data), discriminator (the run's own, or discriminator:DIR of "
    "another run), inception (the published FID's), or the path of a .keras file",
)
FLAGS.text("checkpoint", "latest", "latest, best, all, or a step")
FLAGS.choice("weights", ("ema", "raw"), "moving average or last weights; default: the average where the run has one")
FLAGS.text("split", "test", "split with real images that were not trained on, for the metrics that need them")
FLAGS.text("test_dataset", None, "data set with such images, where the run's own has no such split: a name or a path")
FLAGS.text("data_dir", None, "where TensorFlow Datasets keeps its data; default: as in training")
FLAGS.text("cache_dir", None, "where prepared images, classifiers and features are kept; default: as in training")
FLAGS.text("inception", None, f"the file {features.inception.MEMBER}, instead of downloading it")
FLAGS.whole("seed", evaluation.FIRST_SEED, "seed of the first sample; the next ones count up")
FLAGS.text("samples_out", None, "also write the samples for other tools: an .npz, or a folder's name ending in /")
FLAGS.text("probe_dataset", None, f"labelled data set for {SVM}: a name or a path; default: the run's")
FLAGS.whole("labels_per_class", 0, f"labels that {SVM} is given of each class; 0: all")
FLAGS.whole("draws", 10, "draws of labels to average over (the paper: 100)")
FLAGS.text("costs", None, f"values of C that {SVM} chooses from, comma-separated; default: {COSTS}")
FLAGS.switch("controls", False, f"{SVM} on raw pixels and on a discriminator before training as well")


def main() -> None:
    """Checks what is asked for, opens what it needs, then judges checkpoint by checkpoint."""
    if FLAGS.metrics == "list":
        print(_registry())
        return
    names = _names()
    if not FLAGS.run:
        raise SettingError("run", "", "name the run directory to judge (--run=runs/00000-mnist_28)")
    if not 0 <= FLAGS.seed <= MOST_SEED:
        raise SettingError("seed", FLAGS.seed, "it must be from 0 to 2^62")
    if FLAGS.samples_out:
        written.check(files.expanded(FLAGS.samples_out), FLAGS.samples_out)
    session = Session.opened(runs.Run(FLAGS.run))
    paths = _checkpoints(session.run)
    if FLAGS.samples_out and len(paths) > 1:
        raise SettingError("samples_out", FLAGS.samples_out, "samples of one checkpoint only; name its step")
    tasks = _tasks(session, names)
    for path in paths:
        found = [row for task in tasks for row in task(path)]
        rows.append(session.run, found)
        print(_table(found), flush=True)
    if FLAGS.samples_out:
        _write_samples(session, paths[0], names)
    drawn = plot.draw(session.run, rows.read(session.run))
    _say_next(session.run, drawn)


def _registry() -> str:
    found = [
        (each.name, each.better, "" if each.ideal is None else f"{each.ideal:g}", each.description)
        for each in metrics.METRICS.values()
    ]
    text = "test accuracy of a linear L2-SVM on the discriminator's features (paper, Tables 1 and 2)"
    found.append((SVM, "higher", "", text))
    listed = table(("metric", "better", "ideal", "what it is"), found, left=4)
    return f"{listed}\nAny other number of samples works too: frechet_2k, nearest_neighbor_100k."


def _names() -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in FLAGS.metrics.split(",")))
    judging.feature_metrics([name for name in names if name != SVM])
    return names


def _checkpoints(run: runs.Run) -> list[Path]:
    """The files to judge, by step."""
    run.read_config()
    wanted = FLAGS.checkpoint
    if wanted == "latest":
        return [checkpoints.find(run)]
    if wanted == "best":
        return [checkpoints.find_best(run)]
    if wanted == "all":
        checkpoints.find(run)  # which says so where there is none
        return run.checkpoint_files()
    if not wanted.isdecimal():
        raise SettingError("checkpoint", wanted, "choose one of latest, best, all, or a step")
    return [checkpoints.find(run, int(wanted))]


@dataclass(frozen=True)
class Session:
    """What all checkpoints are judged with.

    Attributes:
        run, config, recorded: the run directory and what its config.json holds.
        data: the run's data settings, with the places that were given on the command line.
        cache: the cache directory.
    """

    run: runs.Run
    config: Config
    recorded: dict[str, Any]
    data: DataConfig
    cache: Path

    @classmethod
    def opened(cls, run: runs.Run) -> "Session":
        config, recorded = run.read_config()
        given = {name: getattr(FLAGS, name) for name in ("data_dir", "cache_dir") if getattr(FLAGS, name)}
        settings = replace(config.data, **given)
        return cls(run, config, recorded, settings, cache_root(settings.cache_dir))

    def prepared(self, settings: DataConfig) -> data.ImageStore:
        """Images at the size and with the channels of the run."""
        model = self.config.model
        source = data.open_source(settings)
        return data.prepare_store(source, model.image_size, model.channels, settings.crop, settings.cache_dir)

    def trained_on(self) -> data.ImageStore:
        """The training images."""
        store = self.prepared(self.data)
        if store.checksum != self.recorded["data"]["checksum"]:
            raise UserError(f"--run={self.run.path}: {store.manifest['source']} are not the images it was trained on")
        return store

    def unseen(self, trained: data.ImageStore) -> data.ImageStore:
        """Real images that were not trained on."""
        if FLAGS.test_dataset:
            store = self.prepared(replace(self.data, dataset=FLAGS.test_dataset, split=FLAGS.split))
        elif trained.manifest["identity"].get("kind") == "tfds":
            store = self.prepared(replace(self.data, split=FLAGS.split))
        else:
            raise SettingError("test_dataset", "", f"{trained.manifest['source']} has no split of images that were not "
                               "trained on; name some (--test_dataset=PATH)")  # fmt: skip
        return judging.unseen_images(store, trained)

    def row(self, path: Path, metric: str, value: float, **more: Any) -> dict[str, Any]:
        """A row of evaluations.jsonl."""
        versions = {"dcgan_tf": dcgan_tf.__version__, "tensorflow": tf.__version__, "keras": keras.__version__}
        moment = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        place = {"step": runs.step_of(path), "checkpoint": str(path.relative_to(self.run.path))}
        return {"metric": metric, "value": value, **more, **place, "versions": versions, "date": moment}


def _tasks(session: Session, names: list[str]) -> list:
    """One function of a checkpoint's path for each kind of measurement; all of its preparations are done here."""
    if SVM in names:
        parts = _probe_parts(session)
    seen = [each.name for each in judging.feature_metrics([name for name in names if name != SVM])]
    searched = [name for name in names if name != SVM and name not in seen]
    tasks = []
    if seen or searched:
        trained = session.trained_on()
        needs = {need for name in seen for need in metrics.metric(name).needs}
        test = session.unseen(trained) if searched or "test_features" in needs else None
        for name in searched:
            digits.check(trained, test, session.config.model.conditional, name)
        if seen:
            tasks.append(_features_task(session, seen, trained, test if "test_features" in needs else None))
        if searched:
            tasks.append(_search_task(session, searched, trained, test))
    if SVM in names:
        tasks.append(lambda path: _probe_rows(session, path, *parts))
    return tasks


def _extractor(session: Session, trained: data.ImageStore) -> features.Extractor:
    kind = FLAGS.features
    if kind == "classifier":
        found = features.trained_classifier(trained, session.cache)
    elif kind == "inception":
        path = files.expanded(FLAGS.inception) if FLAGS.inception else features.inception_file(session.cache)
        found = features.Inception(path)
    elif kind == "discriminator" or kind.startswith("discriminator:"):
        found = _discriminator(runs.Run(kind.partition(":")[2] or session.run.path), trained)
    elif kind.lower().endswith(".keras"):
        found = features.KerasFile(files.expanded(kind))
    else:
        known = "classifier, discriminator, discriminator:DIR, inception, or the path of a .keras file"
        raise SettingError("features", kind, f"choose one of {known}")
    if found.caution:
        console.logger().info("note: %s", found.caution)
    return found


def _discriminator(run: runs.Run, trained: data.ImageStore) -> features.DiscriminatorFeatures:
    config, _ = run.read_config()
    size = (*config.model.image_size, config.model.channels)
    if size != trained.images.shape[1:]:
        raise SettingError("features", FLAGS.features, f"that discriminator sees images of {size}, these are "
                           f"{trained.images.shape[1:]}")  # fmt: skip
    path = checkpoints.find(run)
    origin = f"discriminator of {run.path} at step {runs.step_of(path)}"
    return features.DiscriminatorFeatures(
        config.model, discriminator_in(run, path), _statistics_images(trained), origin
    )


def _statistics_images(store: data.ImageStore, chosen: np.ndarray | None = None) -> np.ndarray:
    """Images for the statistics of batch norm, drawn from all or from the chosen rows."""
    wanted = features.discriminator.STATISTICS_BATCHES * features.discriminator.STATISTICS_BATCH
    order = np.random.Generator(np.random.Philox(0)).permutation(len(store) if chosen is None else len(chosen))[:wanted]
    return np.asarray(store.images[np.sort(order if chosen is None else chosen[order])])


def _features_task(session: Session, names: list[str], trained: data.ImageStore, test: data.ImageStore | None):
    extractor = _extractor(session, trained)
    judging.check(names, extractor, len(trained), test is not None)
    began = time.perf_counter()
    real = evaluation.real_features(extractor, trained, session.cache)
    unseen = None if test is None else evaluation.real_features(extractor, test, session.cache)
    if real.made or (unseen and unseen.made):
        console.logger().info("features of the real images: %.0f s, kept for next time", time.perf_counter() - began)
    described = extractor.describe()

    def task(path: Path) -> list[dict]:
        made = generator_in(session.run, path, FLAGS.weights)
        try:
            found = evaluation.judge(made.generator, names, extractor, real, session.cache, unseen, FLAGS.seed)
        except ValueError as error:
            raise UserError(f"--metrics={','.join(names)}: {error}") from error
        spent = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in found.seconds.items())
        console.logger().info("step %d: %s in all; metrics that share their work have one time", made.step, spent)
        return [
            session.row(
                path, name, reading.value, deviation=reading.deviation, samples=metrics.metric(name).samples,
                better=metrics.metric(name).better, ideal=metrics.metric(name).ideal, extractor=extractor.name,
                extractor_about=described, real=trained.manifest["source"], split=_split_of(trained, test, name),
                resize=described.get("resize", "none"), seed=FLAGS.seed, weights=made.weights,
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


def _search_task(session: Session, names: list[str], trained: data.ImageStore, test: data.ImageStore):
    counts = [metrics.metric(name).samples for name in names]
    control = digits.of_real(trained, test)
    split = (
        f"{trained.manifest['identity'].get('split', 'all')}, tested on {test.manifest['identity'].get('split', 'all')}"
    )

    def rows_of(path: Path, report: digits.SearchReport, named: list[tuple[str, int]], **more: Any) -> list[dict]:
        seconds = {"generation": report.generation, "features": 0.0, "metric": report.search}
        console.logger().info(
            "%s training images searched: %s images/s, %.0f %% of the rate of a bare matrix product",
            f"{report.images:,}", f"{report.images_per_second:,.0f}", 100 * report.rate_share,
        )  # fmt: skip
        return [
            session.row(
                path, name, report.errors[count], deviation=None, samples=count, better="lower", ideal=None,
                extractor="pixels", split=split, resize="none", real=trained.manifest["source"], seconds=seconds,
                images_per_second=round(report.images_per_second, 1), rate_share=round(report.rate_share, 3), **more,
            )
            for name, count in named
        ]  # fmt: skip

    def task(path: Path) -> list[dict]:
        made = generator_in(session.run, path, FLAGS.weights)
        samples = evaluation.Samples(made.generator, max(counts), FLAGS.seed)
        report = digits.of_samples(samples, test, counts)
        own = rows_of(path, report, list(zip(names, counts, strict=True)), seed=FLAGS.seed, weights=made.weights)
        real = [("nearest_neighbor", len(trained))]
        return own + rows_of(path, control, real, seed=None, weights=None, control="real training images")

    return task


def _costs() -> list[float]:
    try:
        found = [float(part) for part in (FLAGS.costs or COSTS).split(",")]
    except ValueError:
        found = []
    if not found or not all(0 < cost < float("inf") for cost in found):
        raise SettingError("costs", FLAGS.costs, "write numbers above 0, comma-separated (0.01,0.1,1)")
    return found


def _probe_parts(session: Session) -> tuple[probe.Split, str]:
    """The probe data set, and whether the discriminator knows it."""
    if session.config.model.conditional:
        raise SettingError("metrics", SVM, "the features of a conditional discriminator depend on a label; judge a run "
                           "without --conditional")  # fmt: skip
    settings = session.data
    if FLAGS.probe_dataset:
        settings = replace(settings, dataset=FLAGS.probe_dataset, split="train")
    store = session.prepared(settings)
    of_tfds = store.manifest["identity"].get("kind") == "tfds"
    _costs()
    parts = probe.split(store, session.prepared(replace(settings, split=FLAGS.split)) if of_tfds else None)
    probe.check(parts, FLAGS.labels_per_class, FLAGS.draws)
    known = session.recorded["data"]
    if known["checksum"] == store.checksum:
        return parts, f"trained on these very images of {parts.source}, without their labels"
    if known["source"] == parts.source:
        return parts, f"trained on other images of {parts.source}"
    return parts, f"trained elsewhere: on {known['source']}"


def _probe_rows(session: Session, path: Path, parts: probe.Split, claim: str) -> list[dict]:
    model, run = session.config.model, session.run
    images = _statistics_images(*parts.training)
    origin = f"discriminator of {run.path} at step {runs.step_of(path)}"
    entries = [(None, features.DiscriminatorFeatures(model, discriminator_in(run, path), images, origin), claim)]
    if FLAGS.controls:
        untrained = features.DiscriminatorFeatures(model, None, images, "discriminator before training")
        entries += [("untrained discriminator", untrained, "not trained"), ("raw pixels", None, "not trained")]
    name = f"{SVM}_{FLAGS.labels_per_class}_per_class" if FLAGS.labels_per_class else SVM
    found, costs = [], _costs()
    for control, extractor, knows in entries:
        try:
            result = probe.measure(extractor, parts, FLAGS.labels_per_class, FLAGS.draws, session.cache,
                                   control or "discriminator", costs)  # fmt: skip
        except ValueError as error:
            raise UserError(f"--metrics={SVM}: {error}") from error
        accuracy = result.accuracy
        seconds = {"generation": 0.0, "features": result.features_seconds, "metric": result.classifier_seconds}
        found.append(
            session.row(
                path, name, accuracy.value, deviation=accuracy.deviation if FLAGS.labels_per_class else None,
                samples=result.training, better="higher", ideal=None, control=control,
                extractor="pixels" if extractor is None else extractor.name, dimension=result.dimension,
                discriminator=knows, probe=parts.source, split="test", test_images=result.test,
                held_out=result.held_out, labels_per_class=FLAGS.labels_per_class, cost=accuracy.cost,
                validation={f"{cost:g}": score for cost, score in accuracy.validation.items()},
                draws=len(accuracy.draws), resize="none", weights="raw", seconds=seconds,
            )
        )  # fmt: skip
    return found


def _table(found: list[dict]) -> str:
    heads = ("step", "metric", "of", "value", "better", "ideal", "samples", "generation", "features", "metric")
    lines = [
        (
            str(row["step"]), row["metric"], row.get("control") or row.get("discriminator") or row["extractor"],
            value_text(row["value"], row["deviation"]), row["better"],
            "" if row["ideal"] is None else f"{row['ideal']:g}", f"{row['samples']:,}",
            *(f"{row['seconds'][part]:.1f} s" for part in ("generation", "features", "metric")),
        )
        for row in found
    ]  # fmt: skip
    return table(heads, lines, left=3)


def _write_samples(session: Session, path: Path, names: list[str]) -> None:
    seen = judging.feature_metrics([name for name in names if name != SVM])
    count = max((each.samples for each in seen), default=10_000)
    out = files.expanded(FLAGS.samples_out)
    written.write(evaluation.Samples(generator_in(session.run, path, FLAGS.weights).generator, count, FLAGS.seed), out)
    console.logger().info("%s samples: %s", f"{count:,}", out)


def _say_next(run: runs.Run, drawn: bool) -> None:
    name = shlex.quote(str(run.path))
    console.logger().info(
        "rows: %s%s\nnext:\n  python evaluate.py --run=%s --checkpoint=all\n  python generate.py --run=%s --num=64 "
        "--out=grid.png", run.evaluations_file, f", picture: {run.evaluations_picture}" if drawn else "", name, name,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
