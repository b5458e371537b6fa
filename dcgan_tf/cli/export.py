"""Exports a trained generator, and proves every file before it says so.

  python export.py --run=runs/00000-mnist_28                              every format, into the run's export/
  python export.py --run=runs/00000-mnist_28 --formats=saved_model,tflite
  python export.py --run=runs/00000-mnist_28 --out=~/models --name=digits --weights=raw --checkpoint=2000

Formats: saved_model (TensorFlow and TF Serving), tflite (float32, float16, two of int8), keras, onnx. Each file is read
again by another process that does not have this package, and its images are compared with the generator's; a file that
differs too much is not kept. A version is never overwritten: the next export is the next number.
"""

import re
import shlex
import signal
import sys
from pathlib import Path

import tensorflow as tf

from dcgan_tf import checkpoints, files, runs
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.cli.table import table
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation import rows
from dcgan_tf.export import card, exporter, report, warmup
from dcgan_tf.export.description import Description
from dcgan_tf.export.formats import FORMATS, TITLES, require_available
from dcgan_tf.models.trained import load_generator
from dcgan_tf.runs import versions

FLAGS = Flags(__doc__)
FLAGS.text("run", None, "run directory to take the generator from")
FLAGS.text("formats", None, f"comma-separated: {', '.join(FORMATS)}; default: all whose packages are installed")
FLAGS.text("out", None, "folder to export into; default: export/ in the run directory")
FLAGS.text("name", None, "what the model is called; default: the data set's name")
FLAGS.choice("weights", ("ema", "raw"), "moving average or last weights; default: the average where the run has one")
FLAGS.text("checkpoint", None, "which one: latest (default), best (by the scores of the training), or a step")


def main() -> None:
    """Flags to generator, then one call; the report as a table and as files."""
    tf.config.set_visible_devices([], "GPU")  # what is compared are files; a GPU would round in another way
    if not FLAGS.run:
        raise ArgumentError("run", "", "name the run directory to take the generator from (--run=runs/00000-mnist_28)")
    formats, run = _formats(), runs.RunDirectory(FLAGS.run)
    config, recorded = run.read_config()
    name = FLAGS.name or _name_of(recorded["data"]["source"])
    exporter.require_name(name)
    checkpoints.find(run, FLAGS.checkpoint)
    out = files.expanded(FLAGS.out) if FLAGS.out else run.export_dir
    exporter.require_folder(out)
    earlier = report.read(out)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    trained = load_generator(run, FLAGS.checkpoint, FLAGS.weights)
    description = Description.of(config.model, name, trained.step, trained.weights, trained.class_names)
    console.logger().info("exporting %s, %s weights of step %d", name, trained.weights, trained.step)

    def papers(folder: Path, export: exporter.Export) -> None:
        entries = [report.entry(export, description, run.path.resolve().name, versions()), *earlier]
        report.write(folder, entries)
        report.write_samples(folder, trained)
        judged = [row for row in rows.read(run) if row["step"] == trained.step and row.get("control") is None]
        facts = {"config": config.to_dict(), "evaluations": judged, **recorded}
        card.write(folder / card.name_in(out, export.version), entries, facts)

    export = exporter.export(trained, description, formats, out, papers)
    print(_table(export))
    if export.paths:
        console.logger().info(_summary(out, export, name))
    for finding in export.refused:
        by = f" ({TITLES[finding.reader]})" if finding.reader else ""
        console.logger().error("error: %s is refused and not kept%s: %s", finding.artefact, by, finding.problem)
    if export.refused:
        sys.exit(1)


def _stop(number: int, _) -> None:
    """Unwinds, so that what is half written is removed."""
    console.logger().error("stopped")
    sys.exit(128 + number)


def _formats() -> list[str]:
    if FLAGS.formats is None:
        missing = [name for name, entry in FORMATS.items() if not entry.available()]
        for name in missing:
            console.logger().info("without %s; pip install %s adds it", name, " ".join(FORMATS[name].packages))
        return [name for name in FORMATS if name not in missing]
    names = [name.strip() for name in FLAGS.formats.split(",")]
    for name in names:
        if name not in FORMATS:
            raise ArgumentError("formats", FLAGS.formats, f"there is no {name!r}; choose from {', '.join(FORMATS)}")
    require_available(names)
    return list(dict.fromkeys(names))


def _name_of(source: str) -> str:
    """A data set's name as a model's: "lsun/bedroom" to "lsun-bedroom", "Holiday Photos" to "holiday-photos"."""
    return re.sub(r"[^a-z0-9_]+", "-", source.lower())[:60].strip("-_") or "generator"


def _table(export: exporter.Export) -> str:
    heads = ("file", "read with", "largest", "mean", "levels", "MB", "ms/image", "")
    lines = []
    for finding in export.findings:
        numbers = ("", "", "")
        if finding.largest is not None:
            numbers = (f"{finding.largest:.1e}", f"{finding.mean:.1e}", str(finding.levels))
        time = "" if finding.ms_per_image is None else f"{finding.ms_per_image:.2f}"
        verdict = "REFUSED" if finding.problem else "ok"
        title = TITLES.get(finding.reader, "not written")
        lines.append((finding.artefact, title, *numbers, f"{finding.bytes / 1e6:.2f}", time, verdict))
    return table(heads, lines, left=2)


def _summary(out: Path, export: exporter.Export, name: str) -> str:
    lines = [
        "largest and mean: of the differences from the generator, in units of [-1, 1]; levels: of 0 to 255",
        f"version {export.version} of {name} is in {out}; its card: {out / card.name_in(out, export.version)}",
    ]
    if "saved_model" in export.paths and not warmup.available():
        lines.append("without requests that warm a server up; pip install tensorflow-serving-api adds them")
    first = shlex.quote(str(out / next(iter(export.paths.values()))))
    lines += ["next:", f"  python generate.py --model={first} --num=64 --out=grid.png"]
    if "saved_model" in export.paths:
        volume = shlex.quote(f"{(out / export.paths['saved_model']).parent.resolve()}:/models/{name}")
        client = f"python -m dcgan_tf.serving.client --url=http://localhost:8501 --model={name}"
        lines.append(
            f"  docker run -p 8500:8500 -p 8501:8501 -v {volume} -e MODEL_NAME={name} tensorflow/serving:2.20.0"
        )
        lines.append(f"  {client} --seeds=0-63 --out=served.png --wait=60")
    return "\n".join(lines)
