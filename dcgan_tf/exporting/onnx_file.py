"""The ONNX file, for ONNX Runtime and other programs. It needs the packages of the extra "onnx"."""

import json
import logging
from pathlib import Path

from dcgan_tf.exporting import reader
from dcgan_tf.exporting.description import KEY, Description
from dcgan_tf.exporting.float_graph import float_graph
from dcgan_tf.models.generator import Generator

OPSET = 17  # the newest that ONNX Runtime of 2022 reads


def write(generator: Generator, description: Description, path: Path) -> None:
    """Writes z float32 [batch, latent_dim], and label int32 [batch] if conditional, to images float32 in [-1, 1]."""
    import onnx
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    images, specs = float_graph(generator.model, generator.config, None)
    model, _ = tf2onnx.convert.from_function(images, input_signature=specs, opset=OPSET)
    for each in (*model.graph.input, *model.graph.output):
        each.type.tensor_type.shape.dim[0].dim_param = "batch"  # one name: all of them have as many rows
    onnx.helper.set_model_props(model, {KEY: json.dumps(description.to_dict())})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def describe(path: Path) -> dict:
    """The description inside an ONNX file.

    Raises:
        ModuleNotFoundError: ONNX Runtime is not installed.
        Exception: it has none.
    """
    _, session = reader.open_onnx(str(path))
    return json.loads(session.get_modelmeta().custom_metadata_map[KEY])
