"""Trained generators as files for other programs: SavedModel, TFLite, Keras and ONNX, each verified.

    from dcgan_tf import exporting

    result = exporting.export_run(RunDirectory("runs/00000-mnist_28"), formats=["keras", "tflite"])
    result.paths["keras"]                                   # the file; result.refused: what was not kept, and why
    exporting.load(result.paths["keras"]).images(range(64))    # uint8 [64, 28, 28, 1], as from the run itself

This package loads TensorFlow with the first name that needs it; `FORMATS` does not.
"""

import importlib
from typing import Any

from dcgan_tf.exporting.formats import FORMATS

_LAZY = {
    "Export": "exporter",
    "export_run": "exporter",
    "export_generator": "exporter",
    "ExportedGenerator": "exported",
    "load": "exported",
}

__all__ = ["FORMATS", "Export", "ExportedGenerator", "export_generator", "export_run", "load"]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
