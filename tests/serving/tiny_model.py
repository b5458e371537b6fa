"""A SavedModel of a few kB with the signatures of an exported generator."""

from pathlib import Path

import numpy as np
import tensorflow as tf

LATENT, SIZE, LARGEST_REQUEST = 5, 8, 256


class TinyModel(tf.Module):
    """Linear images of latents that are waves of the seed."""

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(0)
        self.weights = tf.Variable(rng.normal(size=(LATENT, SIZE * SIZE)).astype(np.float32))

    def images(self, z: tf.Tensor) -> tf.Tensor:
        z = checked(z, tf.reduce_all(tf.math.is_finite(z)), "z: every number must be finite")
        z = checked(z, within(tf.shape(z)[0], 1), "z: a request holds from 1 to 256 images")
        return tf.reshape(tf.tanh(z @ self.weights), [-1, SIZE, SIZE, 1])

    def pixels(self, z: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.round((self.images(z) + 1.0) * 127.0), tf.uint8)

    def latents(self, seed: tf.Tensor) -> tf.Tensor:
        seed = checked(seed, tf.reduce_all((seed >= 0) & (seed <= 2**62)), "seed: a seed is from 0 to 2^62")
        waves = tf.constant([0.1, 0.7, 1.3, 2.9, 5.3], tf.float64)
        return tf.cast(tf.sin(tf.cast(seed % 100_003, tf.float64)[:, None] * waves), tf.float32)

    def signatures(self) -> dict:
        def spec(dtype, name, shape=(None,)):
            return tf.TensorSpec(shape, dtype, name)

        def interpolate(start, end, steps):
            steps = checked(tf.reshape(steps, [-1])[0], within(steps, 2), "steps: it must be from 2 to 256")
            ends = self.latents(tf.concat([tf.reshape(start, [1]), tf.reshape(end, [1])], 0))
            place = tf.linspace(0.0, 1.0, steps)[:, None]
            return {"png_bytes": png(self.pixels(ends[0] * (1.0 - place) + ends[1] * place))}

        functions = {
            "serving_default": (lambda z: {"images": self.images(z)}, [spec(tf.float32, "z", (None, LATENT))]),
            "generate": (lambda seed: {"images": self.pixels(self.latents(seed))}, [spec(tf.int64, "seed")]),
            "generate_png": (
                lambda seed: {"png_bytes": png(self.pixels(self.latents(seed)))},
                [spec(tf.int64, "seed")],
            ),
            "interpolate": (
                interpolate,
                [spec(tf.int64, "start", None), spec(tf.int64, "end", None), spec(tf.int32, "steps", None)],
            ),
        }
        return {
            name: tf.function(call, input_signature=specs).get_concrete_function()
            for name, (call, specs) in functions.items()
        }


def within(count: tf.Tensor, least: int) -> tf.Tensor:
    return tf.reduce_all((count >= least) & (count <= LARGEST_REQUEST))


def checked(value: tf.Tensor, holds: tf.Tensor, sentence: str) -> tf.Tensor:
    with tf.control_dependencies([tf.debugging.Assert(holds, [sentence])]):
        return tf.identity(value)


def png(pixels: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec([], tf.string))


def save(folder: Path) -> None:
    """Writes the model to a new folder."""
    model = TinyModel()
    tf.saved_model.save(model, str(folder), signatures=model.signatures())
