"""Loads and runs a SavedModel as TensorFlow Serving does: with TensorFlow's C++ loader, through its C API.

The stand-ins for a server (tests/serving) and the serving benchmark use it. TensorFlow's Python package is not
imported; where it is imported already, both use one library.
"""

import contextlib
import ctypes
import functools
import importlib.util
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION, UNIMPLEMENTED, DATA_LOSS = 3, 5, 9, 12, 15  # of TF_Code

_STRING = 7  # of TF_DataType
_STRING_BYTES = 24  # of a TF_TString
_NUMBERS = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 8: "complex64", 9: "int64",
    10: "bool", 17: "uint16", 18: "complex128", 19: "float16", 22: "uint32", 23: "uint64",
}  # fmt: skip
_NAMES = {**_NUMBERS, _STRING: "string"}
_CODES = {name: code for code, name in _NUMBERS.items()}


class SessionError(Exception):
    """What TensorFlow, or this file on its behalf, refuses.

    Attributes:
        code: a TF_Code; 3 is INVALID_ARGUMENT, which a server turns into HTTP 400.
        message: the text alone.
    """

    def __init__(self, code: int, message: str):
        super().__init__(f"{message} (code {code})")
        self.code, self.message = code, message


class TensorInfo(NamedTuple):
    """What a signature says about one tensor."""

    dtype: str  # a NumPy name ("float32"), or "string"
    shape: tuple[int | None, ...] | None  # None for a size that may vary, and for an unknown rank


@dataclass(frozen=True)
class Signature:
    """An entry of a SavedModel. A server answers only to the method name "tensorflow/serving/predict"."""

    method_name: str
    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]
    tensors: dict[tuple[str, str], str]  # ("input" or "output", name) -> "operation:index" in the graph


