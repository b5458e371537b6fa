"""Stand-alone program: reads one exported file as its user would, with that format's own runtime.

It imports nothing of this package, so what it finds is what any other machine finds:

    python reader.py KIND PATH REQUESTS.npz ANSWERS.npz

KIND is a key of `READERS`. REQUESTS holds z float32 [n, latent_dim] and seed int64 [n], and for a conditional generator
label int32 [n]. ANSWERS gets whatever the format can answer: "images" (float32, for z), "generated" (uint8, for the
seeds), "png" (the same as PNG files), "path_png" (PNG files of `interpolate` between the first two seeds), and "facts",
a JSON text with milliseconds per image, operators, and what else the format has. Ends with exit code 0, or with 1 and
one line on stderr.
"""

import json
import os
import runpy
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

PATH_STEPS = 5
PYTHON_OPERATORS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
_TIMED_SECONDS, _TIMED_CALLS = 1.0, 50


class Requests:
    """What is asked of every format.

    Attributes:
        latents: inputs of a generator by name: z, and label where images have a class.
        seeds: inputs of the signatures that take seeds: seed, and label.
    """

    def __init__(self, arrays: dict[str, np.ndarray]):
        labels = {"label": arrays["label"]} if "label" in arrays else {}
        self.latents, self.seeds = {"z": arrays["z"], **labels}, {"seed": arrays["seed"], **labels}

    def one(self, row: int = 0) -> dict[str, np.ndarray]:
        """One row of the latents."""
        return {name: value[row : row + 1] for name, value in self.latents.items()}

    def ones(self) -> list[dict[str, np.ndarray]]:
        """All rows, for a runtime that takes one at a time."""
        return [self.one(row) for row in range(len(self.latents["z"]))]


def milliseconds(call: Callable, requests: Requests) -> float:
    """Median time of one image, of up to 50 calls within a second, after three that do not count."""
    one = requests.one()
    for _ in range(3):
        call(**one)
    times, began = [], time.perf_counter()
    while len(times) < _TIMED_CALLS and time.perf_counter() - began < _TIMED_SECONDS:
        start = time.perf_counter()
        call(**one)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def without_keras() -> None:
    """Makes `import keras` fail, as where only TensorFlow is installed."""
    sys.modules["keras"] = None


def read_saved_model(path: str, requests: Requests) -> dict:
    """Through `tf.saved_model.load`, without Keras."""
    without_keras()
    import tensorflow as tf

    signatures = tf.saved_model.load(path).signatures

    def ask(name: str, output: str, **inputs: np.ndarray) -> np.ndarray:
        return signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})[output].numpy()

    return _answers(ask, requests, {})


def read_saved_model_v1(path: str, requests: Requests) -> dict:
    """Through the loader of TensorFlow 1, which restores variables as TF Serving does; looks at the graph as well."""
    without_keras()
    import tensorflow as tf

    v1 = tf.compat.v1
    with v1.Session(graph=tf.Graph()) as session:
        graph = v1.saved_model.load(session, ["serve"], path)

        def ask(name: str, output: str, **inputs: np.ndarray) -> np.ndarray:
            signature = graph.signature_def[name]
            return session.run(
                signature.outputs[output].name,
                {signature.inputs[key].name: value for key, value in inputs.items()},
            )

        return _answers(ask, requests, _graph_facts(graph))


def _graph_facts(graph) -> dict:
    definition = graph.graph_def
    functions = [node for function in definition.library.function for node in function.node_def]
    nodes = [*definition.node, *functions]
    methods = {name: item.method_name for name, item in graph.signature_def.items() if name != "__saved_model_init_op"}
    return {
        "operators": dict(Counter(node.op for node in nodes)),
        "python_operators": sorted({node.op for node in nodes} & PYTHON_OPERATORS),
        "devices": sorted({node.device for node in nodes if node.device and "CPU" not in node.device}),
        "methods": methods,
    }


