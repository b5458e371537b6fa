"""Stand-alone program: reads one exported file as its user would, with the format's own runtime.

It imports nothing of this package, so its answers are those of any other machine:

    python reader.py KIND PATH REQUESTS.npz ANSWERS.npz

KIND is a key of `READERS`; after "keras_" it names the backend. REQUESTS holds z float32 [n, latent_dim], seed int64
[n], and label int32 [n] if the generator is conditional. ANSWERS holds what the format can answer: "images" (float32,
for z), "generated" (uint8, for the seeds), "png" (the same as PNG files), "path_png" (PNG files of `interpolate`
between the first two seeds), and "facts", a JSON text with milliseconds per image, operators, and what else the format
tells. The exit code is 0, or with one line on stderr 1, or 3 where the backend itself does not work here.
"""

import functools
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

PATH_STEPS = 5
PYTHON_OPERATORS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
NO_BACKEND = 3
_TIMED_SECONDS, _TIMED_CALLS = 1.0, 50

Arrays = dict[str, np.ndarray]
Call = Callable[..., np.ndarray]
"""z float32 [n, latent_dim], and label int32 [n] if conditional, by keyword; to float32 images."""
Ask = Callable[..., np.ndarray]
"""The names of a signature and of one of its outputs, and the inputs by keyword; to that output."""


def rows(inputs: Arrays) -> list[Arrays]:
    """Batches of one."""
    count = len(next(iter(inputs.values())))
    return [{name: value[row : row + 1] for name, value in inputs.items()} for row in range(count)]


def milliseconds(call: Callable, latents: Arrays) -> float:
    """Median time of a call with one image, over up to 50 calls within a second, after three that do not count."""
    one = rows(latents)[0]
    for _ in range(3):
        call(**one)
    times, began = [], time.perf_counter()
    while len(times) < _TIMED_CALLS and time.perf_counter() - began < _TIMED_SECONDS:
        start = time.perf_counter()
        call(**one)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def open_saved_model(path: str) -> Ask:
    """Through `tf.saved_model.load`."""
    import tensorflow as tf

    signatures = tf.saved_model.load(path).signatures

    def ask(signature: str, output: str, **inputs: np.ndarray) -> np.ndarray:
        return signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})[output].numpy()

    return ask


def open_saved_model_v1(path: str) -> tuple[Ask, Any]:
    """Through the loader of TensorFlow 1, which restores variables as TF Serving does; also the MetaGraphDef."""
    from tensorflow import compat

    v1 = compat.v1
    with v1.Graph().as_default():
        session = v1.Session()
        graph = v1.saved_model.load(session, ["serve"], path)

    def ask(signature: str, output: str, **inputs: np.ndarray) -> np.ndarray:
        definition = graph.signature_def[signature]
        feeds = {definition.inputs[name].name: value for name, value in inputs.items()}
        return session.run(definition.outputs[output].name, feeds)

    return ask, graph


def open_tflite(path: str, threads: int | None = None) -> tuple[Call, Any]:
    """Through LiteRT if it is installed, else through TensorFlow's interpreter; also the interpreter."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow import lite

        Interpreter = lite.Interpreter
    interpreter = Interpreter(model_path=path, num_threads=threads)
    interpreter.allocate_tensors()
    runner = interpreter.get_signature_runner()

    def call(**inputs: np.ndarray) -> np.ndarray:
        return np.concatenate([runner(**one)["images"] for one in rows(inputs)])

    return call, interpreter


def open_keras(path: str) -> tuple[Call, Any]:
    """Through `keras.saving.load_model`; also the model."""
    import keras

    model = keras.saving.load_model(path)

    def call(**inputs: np.ndarray) -> np.ndarray:
        values = list(inputs.values())
        return keras.ops.convert_to_numpy(model(values if len(values) > 1 else values[0], training=False))

    return call, model


def open_onnx(path: str, threads: int = 0) -> tuple[Call, Any]:
    """Through ONNX Runtime on the CPU, with all threads by default; also the session."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda **inputs: session.run(["images"], inputs)[0], session


