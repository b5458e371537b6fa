"""How one setting is declared: a dataclass field with its help, the values it allows, and whether it affects results.

`config` declares all settings so. Flags, validation and the check on resume are generated from these declarations.
"""

import dataclasses
import math
import os
from dataclasses import field, fields
from typing import Any

from dcgan_tf import geometry
from dcgan_tf.errors import ArgumentError


def setting(
    default: Any,
    text: str,
    *,
    choices: tuple = (),
    minimum: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
    above: float | None = None,
    affects_results: bool = True,
    flag: bool = True,
) -> Any:
    """A dataclass field with its help text, the values it allows, and whether it affects the results of a run.

    A field without a `flag` is not set by the user; it follows from the data set or from networks of the user's own.
    """
    metadata = {
        "text": text,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "below": below,
        "above": above,
        "affects_results": affects_results,
        "flag": flag,
    }
    return field(default=default, metadata=metadata)


class Section:
    """Converts and checks every field by its own declaration as soon as a section is made."""

    def __post_init__(self):
        for item in fields(self):
            object.__setattr__(self, item.name, converted(item, getattr(self, item.name)))
            check(item, getattr(self, item.name))


def converted(item: dataclasses.Field, value: Any) -> Any:
    """A value as a user may pass it, in the type of its field.

    Raises:
        ArgumentError: it is of another type.
    """
    if item.type is geometry.Size:
        return geometry.size_of(value)
    truth = isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")  # Python's and NumPy's
    if item.type is bool and truth:
        return bool(value)
    if item.type is float and not truth and hasattr(value, "__float__"):
        return float(value)
    if item.type is int and not truth and hasattr(value, "__index__"):
        return int(value)
    if item.type is str and isinstance(value, os.PathLike):
        return os.fspath(value)
    if item.type is not str or not isinstance(value, str):
        raise ArgumentError(item.name, repr(value), f"it must be of type {item.type.__name__}")
    return value


def check(item: dataclasses.Field, value: Any) -> None:
    """Raises ArgumentError unless the value is one that its field allows."""
    rule = item.metadata
    if rule["choices"] and value not in rule["choices"]:
        raise ArgumentError(item.name, value, f"choose one of {', '.join(map(str, rule['choices']))}")
    bounds = {key: rule[key] for key in ("minimum", "above", "maximum", "below") if rule[key] is not None}
    if not bounds:
        return
    holds = {
        "minimum": lambda limit: value >= limit,
        "maximum": lambda limit: value <= limit,
        "above": lambda limit: value > limit,
        "below": lambda limit: value < limit,
    }
    if not math.isfinite(value) or not all(holds[key](limit) for key, limit in bounds.items()):
        words = {"minimum": "at least", "maximum": "at most", "above": "above", "below": "below"}
        form = ",d" if item.type is int else "g"
        wanted = " and ".join(f"{words[key]} {limit:{form}}" for key, limit in bounds.items())
        raise ArgumentError(item.name, value, f"it must be {wanted}")
