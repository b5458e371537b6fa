"""Requests that TF Serving replays when it loads a model, so that the first user does not wait for the first run.

Needs the package tensorflow-serving-api, an extra of this one; without it a SavedModel has none.
"""

import importlib.util
from pathlib import Path

import tensorflow as tf

BATCHES = (1, 64)


def available() -> bool:
    """Whether warm-up requests can be written."""
    return importlib.util.find_spec("tensorflow_serving") is not None


def write(folder: Path, name: str, conditional: bool) -> None:
    """Writes one request of each size for PNG and for raw images into a SavedModel's folder."""
    if not available():
        return
    path = folder / "assets.extra" / "tf_serving_warmup_requests"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature in ("generate_png", "generate"):
            for batch in BATCHES:
                writer.write(_record(name, signature, batch, conditional))


def _record(name: str, signature: str, batch: int, conditional: bool) -> bytes:
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    request.inputs["seed"].CopyFrom(tf.make_tensor_proto(list(range(batch)), tf.int64))
    if conditional:
        request.inputs["label"].CopyFrom(tf.make_tensor_proto([0] * batch, tf.int32))
    log = prediction_log_pb2.PredictLog(request=request)
    return prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString()
