"""TFLite files: one image a call, for phones, browsers and small machines.

The batch size is fixed at 1. With a variable batch size some runtimes refuse the file, and int8 weights fall back to
code that is two hundred times slower.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import flatbuffers
import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from dcgan_tf.exporting.description import KEY, Description
from dcgan_tf.exporting.float_graph import float_graph
from dcgan_tf.models import latent
from dcgan_tf.models.generator import Generator

REPRESENTATIVE = 256  # latents from which full int8 takes its ranges

LEVELS = 127
REACH = 4.0
"""The coarse part of an input lies on a grid of 2 * LEVELS steps over [-REACH, REACH]."""


def write(generator: Generator, description: Description, path: Path, kind: str) -> None:
    """Writes one file: z float32 [1, latent_dim], and label int32 [1] if conditional, to images float32 in [-1, 1].

    Args:
        generator: loaded weights.
        description: kept in the file's metadata under "dcgan_tf".
        path: the file.
        kind: "float32"; "float16" (weights); "int8_dynamic" (int8 weights, float activations that are rounded before
            each product); "int8" (integers throughout, for hardware that has nothing else).
    """
    model = _prepared(generator.model, kind)
    images, specs = float_graph(model, generator.config, 1)
    holder = tf.Module()  # owns the variables; given a Keras model, the converter silently leaves them empty
    holder.bare_variables = [variable.value for variable in model.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([images.get_concrete_function(*specs)], holder)
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        converter.representative_dataset = lambda: _representative(generator)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    path.write_bytes(_with_description(converter.convert(), description))


def _representative(generator: Generator) -> Iterator[dict[str, tf.Tensor]]:
    config = generator.config
    z = latent.draw(0, "calibration", 0, REPRESENTATIVE, config.latent_dim, config.latent_distribution)
    labels = generator.labels(tf.range(REPRESENTATIVE, dtype=tf.int64))
    for row in range(REPRESENTATIVE):
        one = slice(row, row + 1)
        yield {"z": z[one], "label": labels[one]} if config.conditional else {"z": z[one]}


def _prepared(model: keras.Model, kind: str) -> keras.Model:
    """A copy that makes the same images, with layers that convert well. Layers are told apart by type, not by name."""
    replacements = {keras.layers.CategoryEncoding: _Comparison}
    if kind == "int8_dynamic":
        replacements[keras.layers.Dense] = _TwoRowDense

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        return replacements.get(type(layer), type(layer)).from_config(layer.get_config())

    copied = keras.models.clone_model(model, clone_function=copy)
    copied.set_weights(model.get_weights())
    return copied


class _Comparison(keras.layers.CategoryEncoding):
    """One-hot labels by comparison: in full int8 the converter gives the operator ONE_HOT a wrong scale."""

    def call(self, label: tf.Tensor) -> tf.Tensor:
        """int32 [1] to float32 [1, classes]."""
        if self.output_mode != "one_hot" or label.shape.rank != 1:
            return super().call(label)
        numbers = tf.range(self.num_tokens, dtype=label.dtype)  # Keras has made the label a float
        return tf.cast(tf.equal(label[:, tf.newaxis], numbers), tf.float32)


class _TwoRowDense(keras.layers.Dense):
    """A dense layer that splits its input into two rows, a coarse and a fine one, and adds their outputs.

    The runtime rounds each row of an input to 8 bits by its own range. The coarse row lies on a grid that this rounding
    keeps exactly (two more entries, with weights of zero, pin its range); the fine row is the small rest. So the latent
    loses nothing. Rounding it as one row costs most: two rows halve the largest error of a trained generator.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """float32 [1, inputs] to float32 [1, units]."""
        if inputs.shape.rank != 2:
            return super().call(inputs, training)
        step = REACH / LEVELS
        coarse = step * tf.clip_by_value(tf.round(inputs / step), -LEVELS, LEVELS)
        pins = tf.constant([[-(LEVELS + 1) * step, LEVELS * step]])
        rows = tf.concat([tf.concat([coarse, pins], axis=1), tf.pad(inputs - coarse, [[0, 0], [0, 2]])], axis=0)
        outputs = tf.reduce_sum(tf.matmul(rows, tf.pad(self.kernel.value, [[0, 2], [0, 0]])), axis=0, keepdims=True)
        return self.activation(outputs if self.bias is None else outputs + self.bias.value)


def _with_description(content: bytes, description: Description) -> bytes:
    """The file with one more metadata entry."""
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(json.dumps(description.to_dict()).encode(), np.uint8)
    entry = schema.MetadataT()
    entry.name, entry.buffer = KEY, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    model.description = f"DCGAN generator {description.name}"
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def describe(path: Path) -> dict:
    """The description inside a .tflite file.

    Raises:
        OSError, KeyError, ValueError: it has none.
    """
    content = path.read_bytes()
    if content[4:8] != b"TFL3":
        raise ValueError("not a TFLite file")
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    entries = {entry.name.decode(): entry.buffer for entry in model.metadata or []}
    return json.loads(bytes(model.buffers[entries[KEY]].data))
