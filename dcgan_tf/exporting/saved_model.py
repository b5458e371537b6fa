"""The SavedModel, as TF Serving loads it.

Warm-up requests, which spare the first user the wait for the first run, need the package tensorflow-serving-api.
"""

import importlib.util
import json
from pathlib import Path

import tensorflow as tf

from dcgan_tf.exporting.description import KEY, Description
from dcgan_tf.exporting.served_signatures import ServedGenerator
from dcgan_tf.models.generator import Generator

WARM_UP_SIGNATURES, WARM_UP_BATCHES = ("generate_png", "generate"), (1, 64)


def write(generator: Generator, description: Description, folder: Path) -> None:
    """Writes the version folder: graph, variables, the description, and warm-up requests where possible."""
    module = ServedGenerator(generator)
    tf.saved_model.save(module, str(folder), signatures=module.signatures())
    extra = folder / "assets.extra"  # TF Serving's place for files that are not part of the graph
    extra.mkdir()
    (extra / f"{KEY}.json").write_text(json.dumps(description.to_dict(), indent=2) + "\n", encoding="utf-8")
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
