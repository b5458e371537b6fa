"""Measures how fast each exported format makes images, beside the Keras model that it was made from.

  python -m benchmarks.serving --preset=torch_64          an untrained generator
  python -m benchmarks.serving --run=runs/00000-mnist_28  a trained one; only the time of PNG depends on that

Milliseconds for one image and images per second for 64, from a NumPy array to a NumPy array, on the CPU. Each way has
a turn in each round, and ratios are taken within a round; on a busy machine even they are unreliable. With --preset,
any setting of `dcgan train` works too.
"""

import functools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # before TensorFlow starts

from benchmarks.our_step import keras, np, tf  # quietly imported there
from benchmarks.workers import check_flags, cores, machine, markdown, spread
from dcgan_tf import models, presets, quiet, runs
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.exporting import formats, reader
from dcgan_tf.exporting.description import Description
from dcgan_tf.exporting.formats import FORMATS
from dcgan_tf.models import named_variables
from dcgan_tf.models.generator import Generator
from dcgan_tf.models.trained import load_generator
from dcgan_tf.progress import Progress

MANY = 64
PAUSE = 0.05  # seconds before a turn, in which the threads of the one before stop waiting for work
BASELINE = "Keras, `model(z, training=False)`"
NAME = "generator"

Inputs = dict[str, np.ndarray]  # z or seed, and label where the generator is conditional
Call = Callable[..., object]  # takes such inputs by name

FLAGS = Flags(__doc__)
FLAGS.choice("preset", tuple(presets.PRESETS), "named configuration, untrained; default: torch_64")
FLAGS.text("run", None, "run directory to take a trained generator from, in place of a preset")
FLAGS.whole("rounds", 5, "turns of each way")
FLAGS.number("seconds", 0.3, "about how long a turn lasts with one image, and again with 64; at least one call")
FLAGS.settings()


class Way(NamedTuple):
    """A program's way to images."""

    name: str
    one: Callable[[], object]  # makes one image
    many: Callable[[], object]  # makes 64
    note: str = ""  # for the lines below the table


class Turn(NamedTuple):
    """The result of one turn."""

    milliseconds: float  # median for one image
    rate: float  # images per second in calls of 64


def main() -> None:
    """Exports into a folder of its own, measures, prints the table."""
    check_flags(FLAGS, "rounds")
    title, generator = _generator()
    print(f"{title}\n{machine()}\nTensorFlow {tf.__version__}, Keras {keras.__version__}", flush=True)
    with tempfile.TemporaryDirectory(prefix="dcgan_tf-benchmark-") as folder:
        paths = _export(generator, Path(folder))
        with quiet.quiet_stderr():  # the runtimes greet
            ways = list(_ways(generator, paths))
        rounds = _rounds(ways)
    _report(ways, rounds)


def _generator() -> tuple[str, Generator]:
    """A title for the output, and the generator itself."""
    settings = FLAGS.given_settings()
    if FLAGS.run:
        if FLAGS.preset or settings:
            raise ArgumentError("run", FLAGS.run, "a run has its own settings; give no preset and no settings with it")
        trained = load_generator(runs.RunDirectory(FLAGS.run))
        return f"run {FLAGS.run}, {trained.weights} weights of step {trained.step}", trained
    preset = FLAGS.preset or "torch_64"
    generator = Generator(presets.PRESETS[preset].with_settings(settings).model)
    generator.load(named_variables(generator.model, trainable_only=True))  # estimates its batch-norm statistics
    return f"preset {preset}, untrained weights", generator


def _export(generator: Generator, folder: Path) -> dict[str, Path]:
    """Writes every artefact whose packages are installed; the path of each, by name."""
    description, paths = Description.of(generator, NAME), {}
    for name in formats.chosen():
        for artefact in FORMATS[name].artefacts:
            console.logger().info("writing %s", artefact.name)
            (folder / name).mkdir(exist_ok=True)
            paths[artefact.name] = artefact.path(folder / name, NAME)
            with quiet.quiet_stderr():  # converters are talkative
                artefact.write(generator, description, paths[artefact.name])
    return paths