def read_saved_model_cpp(path: str, requests: Requests) -> dict:
    """Through the C++ loader and `Session::Run`, as TF Serving does."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from cpp_session import CppSession

    session = CppSession(path)

    def ask(name: str, output: str, **inputs: np.ndarray) -> np.ndarray:
        return session.run(name, inputs)[output]

    return _answers(ask, requests, {})


def read_saved_model_cli(path: str, requests: Requests) -> dict:
    """Through `saved_model_cli run`, the tool that comes with TensorFlow."""
    without_keras()
    with tempfile.TemporaryDirectory() as folder:
        for name, value in requests.latents.items():
            np.save(Path(folder) / f"{name}.npy", value)
        inputs = ";".join(f"{name}={folder}/{name}.npy" for name in requests.latents)
        sys.argv = ["saved_model_cli", "run", "--dir", path, "--tag_set", "serve"]
        sys.argv += ["--signature_def", "serving_default", "--inputs", inputs, "--outdir", folder]
        try:
            runpy.run_module("tensorflow.python.tools.saved_model_cli", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            if end.code:
                raise
        return {"images": np.load(Path(folder) / "images.npy"), "facts": {}}


def _answers(ask: Callable, requests: Requests, facts: dict) -> dict:
    """Every signature of a SavedModel."""
    start, end = ({name: value[row : row + 1] for name, value in requests.seeds.items()} for row in (0, 1))
    walk = {**start, "start": start["seed"], "end": end["seed"], "steps": np.array([PATH_STEPS], np.int32)}
    del walk["seed"]
    time_of_one = milliseconds(lambda **one: ask("serving_default", "images", **one), requests)
    return {
        "images": ask("serving_default", "images", **requests.latents),
        "generated": ask("generate", "images", **requests.seeds),
        "png": ask("generate_png", "png_bytes", **requests.seeds),
        "path_png": ask("interpolate", "png_bytes", **walk),
        "facts": {"ms_per_image": time_of_one, **facts},
    }


def read_tflite(path: str, requests: Requests) -> dict:
    """Through the LiteRT interpreter where it is installed, else through TensorFlow's; one thread."""
    interpreter = _interpreter(path)
    runner = interpreter.get_signature_runner()

    def call(**one: np.ndarray) -> np.ndarray:
        return runner(**one)["images"]

    operators = Counter(item["op_name"] for item in interpreter._get_ops_details())
    delegates = operators.pop("DELEGATE", 0)
    facts = {"ms_per_image": milliseconds(call, requests), "operators": dict(operators), "delegates": delegates}
    return {"images": np.concatenate([call(**one) for one in requests.ones()]), "facts": facts}


def _interpreter(path: str):
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        without_keras()
        import tensorflow as tf

        Interpreter = tf.lite.Interpreter
    return Interpreter(model_path=path, num_threads=1)


def read_keras(path: str, requests: Requests) -> dict:
    """Through `keras.saving.load_model`."""
    import keras

    model = keras.saving.load_model(path)

    def call(**inputs: np.ndarray) -> np.ndarray:
        values = list(inputs.values())
        return np.asarray(model(values if len(values) > 1 else values[0], training=False))

    operators = Counter(type(layer).__name__ for layer in model.layers)
    facts = {"ms_per_image": milliseconds(call, requests), "operators": dict(operators)}
    return {"images": call(**requests.latents), "facts": facts}


def read_onnx(path: str, requests: Requests) -> dict:
    """Through ONNX Runtime on the CPU, one thread."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def call(**inputs: np.ndarray) -> np.ndarray:
        return session.run(["images"], inputs)[0]

    operators = Counter(node.op_type for node in onnx.load(path).graph.node)
    facts = {"ms_per_image": milliseconds(call, requests), "operators": dict(operators)}
    return {"images": call(**requests.latents), "facts": facts}


READERS = {
    "saved_model": read_saved_model,
    "saved_model_v1": read_saved_model_v1,
    "saved_model_cli": read_saved_model_cli,
    "saved_model_cpp": read_saved_model_cpp,
    "tflite": read_tflite,
    "keras": read_keras,
    "onnx": read_onnx,
}


def _storable(answers: dict) -> dict[str, np.ndarray]:
    """Strings as Python objects cannot be stored without pickling; as one array of bytes and their lengths they can."""
    stored = {"facts": np.array(json.dumps(answers.pop("facts")))}
    for name, value in answers.items():
        if value.dtype == object:
            stored[f"{name}_bytes"] = np.frombuffer(b"".join(value.ravel()), np.uint8)
            stored[f"{name}_lengths"] = np.array([len(item) for item in value.ravel()])
        else:
            stored[name] = value
    return stored


def main(kind: str, path: str, requests: str, answers: str) -> None:
    """Reads, asks, stores."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # compared are files, not devices
    with np.load(requests) as asked:
        found = READERS[kind](path, Requests(dict(asked)))
    np.savez(answers, **_storable(found))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # whatever a runtime throws at a broken file is the finding
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())[:500]}")