def _read_saved_model(path: str, latents: Arrays, seeds: Arrays) -> dict:
    return _answers(open_saved_model(path), latents, seeds, {})


def _read_saved_model_v1(path: str, latents: Arrays, seeds: Arrays) -> dict:
    ask, graph = open_saved_model_v1(path)
    return _answers(ask, latents, seeds, _graph_facts(graph))


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


def _answers(ask: Callable, latents: Arrays, seeds: Arrays, facts: dict) -> dict:
    """The answers of every signature of a SavedModel."""
    (start, end), fraction = rows(seeds)[:2], np.linspace(0, 1, PATH_STEPS, dtype=np.float32)
    ends = {"start": start.pop("seed"), "end": end["seed"], **start}
    walk = {"fraction": fraction, **{name: np.repeat(value, PATH_STEPS) for name, value in ends.items()}}
    time_of_one = milliseconds(functools.partial(ask, "serving_default", "images"), latents)
    return {
        "images": ask("serving_default", "images", **latents),
        "generated": ask("generate", "images", **seeds),
        "png": ask("generate_png", "png_bytes", **seeds),
        "path_png": ask("interpolate", "png_bytes", **walk),
        "facts": {"ms_per_image": time_of_one, **facts},
    }


def _read_tflite(path: str, latents: Arrays, seeds: Arrays) -> dict:
    call, interpreter = open_tflite(path, threads=1)
    operators = [item["op_name"] for item in interpreter._get_ops_details() if item["op_name"] != "DELEGATE"]
    return _images(call, latents, operators)


def _read_keras(path: str, latents: Arrays, seeds: Arrays) -> dict:
    call, model = open_keras(path)
    return _images(call, latents, [type(layer).__name__ for layer in model.layers])


def _read_onnx(path: str, latents: Arrays, seeds: Arrays) -> dict:
    import onnx

    call, _ = open_onnx(path, threads=1)
    return _images(call, latents, [node.op_type for node in onnx.load(path).graph.node])


def _images(call: Call, latents: Arrays, operators: list[str]) -> dict:
    """The answers of a format that has no signatures."""
    facts = {"ms_per_image": milliseconds(call, latents), "operators": dict(Counter(operators))}
    return {"images": call(**latents), "facts": facts}


READERS = {
    "saved_model": _read_saved_model,
    "saved_model_v1": _read_saved_model_v1,
    "tflite": _read_tflite,
    "keras": _read_keras,
    "keras_jax": _read_keras,
    "keras_torch": _read_keras,
    "onnx": _read_onnx,
}


def main(kind: str, path: str, requests: str, answers: str) -> None:
    """Reads, asks, stores; without pickling, an .npz holds texts only as arrays of bytes."""
    # Files are compared, not devices.
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu", "KERAS_TORCH_DEVICE": "cpu"}
    backend = kind.removeprefix("keras_") if kind.startswith("keras_") else "tensorflow"
    os.environ["KERAS_BACKEND"] = backend
    if not kind.startswith("keras"):
        sys.modules["keras"] = None  # `import keras` fails, as where only the format's runtime is installed
    if backend != "tensorflow":
        try:
            import keras  # noqa: F401
        except Exception as error:  # libraries that are missing, or of another version than this Keras wants
            sys.stderr.write(_line(error))
            sys.exit(NO_BACKEND)
    with np.load(requests) as archive:
        inputs = dict(archive)
    latents = {name: inputs[name] for name in ("z", "label") if name in inputs}
    seeds = {name: inputs[name] for name in ("seed", "label") if name in inputs}
    found = READERS[kind](path, latents, seeds)
    found["facts"] = np.array(json.dumps(found["facts"]))
    np.savez(answers, **{name: np.array(v.tolist()) if v.dtype == object else v for name, v in found.items()})


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # whatever a runtime raises for a broken file is the finding
        sys.exit(_line(error))
