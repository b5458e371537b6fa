"""The ONNX file, for ONNX Runtime and other programs. It needs the packages of the extra "onnx"."""

import json
import logging
from pathlib import Path

import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.exporting import reader
from dcgan_tf.exporting.description import KEY, Description
from dcgan_tf.models.generator import Generator

OPSET = 17  # the newest that ONNX Runtime of 2022 reads


def write(generator: Generator, description: Description, path: Path) -> None:
    """Writes z float32 [n, latent_dim], and label int32 [n] if conditional, to images float32 in [-1, 1]."""
    import onnx
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    specs = [tf.TensorSpec([None, description.latent_dim], tf.float32, name="z")]
    if generator.config.conditional:
        specs.append(tf.TensorSpec([None], tf.int32, name="label"))

    @tf.function
    def images(z, label=None):
        return {"images": generator.model(models.inputs(z, label), training=False)}

    model, _ = tf2onnx.convert.from_function(images, input_signature=specs, opset=OPSET)
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
