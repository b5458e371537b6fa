"""Exports a trained generator and verifies every file.

  dcgan export --run=runs/00000-mnist_28                              every format, into the run's export/
  dcgan export --run=runs/00000-mnist_28 --formats=saved_model,tflite
  dcgan export --run=runs/00000-mnist_28 --out=~/models --name=digits --weights=raw --checkpoint=2000

Formats: saved_model (TensorFlow and TF Serving), tflite (float32, float16, two of int8), keras, onnx. Another process,
which does not have this package, reads each file back and its images are compared with the generator's. A file that
differs too much is not kept. A version is never overwritten: the next export is the next number.
"""

import shlex
import sys
from typing import TYPE_CHECKING

from dcgan_tf import exporting, quiet, runs
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.cli.text_table import table
from dcgan_tf.errors import ArgumentError
from dcgan_tf.exporting import formats

if TYPE_CHECKING:
    from dcgan_tf.exporting import Export

MODEL_FILES = (".keras", ".tflite", ".onnx", ".pb", ".h5", ".zip")

FLAGS = Flags(__doc__)
FLAGS.text("run", None, "run directory to take the generator from")
FLAGS.text(
    "formats", None, f"comma-separated: {', '.join(exporting.FORMATS)}; default: all whose packages are installed"
)
FLAGS.text("out", None, "a folder, which gets FORMAT/NAME/VERSION; default: export/ in the run directory")
FLAGS.text("name", None, "name of the model; default: the data set's name")
FLAGS.choice("weights", ("ema", "raw"), "moving average or last weights; default: the average where the run has one")
FLAGS.text("license", None, "for the model card, as the Hugging Face Hub writes it: cc-by-4.0; default: unknown")
FLAGS.text("checkpoint", None, "which one: latest (default), best (by the scores of the training), or a step")


def main() -> None:
    """Flags to one call; the findings as a table."""
    if not FLAGS.run:
        raise ArgumentError("run", "", "name the run directory to take the generator from (--run=runs/00000-mnist_28)")
    if FLAGS.out and FLAGS.out.lower().endswith(MODEL_FILES):
        raise ArgumentError("out", FLAGS.out, "an export is a folder with a version in each format; name a folder")
    directory = runs.RunDirectory(FLAGS.run)
    directory.read_config()
    names = None if FLAGS.formats is None else [name.strip() for name in FLAGS.formats.split(",")]
    formats.chosen(names)  # a wrong flag is answered before TensorFlow loads
    formats.check_license(FLAGS.license)
    quiet.load_tensorflow()
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")  # all is computed on the CPU; leave the GPU's memory to others
    result = exporting.export_run(
        directory, names, FLAGS.out, FLAGS.name, FLAGS.checkpoint, FLAGS.weights, FLAGS.license
    )
    print(_table(result))
    if result.paths:
        console.logger().info(_summary(result))
    for finding in result.refused:
        by = f" ({formats.READER_TITLES[finding.reader]})" if finding.reader else ""
        console.logger().error("error: %s is refused and not kept%s: %s", finding.artefact, by, finding.problem)
    if result.refused:
        sys.exit(1)


def _table(result: "Export") -> str:
    heads = ("file", "read with", "largest", "mean", "levels", "MB", "ms/image", "")
    lines = []
    for finding in result.findings:
        numbers = ("", "", "")
        if finding.largest is not None:
            numbers = (f"{finding.largest:.1e}", f"{finding.mean:.1e}", str(finding.levels))
        time = "" if finding.ms_per_image is None else f"{finding.ms_per_image:.2f}"
        verdict = "REFUSED" if finding.problem else "ok"
        title = formats.READER_TITLES.get(finding.reader, "not written")
        lines.append((finding.artefact, title, *numbers, f"{finding.bytes / 1e6:.2f}", time, verdict))
    return table(heads, lines, left=2)


def _summary(result: "Export") -> str:
    from dcgan_tf.exporting import model_card

    lines = [
        "largest and mean: differences from the generator, in units of [-1, 1]; levels: of 0 to 255",
        f"version {result.version} of {result.name} is in {result.out}; its card: {result.card}",
    ]
    if FLAGS.license is None:
        lines.append(
            "its license is unknown; --license=cc-by-4.0 (or what suits that of your images) names it on the card"
        )
    first = shlex.quote(str(next(iter(result.paths.values()))))
    lines += ["next:", f"  {console.command('generate')} --model={first}"]
    if "saved_model" in result.paths:
        volume = shlex.quote(f"{result.paths['saved_model'].parent.resolve()}:/models/{result.name}:ro")
        lines.append(f"  {model_card.serving_command(volume, result.name)}")
        client = f"dcgan client --url=http://localhost:8501 --model={result.name}"
        lines.append(f"  {client} --wait=60")
    return "\n".join(lines)
