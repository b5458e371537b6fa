"""Measures how fast each exported format makes images, beside the Keras model that it was made from.

  python benchmarks/serving.py --preset=torch_64          an untrained generator
  python benchmarks/serving.py --run=runs/00000-mnist_28  a trained one; only the time of PNG depends on that

Milliseconds for one image and images per second for 64, from a NumPy array to a NumPy array, on the CPU. Each way has
a turn in each round, and ratios are taken within a round; on a busy machine even they are unreliable. With --preset,
any setting of `dcgan train` works too.
"""

import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if __name__ == "__main__":
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # before TensorFlow starts; its C++ session would take a GPU by itself

from benchmarks.our_step import keras, np, tf  # quietly imported there
from benchmarks.workers import cores, machine, markdown, spread
from dcgan_tf import models, presets, quiet, runs
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.exporting.description import Description
from dcgan_tf.exporting.formats import FORMATS
from dcgan_tf.models import named_variables
from dcgan_tf.models.generator import Generator
from dcgan_tf.models.trained import load_generator
from dcgan_tf.progress import Progress
from tests.cpp_session import CppSession

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


@dataclass(frozen=True)
class Way:
    """A program's way to images.

    Attributes:
        name: what the table calls it.
        one, many: make one image, and 64.
        note: a remark for the lines below the table.
    """

    name: str
    one: Callable[[], object]
    many: Callable[[], object]
    note: str = ""


@dataclass(frozen=True)
class Turn:
    """The result of one turn: median milliseconds for one image, images per second in calls of 64."""

    milliseconds: float
    rate: float


