"""A stand-in for TensorFlow Serving's gRPC interface, over the same SavedModel as the REST one."""

from concurrent import futures
from pathlib import Path

import grpc
import numpy as np
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.cpp_session import INVALID_ARGUMENT, CppSession, SessionError

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_INPUTS = {3: ("int_val", np.int32), 9: ("int64_val", np.int64)}
NOT_FOUND = 5


class GrpcStub(prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer):
    """Serves one version of one model until `close`; `state` and `fail_with` (status codes, in turn) spoil it."""

    def __init__(self, folder: Path, model: str):
        self.session, self.model, self.version = CppSession(folder), model, int(folder.name)
        self.state, self.fail_with = "AVAILABLE", []
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(self, self._server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(self, self._server)
        self.target = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        self._server.stop(None).wait()
        self.session.close()

    def Predict(self, request, context):
        """One prediction."""
        if self.fail_with:
            context.abort(self.fail_with.pop(0), "spoiled")
        try:
            return self._predicted(request)
        except SessionError as error:
            context.abort(_CODES[error.code], error.message)

    def GetModelStatus(self, request, context):
        """The state of the one version."""
        if request.model_spec.name != self.model:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {request.model_spec.name}")
        answer = get_model_status_pb2.GetModelStatusResponse()
        state = get_model_status_pb2.ModelVersionStatus.State.Value(self.state)
        answer.model_version_status.add(version=self.version, state=state)
        return answer

    def GetModelMetadata(self, request, context):
        """Names of the inputs of every signature."""
        if request.model_spec.name != self.model or self.state != "AVAILABLE":
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({request.model_spec.name})"
            )
        found = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in self.session.signatures.items():
            for each in signature.inputs:
                found.signature_def[name].inputs[each].name = each
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.metadata["signature_def"].Pack(found)
        return answer

    def _predicted(self, request):
        spec = request.model_spec
        version = spec.version.value if spec.HasField("version") else None
        if spec.name != self.model or version not in (None, self.version) or self.state != "AVAILABLE":
            asked = f"Latest({spec.name})" if version is None else f"Specific({spec.name}, {version})"
            raise SessionError(NOT_FOUND, f"Servable not found for request: {asked}")
        name = spec.signature_name or "serving_default"
        if name not in self.session.signatures:
            raise SessionError(INVALID_ARGUMENT, f'Serving signature name: "{name}" not found in signature def')
        inputs = {}
        for key, tensor in request.inputs.items():
            field, dtype = _INPUTS[tensor.dtype]
            shape = [dimension.size for dimension in tensor.tensor_shape.dim]
            inputs[key] = np.array(getattr(tensor, field), dtype).reshape(shape)
        answer = predict_pb2.PredictResponse()
        for key, array in self.session.run(name, inputs).items():
            answer.outputs[key].dtype = 7
            answer.outputs[key].tensor_shape.dim.add().size = len(array)
            answer.outputs[key].string_val.extend(array.tolist())
        return answer