class CppSession:
    """A loaded SavedModel (tag "serve"). `run` may be called from many threads at once.

    Args:
        folder: holds saved_model.pb.

    Raises:
        SessionError: when it cannot be loaded; the code is the loader's.
    """

    def __init__(self, folder: str | os.PathLike):
        self._api = _library()
        self._graph = self._api.TF_NewGraph()
        self._session = None
        self._closing, self._running, self._idle = False, 0, threading.Condition()
        try:
            self._session, meta_graph = self._load(os.fsencode(folder))
            self.signatures = _signatures(meta_graph)
            self._places = {name: self._found(entry) for name, entry in self.signatures.items()}
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "CppSession":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def run(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs one signature; returns its outputs by name.

        Args:
            signature: one of `signatures`.
            inputs: an array for each input. It is passed on with the dtype and shape that it has, so that the model
                itself refuses what does not fit. Strings are bytes or str in an array of any such dtype.

        Returns:
            Arrays of numbers; strings as object arrays of bytes.

        Raises:
            SessionError: for an unknown signature, wrong names of inputs, and whatever the model refuses.
        """
        entry = self._signature(signature)
        if set(inputs) != set(entry.inputs):
            raise SessionError(INVALID_ARGUMENT, f"{signature} takes {sorted(entry.inputs)}, not {sorted(inputs)}")
        feeds, fetches = self._places[signature]
        with self._in_use(), contextlib.ExitStack() as stack:
            given = [stack.enter_context(self._tensor(np.asarray(inputs[name]))) for name in entry.inputs]
            results = (ctypes.c_void_p * len(fetches))()
            with self._status() as status:
                self._api.TF_SessionRun(
                    self._session, None, feeds, (ctypes.c_void_p * len(given))(*given), len(given),
                    fetches, results, len(fetches), None, 0, None, status,
                )  # fmt: skip
            for result in results:
                stack.callback(self._api.TF_DeleteTensor, result)
            # An output may share its memory with an input: all is copied before anything is released.
            return {name: self._array(result) for name, result in zip(entry.outputs, results, strict=True)}

    def close(self) -> None:
        """Waits for calls under way, then releases the model. Later calls of `run` are refused."""
        with self._idle:
            self._closing = True
            self._idle.wait_for(lambda: not self._running)
            session, self._session = self._session, None
            graph, self._graph = self._graph, None
        if session:
            with self._status() as status:
                self._api.TF_DeleteSession(session, status)
        if graph:
            self._api.TF_DeleteGraph(graph)

    def _load(self, folder: bytes) -> tuple[int, bytes]:
        options, buffer = self._api.TF_NewSessionOptions(), self._api.TF_NewBuffer()
        try:
            with self._status() as status:
                session = self._api.TF_LoadSessionFromSavedModel(
                    options, None, folder, (ctypes.c_char_p * 1)(b"serve"), 1, self._graph, buffer, status
                )
            return session, ctypes.string_at(buffer.contents.data, buffer.contents.length)
        finally:
            self._api.TF_DeleteBuffer(buffer)
            self._api.TF_DeleteSessionOptions(options)

    @contextlib.contextmanager
    def _status(self) -> Iterator[int]:
        """A TF_Status to pass to one call; raises what that call reports."""
        status = self._api.TF_NewStatus()
        try:
            yield status
            code = self._api.TF_GetCode(status)
            if code:
                raise SessionError(code, self._api.TF_Message(status).decode(errors="replace"))
        finally:
            self._api.TF_DeleteStatus(status)

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[None]:
        """Keeps `close` waiting."""
        with self._idle:
            if self._closing:
                raise SessionError(FAILED_PRECONDITION, "the session is closed")
            self._running += 1
        try:
            yield
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _signature(self, name: str) -> Signature:
        if name not in self.signatures:
            raise SessionError(NOT_FOUND, f"there is no signature {name!r}; there are {sorted(self.signatures)}")
        return self.signatures[name]

    def _found(self, entry: Signature) -> tuple[ctypes.Array, ctypes.Array]:
        """Where a signature's inputs and outputs are in the graph: two arrays of TF_Output."""
        sides = []
        for side, names in (("input", entry.inputs), ("output", entry.outputs)):
            places = (_Output * len(names))()
            for place, name in zip(places, names, strict=True):
                operation, _, index = entry.tensors[side, name].partition(":")
                found = self._api.TF_GraphOperationByName(self._graph, operation.encode())
                if not found:
                    raise SessionError(NOT_FOUND, f"{side} {name!r} is the operation {operation!r}, which is missing")
                place.operation, place.index = found, int(index or 0)
            sides.append(places)
        return sides[0], sides[1]

    @contextlib.contextmanager
    def _tensor(self, array: np.ndarray) -> Iterator[int]:
        """A TF_Tensor with a copy of the array, released in the end."""
        if array.dtype.kind in "OSU":
            strings = [item.encode() if isinstance(item, str) else item for item in array.ravel().tolist()]
            if not all(isinstance(item, bytes) for item in strings):
                raise SessionError(INVALID_ARGUMENT, "an array of objects may hold only bytes and str")
            tensor = self._allocated(_STRING, array.shape, _STRING_BYTES * array.size)
            slots = [self._api.TF_TensorData(tensor) + _STRING_BYTES * index for index in range(array.size)]
            for slot, item in zip(slots, strings, strict=True):
                self._api.TF_StringInit(slot)
                self._api.TF_StringCopy(slot, item, len(item))
        else:
            if array.dtype.name not in _CODES:
                raise SessionError(UNIMPLEMENTED, f"arrays of {array.dtype} cannot be passed")
            array, slots = np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(array.shape), []
            tensor = self._allocated(_CODES[array.dtype.name], array.shape, array.nbytes)
            ctypes.memmove(self._api.TF_TensorData(tensor), array.ctypes.data, array.nbytes)
        try:
            yield tensor
        finally:
            for slot in slots:
                self._api.TF_StringDealloc(slot)
            self._api.TF_DeleteTensor(tensor)

    def _allocated(self, code: int, shape: tuple[int, ...], size: int) -> int:
        return self._api.TF_AllocateTensor(code, (ctypes.c_int64 * len(shape))(*shape), len(shape), size)

    def _array(self, tensor: int) -> np.ndarray:
        """A copy of a TF_Tensor."""
        api = self._api
        code = api.TF_TensorType(tensor)
        shape = tuple(api.TF_Dim(tensor, axis) for axis in range(api.TF_NumDims(tensor)))
        data = api.TF_TensorData(tensor)
        if code == _STRING:
            array = np.empty(shape, object)
            for index in range(array.size):
                slot = data + _STRING_BYTES * index
                array.flat[index] = ctypes.string_at(api.TF_StringGetDataPointer(slot), api.TF_StringGetSize(slot))
            return array
        if code not in _NUMBERS:
            raise SessionError(UNIMPLEMENTED, f"an output has the data type {code}, which NumPy does not know")
        array = np.empty(shape, _NUMBERS[code])
        ctypes.memmove(array.ctypes.data, data, array.nbytes)
        return array


class _Buffer(ctypes.Structure):
    """TF_Buffer."""

    _fields_ = (("data", ctypes.c_void_p), ("length", ctypes.c_size_t), ("deallocator", ctypes.c_void_p))


class _Output(ctypes.Structure):
    """TF_Output: one output of one operation."""

    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


@functools.cache
def _library() -> ctypes.CDLL:
    """TensorFlow's shared library, its functions declared."""
    package = importlib.util.find_spec("tensorflow").submodule_search_locations[0]
    path = Path(package, "libtensorflow_cc.2.dylib" if sys.platform == "darwin" else "libtensorflow_cc.so.2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # it is read when the library starts
    api = ctypes.CDLL(str(path))
    pointer, number, size, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t, ctypes.c_char_p
    buffer, outputs, pointers = ctypes.POINTER(_Buffer), ctypes.POINTER(_Output), ctypes.POINTER(pointer)
    for function, result, *arguments in (
        ("TF_NewStatus", pointer),
        ("TF_DeleteStatus", None, pointer),
        ("TF_GetCode", number, pointer),
        ("TF_Message", text, pointer),
        ("TF_NewBuffer", buffer),
        ("TF_DeleteBuffer", None, buffer),
        ("TF_NewGraph", pointer),
        ("TF_DeleteGraph", None, pointer),
        ("TF_GraphOperationByName", pointer, pointer, text),
        ("TF_NewSessionOptions", pointer),
        ("TF_DeleteSessionOptions", None, pointer),
        ("TF_LoadSessionFromSavedModel", pointer,
            pointer, buffer, text, ctypes.POINTER(text), number, pointer, buffer, pointer),
        ("TF_SessionRun", None,
            pointer, buffer, outputs, pointers, number, outputs, pointers, number, pointers, number, buffer, pointer),
        ("TF_DeleteSession", None, pointer, pointer),
        ("TF_AllocateTensor", pointer, number, ctypes.POINTER(ctypes.c_int64), number, size),
        ("TF_DeleteTensor", None, pointer),
        ("TF_TensorData", pointer, pointer),
        ("TF_TensorType", number, pointer),
        ("TF_NumDims", number, pointer),
        ("TF_Dim", ctypes.c_int64, pointer, number),
        ("TF_StringInit", None, pointer),
        ("TF_StringCopy", None, pointer, text, size),
        ("TF_StringGetDataPointer", pointer, pointer),
        ("TF_StringGetSize", size, pointer),
        ("TF_StringDealloc", None, pointer),
    ):  # fmt: skip
        getattr(api, function).restype, getattr(api, function).argtypes = result, arguments
    return api


# The signatures stand in the MetaGraphDef. Its Python class belongs to the package `tensorflow`, which would be
# imported with it, so the few fields that are needed are read from the wire format, by their numbers in
# meta_graph.proto and tensor_shape.proto.


def _signatures(meta_graph: bytes) -> dict[str, Signature]:
    """By name; without the entries that TensorFlow makes for its own start-up."""
    found = {}
    for entry in _fields(meta_graph).get(5, ()):
        name, definition = _map_entry(entry)
        if not name.startswith("__saved_model"):
            found[name] = _signature(definition)
    return found


def _signature(definition: bytes) -> Signature:
    fields = _fields(definition)
    infos: dict[str, dict[str, TensorInfo]] = {"input": {}, "output": {}}
    tensors = {}
    for side, number in (("input", 1), ("output", 2)):
        for name, value in sorted(map(_map_entry, fields.get(number, ()))):
            parts = _fields(value)
            code = parts.get(2, [0])[0]
            tensors[side, name] = parts.get(1, [b""])[0].decode()
            infos[side][name] = TensorInfo(_NAMES.get(code, f"type {code}"), _shape(parts.get(3, [b""])[0]))
    return Signature(fields.get(3, [b""])[0].decode(), infos["input"], infos["output"], tensors)


def _shape(definition: bytes) -> tuple[int | None, ...] | None:
    fields = _fields(definition)
    if fields.get(3, [0])[0]:
        return None
    sizes = (_fields(dimension).get(1, [0])[0] for dimension in fields.get(2, ()))
    return tuple(size if size < 2**63 else None for size in sizes)  # -1, as an unsigned number


def _map_entry(entry: bytes) -> tuple[str, bytes]:
    fields = _fields(entry)
    return fields.get(1, [b""])[0].decode(), fields.get(2, [b""])[0]


def _fields(message: bytes) -> dict[int, list]:
    """A protocol buffer's fields by number: integers, and bytes for texts and messages."""
    found: dict[int, list] = {}
    view, position = memoryview(message), 0
    while position < len(view):
        key, position = _varint(view, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, position = _varint(view, position)
        elif kind in (1, 2, 5):
            length, position = (8 if kind == 1 else 4, position) if kind != 2 else _varint(view, position)
            value, position = bytes(view[position : position + length]), position + length
        else:
            raise SessionError(DATA_LOSS, "the MetaGraphDef cannot be read")
        found.setdefault(number, []).append(value)
    return found


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[position]
        value, shift, position = value | (byte & 127) << shift, shift + 7, position + 1
        if byte < 128:
            return value, position
