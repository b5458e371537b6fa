"""The SavedModel, as TF Serving loads it, with parameters for a server that merges requests.

Warm-up requests, which spare the first user the wait for the first run, need the package tensorflow-serving-api.
"""

import importlib.util
import json
from pathlib import Path

import tensorflow as tf

from dcgan_tf.exporting.description import KEY, Description
from dcgan_tf.exporting.served_signatures import ServedGenerator
from dcgan_tf.models.generator import Generator

BATCHING_PARAMETERS = "batching_params.pbtxt"  # TF Serving's name for it
WARM_UP_SIGNATURES, WARM_UP_BATCHES = ("generate_png", "generate"), (1, 64)

_BATCHING = """# For TF Serving with enable_batching: name this file as its batching_parameters_file.
# Rows of a merged batch: the most that every signature takes.
max_batch_size {{ value: {largest} }}
# How long a request waits for others, in microseconds.
batch_timeout_micros {{ value: 2000 }}
# Batches that may wait; a request beyond them is answered with HTTP 503 at once.
max_enqueued_batches {{ value: 16 }}
# Batches that are computed at a time. Each uses all cores, and takes memory of its own.
num_batch_threads {{ value: 2 }}
"""


def write(generator: Generator, description: Description, folder: Path) -> None:
    """Writes the version folder: graph, variables, the description, batching parameters, and warm-up where possible."""
    module = ServedGenerator(generator)
    tf.saved_model.save(module, str(folder), signatures=module.signatures())
    extra = folder / "assets.extra"  # TF Serving's place for files that are not part of the graph
    extra.mkdir()
    (extra / f"{KEY}.json").write_text(json.dumps(description.to_dict(), indent=2) + "\n", encoding="utf-8")
    batching = _BATCHING.format(largest=min(description.largest_requests.values()))
    (folder / BATCHING_PARAMETERS).write_text(batching, encoding="utf-8")
    if can_warm_up():
        with tf.io.TFRecordWriter(str(extra / "tf_serving_warmup_requests")) as writer:
            for signature in WARM_UP_SIGNATURES:
                for batch in WARM_UP_BATCHES:
                    writer.write(_warm_up_request(description, signature, batch))


def describe(folder: Path) -> dict:
    """The description inside a SavedModel.

    Raises:
        OSError, ValueError: it has none.
    """
    return json.loads((folder / "assets.extra" / f"{KEY}.json").read_text(encoding="utf-8"))


def can_warm_up() -> bool:
    """Whether warm-up requests can be written."""
    return importlib.util.find_spec("tensorflow_serving") is not None


def _warm_up_request(description: Description, signature: str, batch: int) -> bytes:
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = description.name, signature
    request.inputs["seed"].CopyFrom(tf.make_tensor_proto(list(range(batch)), tf.int64))
    if description.class_names:
        request.inputs["label"].CopyFrom(tf.make_tensor_proto([0] * batch, tf.int32))
    log = prediction_log_pb2.PredictLog(request=request)
    return prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString()
