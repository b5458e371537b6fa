"""Judges a trained generator, and repeats the measurements of the paper's tables.

  dcgan evaluate --run=runs/00000-mnist_28                        a sensible set, at the latest checkpoint
  dcgan evaluate --run=runs/00000-mnist_28 --checkpoint=all       over training, with a picture
  dcgan evaluate --run=runs/00000-mnist_28 --metrics=frechet_50k,distance_to_training_10k
  dcgan evaluate --run=runs/00000-mnist_28 --metrics=frechet_50k --features=inception
  dcgan evaluate --run=runs/00001-mnist_28_by_class --metrics=nearest_neighbor_50k     Table 3
  dcgan evaluate --run=runs/00002-cifar10_32 --metrics=linear_svm --controls           Tables 1 and 2
  dcgan evaluate --metrics=list                                   every metric, one line each

Rows go to evaluations.jsonl in the run directory, and over the steps to evaluations.png. Compare values only if metric,
number of samples, features and real images are the same; docs/judging.md explains them.
"""

import shlex

from dcgan_tf import metrics, quiet, runs
from dcgan_tf.cli import console, out_flag
from dcgan_tf.cli.flags import Flags
from dcgan_tf.cli.text_table import table
from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.svm_protocols import COSTS

FLAGS = Flags(__doc__)
FLAGS.text("run", None, "run directory to judge")
FLAGS.text("metrics", ",".join(metrics.DEFAULT), "comma-separated names; list: print all and end")
FLAGS.text(
    "features",
    "classifier",
    "classifier (trained once on the labels of the run's data), discriminator (the run's own, or discriminator:DIR of "
    "another run), inception (the published FID's), or the path of a .keras file",
)
FLAGS.text("checkpoint", "latest", "latest, best, all, or a step")
FLAGS.choice("weights", ("ema", "raw"), "moving average or last weights; default: the average if the run has one")
FLAGS.text("split", "test", "split with real images that were not trained on, for the metrics that need them")
FLAGS.text("test_dataset", None, "data set with such images, if the run's own has no such split: a name or a path")
FLAGS.text("data_dir", None, "where TensorFlow Datasets keeps its data; default: as in training")
FLAGS.text("cache_dir", None, "where prepared images, classifiers and features are kept; default: as in training")
FLAGS.text("inception", None, "the file classify_image_graph_def.pb, instead of downloading it")
FLAGS.whole("seed", None, "seed of the first sample; the next ones count up; default: 2^30, past all sample grids")
FLAGS.text("samples_out", None, f"also write the samples for other tools: {out_flag.rule(('.npz',), 'a PNG for each')}")
FLAGS.text("probe_dataset", None, "labeled data set for linear_svm: a name or a path; default: the run's")
FLAGS.whole("labels_per_class", 0, "labels of each class that linear_svm gets; 0: all")
FLAGS.whole("draws", 10, "draws of labels to average over (the paper: 100)")
FLAGS.text(
    "costs", ",".join(f"{cost:g}" for cost in COSTS), "values of C that linear_svm chooses from, comma-separated"
)
FLAGS.switch("controls", False, "linear_svm on raw pixels and on a discriminator before training too")

PASSED_ON = (
    "checkpoint", "features", "weights", "split", "test_dataset", "data_dir", "cache_dir", "inception", "seed",
    "samples_out", "probe_dataset", "labels_per_class", "draws", "controls",
)  # fmt: skip


def main() -> None:
    """Flags, then one call that prints a table for each checkpoint."""
    if FLAGS.metrics == "list":
        print(_list())
        return
    if not FLAGS.run:
        raise ArgumentError("run", "", "name the run directory to judge (--run=runs/00000-mnist_28)")
    names, costs, run = [name.strip() for name in FLAGS.metrics.split(",")], _costs(), runs.RunDirectory(FLAGS.run)
    for name in names:
        metrics.metric(name)
    run.read_config()  # so that what is wrong so far is said before TensorFlow is loaded, which takes seconds
    quiet.load_tensorflow()
    from dcgan_tf.evaluation import evaluate

    values = {name: getattr(FLAGS, name) for name in PASSED_ON}
    given = {name: value for name, value in values.items() if value is not None}
    evaluate(run, names, costs=costs, report=lambda rows: print(_table(rows), flush=True), **given)
    name = shlex.quote(str(run.path))
    console.logger().info(
        "rows: %s, picture: %s\nnext:\n  %s --run=%s --checkpoint=all\n  %s --run=%s",
        run.evaluations_file, run.evaluations_picture, console.command("evaluate"), name, console.command("generate"),
        name,
    )  # fmt: skip


def _list() -> str:
    lines = [
        (each.name, each.better, "" if each.ideal is None else f"{each.ideal:g}", each.description)
        for each in metrics.METRICS.values()
    ]
    listed = table(("metric", "better", "ideal", "what it is"), lines, left=4)
    return f"{listed}\nAny other number of samples works too: frechet_2k, nearest_neighbor_100k."


def _costs() -> list[float]:
    try:
        return [float(part) for part in FLAGS.costs.split(",")]
    except ValueError:
        raise ArgumentError("costs", FLAGS.costs, "write numbers above 0, comma-separated (0.01,0.1,1)") from None


def _value(row: dict) -> str:
    text = f"{row['value']:.4f}" if abs(row["value"]) < 10 else f"{row['value']:.2f}"
    return text if row["deviation"] is None else f"{text} ± {row['deviation']:.1g}"


def _table(rows: list[dict]) -> str:
    heads = ("step", "metric", "of", "value", "better", "ideal", "samples", "generation", "features", "metric")
    lines = [
        (
            str(row["step"]), row["metric"], row.get("control") or row.get("discriminator") or row["extractor"],
            _value(row), row["better"],
            "" if row["ideal"] is None else f"{row['ideal']:g}", f"{row['samples']:,}",
            *(f"{row['seconds'][part]:.1f} s" for part in ("generation", "features", "metric")),
        )
        for row in rows
    ]  # fmt: skip
    return table(heads, lines, left=3)
