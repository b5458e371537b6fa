"""A Keras model in a file as an extractor."""

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features.extractor import DIGITS, Features, digest_of_file, with_channels
from dcgan_tf.models import pixels


class KerasFile:
    """A model with one image input and one output, which is flattened.

    It gets float32 [n, height, width, channels] in [-1, 1]; a model for another range begins with a Rescaling layer.
    Images are resized (bilinear, antialiased) if its input has another fixed size, and become RGB or gray if it has
    other channels.

    Raises:
        ArgumentError: no such file, not a Keras model, or other inputs and outputs.
    """

    classes = 0

    def __init__(self, path: Path):
        if not path.is_file():
            raise ArgumentError("features", path, "there is no such file")
        try:
            model = keras.saving.load_model(path, compile=False)
        except Exception as error:  # Keras raises errors of many types
            line = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ArgumentError("features", path, f"not a model that Keras can open ({line[:160]})") from error
        if len(model.inputs) != 1 or len(model.inputs[0].shape) != 4 or model.inputs[0].shape[-1] not in (1, 3):
            raise ArgumentError("features", path, "it must have one input, images [n, height, width, 1 or 3]")
        if len(model.outputs) != 1 or None in model.outputs[0].shape[1:]:
            raise ArgumentError("features", path, "it must have one output of a fixed size")
        self._path, self._model = path, model
        self._size, self._channels = model.inputs[0].shape[1:3], model.inputs[0].shape[-1]
        self.dimension = math.prod(model.outputs[0].shape[1:])
        self.name = f"keras-{path.stem[:40]}-{digest_of_file(path)[:DIGITS]}"
        self.caution = f"features of {path.name}: comparable only with values of the same file"
        self._apply = tf.function(
            self._features, input_signature=[tf.TensorSpec([None, None, None, self._channels], tf.uint8)]
        )

    def describe(self) -> dict[str, Any]:
        resize = "none" if None in self._size else f"bilinear, antialiased, to {self._size[0]}x{self._size[1]}"
        return {"kind": "keras", "name": self.name, "file": str(self._path), "resize": resize}

    def __call__(self, images: np.ndarray) -> Features:
        return Features(self._apply(with_channels(images, self._channels)).numpy())

    def _features(self, images: tf.Tensor) -> tf.Tensor:
        inputs = pixels.to_model_range(images)
        if None not in self._size:
            same = tf.reduce_all(tf.equal(tf.shape(inputs)[1:3], self._size))
            inputs = tf.cond(same, lambda: inputs, lambda: tf.image.resize(inputs, self._size, antialias=True))
            inputs = tf.ensure_shape(inputs, [None, *self._size, self._channels])
        outputs = tf.cast(self._model(inputs, training=False), tf.float32)
        return tf.reshape(outputs, [-1, self.dimension])
