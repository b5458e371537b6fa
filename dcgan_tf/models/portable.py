"""Keras's own description of a model, for every backend and for older versions of Keras."""

import copy
import functools
import inspect
import json
from typing import Any

import keras

_MODULES = ("keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints")


def portable(described: Any, **changes: Any) -> Any:
    """The same description without those arguments of Keras's own objects that have their default value.

    Each version of Keras adds arguments to layers and initializers, writes them down, and refuses those that it does
    not know. No argument has ever got another default (all layers, initializers, regularizers and constraints of 12
    versions from 3.0 to 3.15 were compared), so leaving them out changes nothing. What the user wrote stays as it is.

    Args:
        described: plain values, as in `json.loads(model.to_json())`, or a part of them.
        changes: other values for arguments, wherever they are: `synchronized=False`.
    """
    if isinstance(described, list):
        return [portable(item, **changes) for item in described]
    if not isinstance(described, dict):
        return described
    described = {name: portable(value, **changes) for name, value in described.items()}
    if described.keys() >= {"module", "class_name", "config"} and described["module"] in _MODULES:
        kind = getattr(getattr(keras, described["module"].partition(".")[2]), described["class_name"])
        config = {name: changes.get(name, value) for name, value in described["config"].items()}
        shorter = {name: value for name, value in config.items() if _defaults(kind).get(name) != json.dumps(value)}
        described["config"] = shorter if _enough(kind, shorter) else config
    return described


@functools.cache
def _defaults(kind: type) -> dict[str, str]:
    """The arguments of a class that have defaults, and these as JSON."""
    defaults = {}
    for each in reversed(kind.__mro__):
        parameters = inspect.signature(each.__init__).parameters.values()
        defaults |= {each.name: json.dumps(each.default, default=str) for each in parameters}
    return defaults


def _enough(kind: type, config: dict) -> bool:
    """Whether the class can be made from these arguments; a few, as Rescaling, want to read even a default."""
    try:
        kind.from_config(copy.deepcopy(config))
    except (KeyError, TypeError, ValueError):
        return False
    return True
