"""How TF Serving's REST interface reads a request, and its words for one that it cannot read (json_tensor.cc)."""

import json
from typing import Any

import numpy as np

_JSON_TYPES = {str: "String", int: "Number", float: "Number", bool: "True", dict: "Object", type(None): "Null"}


class RequestError(Exception):
    """An answer with an HTTP code and a message."""


def inputs(request: dict[str, Any], dtypes: dict[str, str]) -> dict[str, np.ndarray]:
    """The inputs of a signature, given as rows ("instances") or as columns ("inputs")."""
    if "instances" in request:
        rows = [_named(number, row, dtypes) for number, row in enumerate(request["instances"])]
        return {name: _tensor([row[name] for row in rows], dtype) for name, dtype in dtypes.items()}
    columns = request["inputs"]
    if not isinstance(columns, dict):
        _require(len(dtypes) == 1, "inputs is a plain value/list, but expecting an object as multiple input tensors")
        columns = {next(iter(dtypes)): columns}
    for name in dtypes:
        _require(name in columns, f"Missing named input: {name} in 'inputs' object.")
    return {name: _tensor(columns[name], dtype) for name, dtype in dtypes.items()}


def _named(number: int, row: Any, dtypes: dict[str, str]) -> dict[str, Any]:
    if not isinstance(row, dict):
        _require(len(dtypes) == 1, "instances is a plain list, but expecting list of objects as multiple input tensors")
        return {next(iter(dtypes)): row}
    place = f"Failed to process element: {number} of 'instances' list. JSON object: {json.dumps(row)}"
    _require(row.keys() == dtypes.keys(), f"{place} keys must be equal to: {','.join(sorted(dtypes))}")
    return row


def _tensor(column: Any, dtype: str) -> np.ndarray:
    shape, first = [], column
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    _check(column, 0, shape, dtype)
    return np.array(column, dtype)


def _check(value: Any, level: int, shape: list[int], dtype: str) -> None:
    if not isinstance(value, list):
        _require(level == len(shape), f"JSON Value: {value} found at incorrect level: {level + 1} in the JSON DOM.")
        fits = type(value) in ((int, float) if dtype == "float32" else (int,))
        fits = fits and (dtype != "int32" or -(2**31) <= value < 2**31)
        kind = f"JSON Value: {json.dumps(value)} Type: {_JSON_TYPES[type(value)]}"
        _require(fits, f"{kind} is not of expected type: {dtype.replace('float32', 'float')}")
        return
    _require(level < len(shape), f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    expected = shape[level]
    size = f"size: {len(value)} at level: {level} expected size: {expected}"
    _require(len(value) == expected, f"Encountered list at unexpected {size}")
    for each in value:
        _check(each, level + 1, shape, dtype)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise RequestError(400, message)
