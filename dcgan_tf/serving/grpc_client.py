"""A client of TensorFlow Serving's gRPC interface.

It needs the package tensorflow-serving-api, which brings TensorFlow with it; the REST client needs neither.
"""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from dcgan_tf.errors import ArgumentError
from dcgan_tf.serving.addresses import is_this_machine
from dcgan_tf.serving.problems import PassingError, ServingError, refused, sentence
from dcgan_tf.serving.served_model import ServedModel, VersionStatus

_MODULES = (
    "predict_pb2",
    "prediction_service_pb2_grpc",
    "get_model_metadata_pb2",
    "get_model_status_pb2",
    "model_service_pb2_grpc",
)
_INT32, _INT64 = 3, 9  # of tensorflow.DataType


class GrpcClient(ServedModel):
    """Asks a server at `target`, as localhost:8500, over an unencrypted connection.

    Args:
        target: host:port of the server's gRPC interface.
        model: the model's name on the server.
        version: its version; None for the latest.
        timeout: seconds to wait for an answer.
        retries: how often a request is repeated after an error that may pass.

    Raises:
        ArgumentError: for a target that cannot be one, and when tensorflow-serving-api is not installed.
    """

    def __init__(self, target: str, model: str, version: int | None = None, timeout: float = 60.0, retries: int = 3):
        if not re.fullmatch(r"[^\s/]+:\d{1,5}", target):
            raise ArgumentError("grpc", target, "write it as localhost:8500")
        super().__init__(target, model, version, retries)
        self._grpc, self._apis = _imported(target)
        self._timeout = timeout
        options = [
            ("grpc.max_receive_message_length", -1),  # its limit of 4 MB is less than 64 images of 256x256
            ("grpc.enable_http_proxy", 0 if is_this_machine(target.rpartition(":")[0]) else 1),
        ]
        self._channel = self._grpc.insecure_channel(target, options=options)
        self._prediction = self._apis["prediction_service_pb2_grpc"].PredictionServiceStub(self._channel)
        self._model_service = self._apis["model_service_pb2_grpc"].ModelServiceStub(self._channel)

    def close(self) -> None:
        """See `ServedModel.close`."""
        self._channel.close()

    def _versions(self) -> list[VersionStatus]:
        messages = self._apis["get_model_status_pb2"]
        request = messages.GetModelStatusRequest()
        request.model_spec.name = self.model
        try:
            answer = self._model_service.GetModelStatus(request, timeout=self._timeout)
        except self._grpc.RpcError as error:
            if error.code() is self._grpc.StatusCode.NOT_FOUND:
                return []
            raise self._failure(error) from error
        state = messages.ModelVersionStatus.State.Name
        return [
            VersionStatus(entry.version, state(entry.state), sentence(entry.status.error_message))
            for entry in answer.model_version_status
        ]

    def _inputs_of(self, signature: str) -> frozenset[str]:
        messages = self._apis["get_model_metadata_pb2"]
        request = messages.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._name_model(request)
        try:
            answer = self._prediction.GetModelMetadata(request, timeout=self._timeout)
        except self._grpc.RpcError as error:
            raise self._failure(error) from error
        signatures = messages.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(signatures)
        if signature not in signatures.signature_def:
            raise ServingError(f"{self.address}: {self._title} has no {signature}; was it made by export.py?")
        return frozenset(signatures.signature_def[signature].inputs)

    def _generate(self, seeds: Sequence[int], label: int | None) -> list[bytes]:
        labels = {} if label is None else {"label": (_INT32, [label] * len(seeds))}
        return self._predict("generate_png", {"seed": (_INT64, seeds), **labels})

    def _interpolate(self, start: int, end: int, steps: int, label: int | None) -> list[bytes]:
        inputs = {"start": (_INT64, [start]), "end": (_INT64, [end]), "steps": (_INT32, [steps])}
        return self._predict("interpolate", inputs if label is None else {**inputs, "label": (_INT32, [label])})

    def _name_model(self, request: Any) -> None:
        request.model_spec.name = self.model
        if self.version is not None:
            request.model_spec.version.value = self.version

    def _predict(self, signature: str, inputs: Mapping[str, tuple[int, Sequence[int]]]) -> list[bytes]:
        request = self._apis["predict_pb2"].PredictRequest()
        self._name_model(request)
        request.model_spec.signature_name = signature
        for name, (dtype, values) in inputs.items():
            tensor = request.inputs[name]
            tensor.dtype = dtype
            tensor.tensor_shape.dim.add().size = len(values)
            (tensor.int64_val if dtype == _INT64 else tensor.int_val).extend(values)
        try:
            answer = self._prediction.Predict(request, timeout=self._timeout)
        except self._grpc.RpcError as error:
            raise self._failure(error) from error
        return list(answer.outputs["png_bytes"].string_val)

    def _failure(self, error: Any) -> ServingError:
        codes, code, details = self._grpc.StatusCode, error.code(), error.details() or ""
        makers: dict[Any, Callable[[], ServingError]] = {
            codes.UNAVAILABLE: lambda: PassingError(
                f"{self.address}: nothing answers gRPC there (is the server up, is the port right?)"
            ),
            codes.DEADLINE_EXCEEDED: lambda: PassingError(
                f"{self.address}: no answer within {self._timeout:g} s (--timeout)"
            ),
            codes.RESOURCE_EXHAUSTED: lambda: PassingError(f"{self.address}: {sentence(details)}"),
            codes.NOT_FOUND: lambda: self._not_found(sentence(details)),
            codes.INVALID_ARGUMENT: lambda: refused(self.address, details),
            codes.FAILED_PRECONDITION: lambda: refused(self.address, details),
        }
        failed = f"{self.address}: the server failed: {sentence(details)} ({code.name})"
        return makers.get(code, lambda: ServingError(failed))()


def _imported(target: str) -> tuple[ModuleType, dict[str, ModuleType]]:
    """grpc, and the modules of tensorflow_serving.apis by name."""
    try:
        grpc = importlib.import_module("grpc")
        return grpc, {name: importlib.import_module(f"tensorflow_serving.apis.{name}") for name in _MODULES}
    except ImportError as error:
        remedy = f"gRPC needs tensorflow-serving-api ({error}): pip install tensorflow-serving-api, or use --url"
        raise ArgumentError("grpc", target, remedy) from error
