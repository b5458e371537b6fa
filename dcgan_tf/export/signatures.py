"""What a served generator can be asked, as graph functions.

Everything a request can get wrong is checked inside the graph, because a server runs nothing else: a failed check
becomes an InvalidArgument with its sentence, which TF Serving hands to the client.
"""

from collections.abc import Callable

import tensorflow as tf

from dcgan_tf import latents, pixels
from dcgan_tf.generation import InferenceGenerator

LARGEST_REQUEST = 256  # images; without a limit one request could ask for all the memory there is
LARGEST_SEED = 2**62


class ServedGenerator(tf.Module):
    """The functions behind the signatures, and the variables they use.

    It tracks the bare `tf.Variable`s and calls the model through a closure. If it tracked the Keras model, the export
    would restore copies of the variables and leave those that the graph reads empty: Python loads such a SavedModel
    and TF Serving does not.

    Args:
        generator: loaded weights in float32.
    """

    def __init__(self, generator: InferenceGenerator):
        super().__init__()
        self.bare_variables = [variable.value for variable in generator.model.variables]
        config, model = generator.config, generator.model

        def images(z: tf.Tensor) -> tf.Tensor:
            return model(z, training=False)

        def images_of_seeds(seed: tf.Tensor) -> tf.Tensor:
            return pixels.to_pixels(images(generator.latents(seed)))

        self._functions = {
            "serving_default": (_default(images), [tf.TensorSpec([None, config.latent_dim], tf.float32, "z")]),
            "generate": (_generate(images_of_seeds), [tf.TensorSpec([None], tf.int64, "seed")]),
            "generate_png": (_generate_png(images_of_seeds), [tf.TensorSpec([None], tf.int64, "seed")]),
            "interpolate": (
                _interpolate(images, generator.latents, config.latent_law),
                [
                    tf.TensorSpec(None, tf.int64, "start"),
                    tf.TensorSpec(None, tf.int64, "end"),
                    tf.TensorSpec(None, tf.int32, "steps"),
                ],
            ),
        }

    def signatures(self) -> dict:
        """Concrete functions by signature name, as `tf.saved_model.save` takes them."""
        return {
            name: tf.function(function, input_signature=specs).get_concrete_function()
            for name, (function, specs) in self._functions.items()
        }


def _default(images: Callable) -> Callable:
    def serving_default(z):
        z = _checked(z, tf.reduce_all(tf.math.is_finite(z)), "z: every number must be finite")
        return {"images": images(_limited(z, "z"))}  # float32 [n, height, width, channels] in [-1, 1]

    return serving_default


def _generate(images_of_seeds: Callable) -> Callable:
    def generate(seed):
        return {"images": images_of_seeds(_seed(_limited(seed, "seed"), "seed"))}  # uint8 [n, height, width, channels]

    return generate


def _generate_png(images_of_seeds: Callable) -> Callable:
    def generate_png(seed):
        return {"png_bytes": _png(images_of_seeds(_seed(_limited(seed, "seed"), "seed")))}  # string [n]

    return generate_png


def _interpolate(images: Callable, latents_of_images: Callable, law: str) -> Callable:
    def interpolate(start, end, steps):
        ends = tf.stack([_seed(_single(start, "start"), "start"), _seed(_single(end, "end"), "end")])
        steps = _single(steps, "steps")
        within = tf.logical_and(steps >= 2, steps <= LARGEST_REQUEST)
        steps = _checked(steps, within, f"steps: it must be from 2 to {LARGEST_REQUEST}")
        ends = latents_of_images(ends)
        path = latents.between(ends[0], ends[1], tf.linspace(0.0, 1.0, steps), law)
        return {"png_bytes": _png(pixels.to_pixels(images(path)))}  # string [steps]

    return interpolate


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
    """[]: the one number that is given as a scalar (column format) or as a row of one (row format)."""
    flat = tf.reshape(value, [-1])
    return _checked(flat, tf.equal(tf.size(flat), 1), f"{name}: give one number")[0]


def _png(images: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.TensorSpec([], tf.string))
