"""The generator as one TensorFlow function of floats, for converters to other formats."""

from collections.abc import Callable

import keras
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.config import ModelConfig


def float_graph(model: keras.Model, config: ModelConfig, rows: int | None) -> tuple[Callable, list[tf.TensorSpec]]:
    """z float32 [rows, latent_dim], and label int32 [rows] if conditional, to "images" float32 in [-1, 1].

    These formats cannot refuse a request, so a label out of range counts as the nearest class.

    Args:
        model: what is called.
        config: of its generator.
        rows: the batch size; None for any.

    Returns:
        The function, not yet traced, and what it is traced with.
    """
    specs = [tf.TensorSpec([rows, config.latent_dim], tf.float32, name="z")]
    if config.conditional:
        specs.append(tf.TensorSpec([rows], tf.int32, name="label"))

    @tf.function
    def images(z, label=None):
        if label is not None:
            label = tf.clip_by_value(label, 0, config.classes - 1)
        return {"images": model(models.inputs(z, label), training=False)}

    return images, specs
