"""What a served generator answers, as graph functions.

A server runs nothing but the graph, so every check of a request is part of it. A failed check becomes an
InvalidArgument with a sentence, which TF Serving passes to the client.
"""

import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.models import latent, pixels
from dcgan_tf.models.generator import Generator

LARGEST_REQUEST = 256  # images; without a limit one request could take all memory
LARGEST_SEED = 2**62
OWN_CLASS = -1  # this label stands for the seed's own class, the one that an image has by default


class ServedGenerator(tf.Module):
    """The functions behind the signatures, and the variables that they use.

    It tracks the bare `tf.Variable`s and calls the model through a closure. If it tracked the Keras model, the file
    would restore copies of the variables and leave those that the graph reads empty: Python loads such a SavedModel,
    TF Serving does not.

    Args:
        generator: loaded weights in float32.
    """

    def __init__(self, generator: Generator):
        super().__init__()
        self.bare_variables = [variable.value for variable in generator.model.variables]
        config = generator.config
        rows = [tf.TensorSpec([None], tf.int32, "label")] if config.conditional else []
        one = [tf.TensorSpec(None, tf.int32, "label")] if config.conditional else []
        z, seed = tf.TensorSpec([None, config.latent_dim], tf.float32, "z"), tf.TensorSpec([None], tf.int64, "seed")
        ends = [tf.TensorSpec(None, tf.int64, "start"), tf.TensorSpec(None, tf.int64, "end")]
        answers = _Answers(generator)
        self._functions = {
            "serving_default": (answers.serving_default, [z, *rows]),
            "generate": (answers.generate, [seed, *rows]),
            "generate_png": (answers.generate_png, [seed, *rows]),
            "interpolate": (answers.interpolate, [*ends, tf.TensorSpec(None, tf.int32, "steps"), *one]),
        }

    def signatures(self) -> dict:
        """Concrete functions by signature name, as `tf.saved_model.save` takes them."""
        return {
            name: tf.function(function, input_signature=specs).get_concrete_function()
            for name, (function, specs) in self._functions.items()
        }


class _Answers:
    """One method for each signature; `label` is passed where the generator is conditional."""

    def __init__(self, generator: Generator):
        self._model, self._config, self._latents = generator.model, generator.config, generator.latents

    def serving_default(self, z, label=None):
        """z float32 [n, latent_dim], label int32 [n], to images float32 [n, height, width, channels] in [-1, 1]."""
        z = _checked(_limited(z, "z"), tf.reduce_all(tf.math.is_finite(z)), "z: every number must be finite")
        if label is not None:
            label = self._checked_labels(label, z, lowest=0)
        return {"images": self._images(z, label)}

    def generate(self, seed, label=None):
        """seed int64 [n], label int32 [n] (-1: the seed's own), to images uint8 [n, height, width, channels]."""
        seed = _seed(_limited(seed, "seed"), "seed")
        if label is not None:
            label = self._checked_labels(label, seed, lowest=OWN_CLASS)
            label = tf.where(label == OWN_CLASS, latent.labels_of_seeds(seed, self._config.classes), label)
        return {"images": pixels.to_pixels(self._images(self._latents(seed), label))}

    def generate_png(self, seed, label=None):
        """The same images as PNG files: string [n]."""
        return {"png_bytes": _png(self.generate(seed, label)["images"])}

    def interpolate(self, start, end, steps, label=None):
        """Two seeds and a number of images including both ends, to PNG files on the way: string [steps]."""
        ends = tf.stack([_seed(_single(start, "start"), "start"), _seed(_single(end, "end"), "end")])
        steps = _single(steps, "steps")
        within = tf.logical_and(steps >= 2, steps <= LARGEST_REQUEST)
        steps = _checked(steps, within, f"steps: it must be from 2 to {LARGEST_REQUEST}")
        z = self._latents(ends)
        path = latent.between(z[0], z[1], tf.linspace(0.0, 1.0, steps), self._config.latent_distribution)
        if label is not None:
            own = latent.labels_of_seeds(ends[:1], self._config.classes)
            label = self._checked_labels(_single(label, "label")[tf.newaxis], own, lowest=OWN_CLASS)
            label = tf.repeat(tf.where(label == OWN_CLASS, own, label), steps)
        return {"png_bytes": _png(pixels.to_pixels(self._images(path, label)))}

    def _images(self, z: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
        return self._model(models.inputs(z, label), training=False)

    def _checked_labels(self, label: tf.Tensor, rows: tf.Tensor, lowest: int) -> tf.Tensor:
        label = _checked(label, tf.equal(tf.size(label), tf.shape(rows)[0]), "label: give one for each image")
        highest = self._config.classes - 1
        within = tf.reduce_all(tf.logical_and(label >= lowest, label <= highest))
        return _checked(label, within, f"label: a class is from {lowest} to {highest}")


def _checked(value: tf.Tensor, holds: tf.Tensor, sentence: str) -> tf.Tensor:
    """The value, once the condition holds; InvalidArgument with the sentence otherwise."""
    with tf.control_dependencies([tf.debugging.Assert(holds, [sentence])]):
        return tf.identity(value)


def _limited(value: tf.Tensor, name: str) -> tf.Tensor:
    count = tf.shape(value)[0]
    within = tf.logical_and(count >= 1, count <= LARGEST_REQUEST)
    return _checked(value, within, f"{name}: a request holds from 1 to {LARGEST_REQUEST} images")


def _seed(seed: tf.Tensor, name: str) -> tf.Tensor:
    within = tf.reduce_all(tf.logical_and(seed >= 0, seed <= LARGEST_SEED))
    return _checked(seed, within, f"{name}: a seed is from 0 to 2^62")


def _single(value: tf.Tensor, name: str) -> tf.Tensor:
    """The one number of a scalar (column format) or of a row of one (row format): []."""
    flat = tf.reshape(value, [-1])
    return _checked(flat, tf.equal(tf.size(flat), 1), f"{name}: give one number")[0]


def _png(images: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.TensorSpec([], tf.string))
