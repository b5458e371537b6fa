"""JSON requests to arrays and arrays to JSON answers, by the rules of TensorFlow Serving's json_tensor.cc."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.cpp_session import INVALID_ARGUMENT, SessionError, Signature

_TYPE_NAMES = {"float32": "float", "float64": "double", "float16": "half"}
_BOUNDS = {"int8": 31, "uint8": 31, "int16": 31, "int32": 31, "int64": 63}  # bits that a JSON integer may have


def parsed(body: bytes, signatures: Mapping[str, Signature]) -> tuple[str, dict[str, np.ndarray], bool]:
    """The signature, the inputs, and whether the request has rows ("instances") or columns ("inputs").

    Raises:
        SessionError: with code INVALID_ARGUMENT and the server's message.
    """
    if not body:
        raise _refusal("JSON Parse error: The document is empty")
    try:
        request = json.loads(body)  # NaN and Infinity are numbers, here as there
    except json.JSONDecodeError as error:
        raise _refusal(f"JSON Parse error: Invalid value. at offset: {error.pos}") from None
    except (UnicodeDecodeError, RecursionError):
        raise _refusal("JSON Parse error: Invalid encoding in string. at offset: 0") from None
    if not isinstance(request, dict):
        raise _refusal(f"JSON Value: {_text(request)} Is not object")
    name = request.get("signature_name", "serving_default")
    if not isinstance(name, str):
        raise _refusal(
            f"JSON Value: {_text(request)} not formatted correctly. 'signature_name' key must be a string value."
        )
    name = name or "serving_default"
    if name not in signatures:
        raise _refusal(f'Serving signature name: "{name}" not found in signature def')
    dtypes = {key: info.dtype for key, info in signatures[name].inputs.items()}
    if "instances" in request and "inputs" in request:
        problem = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        raise _refusal(f"JSON Value: {_text(request)} {problem}")
    if "instances" in request:
        return name, _rows(request, dtypes), True
    if "inputs" in request:
        return name, _columns(request["inputs"], dtypes), False
    raise _refusal("Missing 'inputs' or 'instances' key")


def answer(outputs: Mapping[str, np.ndarray], rows: bool) -> dict[str, Any]:
    """The JSON object of an answer: {"predictions": [...]} for rows, {"outputs": ...} for columns."""
    if not rows:
        values = {name: _listed(name, array) for name, array in outputs.items()}
        return {"outputs": values if len(values) > 1 else next(iter(values.values()))}
    sizes = {}
    for name, array in outputs.items():
        if not array.ndim:
            raise _refusal(f"Tensor name: {name} has no shape information ")
        sizes[name] = len(array)
        expected = next(iter(sizes.values()))
        if len(array) != expected:
            raise _refusal(f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {expected}")
    values = {name: _listed(name, array) for name, array in outputs.items()}
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    return {"predictions": [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]}


def _rows(request: dict[str, Any], dtypes: Mapping[str, str]) -> dict[str, np.ndarray]:
    instances = request["instances"]
    if not isinstance(instances, list):
        raise _refusal(f"JSON Value: {_text(request)} Excepting 'instances' to be an list/array")
    if not instances:
        raise _refusal(f"JSON Value: {_text(request)} No values in 'instances' array")
    named = _is_object(instances[0])
    if not isinstance(instances[0], dict) and len(dtypes) > 1:
        raise _refusal(
            "instances is a plain list, but expecting list of objects as multiple "
            "input tensors required as per tensorinfo_map"
        )
    columns: dict[str, list[np.ndarray]] = {name: [] for name in dtypes}
    for index, element in enumerate(instances):
        if _is_object(element) != named:
            found = ("object", "list") if named else ("value/list", "object")
            raise _refusal(f"Expecting {found[0]} but got {found[1]} at item {index} of input list")
        items = element if named else {next(iter(dtypes)): element}
        for name, value in items.items():
            try:
                _add_row(columns, name, value, dtypes)
            except SessionError as error:
                key = f" key: {name}" if named else ""
                raise _refusal(
                    f"Failed to process element: {index}{key} of 'instances' list. "
                    f"Error: INVALID_ARGUMENT: {error.message}"
                ) from None
        if set(items) != set(dtypes):
            raise _refusal(
                f"Failed to process element: {index} of 'instances' list. JSON object: {_text(element)} "
                f"keys must be equal to: {','.join(sorted(dtypes))}"
            )
    return {name: np.stack(arrays) for name, arrays in columns.items()}


def _add_row(columns: dict[str, list[np.ndarray]], name: str, value: Any, dtypes: Mapping[str, str]) -> None:
    if name not in dtypes:
        raise _refusal(f"JSON object: does not have named input: {name}")
    array = _tensor(value, dtypes[name])
    first = columns[name][0] if columns[name] else array
    if array.size != first.size:
        raise _refusal(f"Expecting tensor size: {first.size} but got: {array.size}")
    if array.shape != first.shape:
        raise _refusal(f"Expecting shape {_shape_text(first)} but got: {_shape_text(array)}")
    columns[name].append(array)


def _columns(inputs: Any, dtypes: Mapping[str, str]) -> dict[str, np.ndarray]:
    if not _is_object(inputs):
        if len(dtypes) > 1:
            raise _refusal(
                "inputs is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
        return {name: _tensor(inputs, dtype) for name, dtype in dtypes.items()}
    for name in dtypes:
        if name not in inputs:
            raise _refusal(f"Missing named input: {name} in 'inputs' object.")
    return {name: _tensor(inputs[name], dtype) for name, dtype in dtypes.items()}


def _tensor(value: Any, dtype: str) -> np.ndarray:
    """A JSON value as an array; the first element at every depth decides the shape."""
    shape, inner = [], value
    while isinstance(inner, list):
        shape.append(len(inner))
        if not inner:
            break
        inner = inner[0]
    found: list[Any] = []
    _fill(value, 0, shape, dtype, found)
    array = np.empty(len(found), object if dtype == "string" else dtype)
    for index, item in enumerate(found):
        array[index] = item
    return array.reshape(shape)


def _fill(value: Any, level: int, shape: list[int], dtype: str, found: list[Any]) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            raise _refusal(
                f"JSON Value: {_text(value)} found at incorrect level: {level + 1} "
                f"in the JSON DOM. Expected at level: {len(shape)}"
            )
        found.append(_item(value, dtype))
        return
    if level >= len(shape):
        raise _refusal(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise _refusal(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        )
    for inner in value:
        _fill(inner, level + 1, shape, dtype, found)


def _item(value: Any, dtype: str) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if dtype == "string":
        if _is_base64(value):
            try:
                return base64.b64decode(value["b64"], validate=True)
            except binascii.Error:
                raise _refusal("Unable to base64 decode") from None
        if isinstance(value, dict):
            raise _refusal(f"JSON Value: {_text(value)} not formatted correctly for base64 data")
        good = isinstance(value, str)
        value = value.encode() if good else value
    elif dtype.startswith("float"):
        good = number
        if good and np.isfinite(value) and not _fits(value, dtype):
            target = _TYPE_NAMES[dtype]
            raise _refusal(f"Cannot convert JSON value: {_text(value)} to {target} without loss of precision.")
    elif dtype == "bool":
        good = isinstance(value, bool)
    else:
        good = number and isinstance(value, int) and -(2 ** _BOUNDS[dtype]) <= value < 2 ** _BOUNDS[dtype]
    if not good:
        kind = _kind(value)
        raise _refusal(
            f"JSON Value: {_text(value)} Type: {kind} is not of expected type: {_TYPE_NAMES.get(dtype, dtype)}"
        )
    return value


def _fits(value: float, dtype: str) -> bool:
    info = np.finfo(dtype)
    if isinstance(value, int):
        return abs(value) < 2 ** (info.nmant + 1)
    return float(info.min) <= value <= float(info.max)


def _listed(name: str, array: np.ndarray) -> Any:
    """An array as nested lists; strings of a tensor whose name ends in _bytes as {"b64": ...}."""
    if array.dtype == object:
        as_bytes = name.endswith("_bytes")
        items = [
            {"b64": base64.b64encode(item).decode()} if as_bytes else item.decode(errors="replace")
            for item in array.ravel()
        ]
        listed = np.empty(len(items), object)
        listed[:] = items
        return listed.reshape(array.shape).tolist()
    if array.dtype == np.float32:  # as the shortest decimal that is read as the same float32
        return np.array([float(str(item)) for item in array.ravel()], np.float64).reshape(array.shape).tolist()
    return array.tolist()


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not _is_base64(value)


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _kind(value: Any) -> str:
    kinds = {type(None): "Null", bool: str(value), dict: "Object", list: "Array", str: "String"}
    return kinds.get(type(value), "Number")


def _text(value: Any) -> str:
    return json.dumps(value, indent=4)


def _shape_text(array: np.ndarray) -> str:
    return f"[{','.join(map(str, array.shape))}]"


def _refusal(message: str) -> SessionError:
    return SessionError(INVALID_ARGUMENT, message)
