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

import shlex
from dataclasses import fields
from pathlib import Path

from dcgan_tf import checkpoints, evaluation, files, metrics, runs
from dcgan_tf import evaluation as measuring
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.cli.table import table, value_text
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation import SVM, Request, Session, features, judging, plot, rows, written
from dcgan_tf.evaluation.tables_1_and_2 import COSTS
from dcgan_tf.models.trained import load_generator

DEFAULT = "frechet_10k,kernel_10k,precision_10k,recall_10k,density_10k,coverage_10k"
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
        raise ArgumentError("run", "", "name the run directory to judge (--run=runs/00000-mnist_28)")
    if not 0 <= FLAGS.seed <= MOST_SEED:
        raise ArgumentError("seed", FLAGS.seed, "it must be from 0 to 2^62")
    if FLAGS.samples_out:
        written.check(files.expanded(FLAGS.samples_out), FLAGS.samples_out)
    request = Request(**{item.name: getattr(FLAGS, item.name) for item in fields(Request)})
    session = Session.opened(runs.RunDirectory(FLAGS.run), request)
    paths = _checkpoints(session.run)
    if FLAGS.samples_out and len(paths) > 1:
        raise ArgumentError("samples_out", FLAGS.samples_out, "samples of one checkpoint only; name its step")
    tasks = measuring.tasks(session, names)
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


def _checkpoints(run: runs.RunDirectory) -> list[Path]:
    """The files to judge, by step."""
    run.read_config()
    checkpoints.find(run)  # which says so where there is none
    return run.checkpoint_files() if FLAGS.checkpoint == "all" else [checkpoints.find(run, FLAGS.checkpoint)]


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
    written.write(
        evaluation.Samples(load_generator(session.run, path, FLAGS.weights).generator, count, FLAGS.seed), out
    )
    console.logger().info("%s samples: %s", f"{count:,}", out)


def _say_next(run: runs.RunDirectory, drawn: bool) -> None:
    name = shlex.quote(str(run.path))
    console.logger().info(
        "rows: %s%s\nnext:\n  python evaluate.py --run=%s --checkpoint=all\n  python generate.py --run=%s --num=64 "
        "--out=grid.png", run.evaluations_file, f", picture: {run.evaluations_picture}" if drawn else "", name, name,
    )  # fmt: skip