def main() -> None:
    """Exports into a folder of its own, measures, prints the table."""
    label, generator = _generator()
    print(f"{label}\n{machine()}\n{_versions()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="dcgan_tf-benchmark-") as folder:
        paths = _export(generator, Path(folder))
        with quiet.quiet_stderr():  # the runtimes greet
            ways = list(_ways(generator, paths))
        rounds = _rounds(ways)
    _report(FLAGS.run or FLAGS.preset or "torch_64", ways, rounds)


def _generator() -> tuple[str, Generator]:
    """A label for the output, and the generator itself."""
    settings = FLAGS.given_settings()
    if FLAGS.rounds < 1:
        raise ArgumentError("rounds", FLAGS.rounds, "it must be at least 1")
    if not 0 < FLAGS.seconds < 3600:
        raise ArgumentError("seconds", f"{FLAGS.seconds:g}", "it must be above 0 and below 3600")
    if FLAGS.run:
        if FLAGS.preset or settings:
            raise ArgumentError("run", FLAGS.run, "a run has its own settings; give no preset and no settings with it")
        trained = load_generator(runs.RunDirectory(FLAGS.run))
        return f"run {FLAGS.run}, {trained.weights} weights of step {trained.step}", trained
    preset = FLAGS.preset or "torch_64"
    generator = Generator(presets.PRESETS[preset].with_settings(settings).model)
    generator.load(named_variables(generator.model, trainable_only=True))  # estimates its batch-norm statistics
    return f"preset {preset}, untrained weights", generator


def _versions() -> str:
    named = [("TensorFlow", tf.__version__), ("Keras", keras.__version__)]
    if FORMATS["onnx"].available():
        import onnxruntime

        named.append(("ONNX Runtime", onnxruntime.__version__))
    return ", ".join(" ".join(pair) for pair in named)


def _export(generator: Generator, folder: Path) -> dict[str, Path]:
    """Writes every artefact whose packages are installed; the path of each, by name."""
    description = Description.of(generator, NAME)
    missing = [name for name, entry in FORMATS.items() if not entry.available()]
    for name in missing:
        console.logger().info("without %s; pip install %s adds it", name, " ".join(FORMATS[name].packages))
    paths = {}
    for name in (name for name in FORMATS if name not in missing):
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

    def way(name: str, call: Call, inputs: Inputs = z) -> Way:
        first = _row(inputs, 0)
        return Way(name, lambda: call(**first), lambda: call(**inputs))

    model, loaded = _call_of(generator.model), _call_of(keras.saving.load_model(paths["keras"]))
    specs = [tf.TensorSpec([None, *value.shape[1:]], value.dtype, name) for name, value in z.items()]
    graph = tf.function(model, input_signature=specs)
    yield way(BASELINE, lambda **inputs: model(**inputs).numpy())
    yield way("Keras, the same in a `tf.function`", lambda **inputs: graph(**inputs).numpy())
    yield way("Keras file, loaded", lambda **inputs: loaded(**inputs).numpy())
    session = CppSession(paths["saved_model"])
    yield way("SavedModel, C++ session", lambda **inputs: session.run("serving_default", inputs)["images"])
    png = "SavedModel, C++ session, `generate_png`"
    yield way(png, lambda **inputs: session.run("generate_png", inputs)["png_bytes"], seed)
    yield way("SavedModel, `tf.saved_model.load`", _saved_model(paths["saved_model"]))
    for name, path in paths.items():
        if path.suffix == ".tflite":
            for threads in _thread_counts():
                call, note = _tflite(path, threads)
                yield _one_by_one(f"{name.replace('tflite', 'TFLite')}, {_threads(threads)}", call, z, note)
    if "onnx" in paths:
        for threads in _thread_counts():
            yield way(f"ONNX Runtime, {_threads(threads)}", _onnx(paths["onnx"], threads))


def _one_by_one(name: str, call: Call, inputs: Inputs, note: str) -> Way:
    """A way whose batch is fixed at 1."""
    rows = [_row(inputs, index) for index in range(MANY)]
    return Way(name, lambda: call(**rows[0]), lambda: [call(**row) for row in rows], note)


def _row(inputs: Inputs, index: int) -> Inputs:
    """A batch of one."""
    return {name: value[index : index + 1] for name, value in inputs.items()}


def _call_of(model: keras.Model) -> Call:
    return lambda z, label=None: model(models.inputs(z, label), training=False)


def _saved_model(path: Path) -> Call:
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    return lambda **inputs: signature(**{name: tf.constant(value) for name, value in inputs.items()})["images"].numpy()


def _thread_counts() -> list[int]:
    """One, and all, as TensorFlow takes them."""
    return sorted({1, cores()})


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _tflite(path: Path, threads: int) -> tuple[Call, str]:
    """The call, and the part of the graph that XNNPACK computes."""
    if importlib.util.find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter
    else:
        Interpreter = tf.lite.Interpreter
    interpreter = Interpreter(model_path=str(path), num_threads=threads)
    interpreter.allocate_tensors()  # XNNPACK takes over here
    note = _delegated(interpreter)
    runner = interpreter.get_signature_runner()
    return lambda **inputs: runner(**inputs)["images"], note


def _delegated(interpreter: tf.lite.Interpreter) -> str:
    """Follows the output back to the operators that compute it: the interpreter also lists those that were replaced."""
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


def _onnx(path: Path, threads: int) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda **inputs: session.run(["images"], inputs)[0]


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


def _report(label: str, ways: list[Way], rounds: list[dict[str, Turn]]) -> None:
    head = ("generator", "way", "one image, ms", "times as fast", f"{MANY} images, images/s", "ratio")
    print(f"\n{markdown([head, *(_table_row(label, way.name, rounds) for way in ways)])}\n")
    print(
        f"medians over {len(rounds)} rounds, lowest and highest in brackets; both ratios to the first row, in its round"
    )
    print(f"TFLite takes one image a call, so {MANY} are {MANY} calls; TensorFlow uses all cores ({cores()})")
    notes = {way.name.rpartition(", ")[0]: way.note for way in ways if way.note}  # the same for all numbers of threads
    for note in dict.fromkeys(notes.values()):
        print(f"{note}: {', '.join(name for name in notes if notes[name] == note)}")


def _table_row(label: str, name: str, rounds: list[dict[str, Turn]]) -> tuple[str, ...]:
    turns = [(turns[name], turns[BASELINE]) for turns in rounds]
    return (
        label,
        name,
        spread([turn.milliseconds for turn, _ in turns], ",.3f"),
        spread([base.milliseconds / turn.milliseconds for turn, base in turns], ".2f"),
        spread([turn.rate for turn, _ in turns], ",.0f"),
        spread([turn.rate / base.rate for turn, base in turns], ".2f"),
    )


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