def _ways(generator: Generator, paths: dict[str, Path]) -> Iterator[Way]:
    """Each with its model loaded; the Keras model itself comes first."""
    image_seeds = np.arange(MANY, dtype=np.int64)
    label = {"label": generator.labels(image_seeds).numpy()} if generator.conditional else {}
    z, seed = {"z": generator.latents(image_seeds).numpy(), **label}, {"seed": image_seeds, **label}

    def way(name: str, call: Call, inputs: Inputs = z, note: str = "") -> Way:
        first = reader.rows(inputs)[0]
        return Way(name, lambda: call(**first), lambda: call(**inputs), note)

    model = generator.model
    specs = [tf.TensorSpec([None, *value.shape[1:]], value.dtype, name) for name, value in z.items()]
    graph = tf.function(lambda z, label=None: model(models.inputs(z, label), training=False), input_signature=specs)
    yield way(BASELINE, lambda z, label=None: model(models.inputs(z, label), training=False).numpy())
    yield way("Keras, the same in a `tf.function`", lambda **inputs: graph(**inputs).numpy())
    yield way("Keras file, loaded", reader.open_keras(str(paths["keras"]))[0])
    session, _ = reader.open_saved_model_v1(str(paths["saved_model"]))
    yield way("SavedModel, TensorFlow 1 session", functools.partial(session, "serving_default", "images"))
    png = functools.partial(session, "generate_png", "png_bytes")
    yield way("SavedModel, TensorFlow 1 session, `generate_png`", png, seed)
    loaded = reader.open_saved_model(str(paths["saved_model"]))
    yield way("SavedModel, `tf.saved_model.load`", functools.partial(loaded, "serving_default", "images"))
    for name, path in paths.items():
        if path.suffix == ".tflite":
            for threads in _thread_counts():
                call, interpreter = reader.open_tflite(str(path), threads)
                yield way(f"{name.replace('tflite', 'TFLite')}, {_threads(threads)}", call, z, _delegated(interpreter))
    if "onnx" in paths:
        for threads in _thread_counts():
            yield way(f"ONNX Runtime, {_threads(threads)}", reader.open_onnx(str(paths["onnx"]), threads)[0])


def _thread_counts() -> list[int]:
    """One, and all, as TensorFlow takes them."""
    return sorted({1, cores()})


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _delegated(interpreter: Any) -> str:
    """What XNNPACK computes. The interpreter also lists replaced operators, so this goes backwards from the output."""
    makers = {tensor: operator for operator in interpreter._get_ops_details() for tensor in operator["outputs"]}
    open_tensors, found = [detail["index"] for detail in interpreter.get_output_details()], {}
    while open_tensors:
        operator = makers.get(open_tensors.pop())
        if operator and operator["index"] not in found:
            found[operator["index"]] = operator["op_name"]
            open_tensors.extend(operator["inputs"])
    rest = [name for name in found.values() if name != "DELEGATE"]
    if len(rest) == len(found):
        return "XNNPACK is NOT active"
    return f"XNNPACK takes all but {', '.join(sorted(set(rest)))}" if rest else "XNNPACK takes the whole graph"


def _rounds(ways: list[Way]) -> list[dict[str, Turn]]:
    """One turn of each way per round, by name; every other round goes backwards."""
    rounds = []
    with Progress(FLAGS.rounds * len(ways), "turns", "measuring") as progress:
        for number in range(FLAGS.rounds):
            turns = {}
            for way in ways if number % 2 == 0 else reversed(ways):
                progress.note(way.name)
                time.sleep(PAUSE)
                turns[way.name] = Turn(1000 * _seconds(way.one), MANY / _seconds(way.many))
                progress.advance()
            rounds.append(turns)
    return rounds


def _seconds(call: Callable[[], object]) -> float:
    """Median over calls for about `--seconds`, after one that does not count."""
    call()
    times, began = [], time.perf_counter()
    while not times or time.perf_counter() - began < FLAGS.seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _report(ways: list[Way], rounds: list[dict[str, Turn]]) -> None:
    head = ("way", "one image, ms", "times as fast", f"{MANY} images, images/s", "ratio")
    print(f"\n{markdown([head, *(_table_row(way.name, rounds) for way in ways)])}\n")
    print(f"medians over {len(rounds)} rounds, lowest and highest in brackets; ratios to the first row, in its round")
    print(f"TFLite takes one image a call, so {MANY} are {MANY} calls; TensorFlow uses all cores ({cores()})")
    notes = {way.name.rpartition(", ")[0]: way.note for way in ways if way.note}  # the same for all numbers of threads
    for note in dict.fromkeys(notes.values()):
        print(f"{note}: {', '.join(name for name in notes if notes[name] == note)}")


def _table_row(name: str, rounds: list[dict[str, Turn]]) -> tuple[str, ...]:
    turns = [(turns[name], turns[BASELINE]) for turns in rounds]
    return (
        name,
        spread([turn.milliseconds for turn, _ in turns], ",.3f"),
        spread([base.milliseconds / turn.milliseconds for turn, base in turns], ".2f"),
        spread([turn.rate for turn, _ in turns], ",.0f"),
        spread([turn.rate / base.rate for turn, base in turns], ".2f"),
    )


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
