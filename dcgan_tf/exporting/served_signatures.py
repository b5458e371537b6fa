"""What a served generator answers, as graph functions.

One row of a request is one image, in every signature, so that a server may merge requests and split the answer.
"""

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.exporting import served_requests
from dcgan_tf.exporting.description import largest_request
from dcgan_tf.exporting.served_requests import OWN_CLASS, Rows
from dcgan_tf.models import latent, pixels
from dcgan_tf.models.generator import Generator

LARGEST_BLOCK, BLOCK_BYTES = 64, 64 * 2**20


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
        self._answers, config = _Answers(generator), generator.config
        z = {"z": tf.TensorSpec([None, config.latent_dim], tf.float32)}
        seed = {"seed": tf.TensorSpec([None], tf.int64)}
        ends = {name: tf.TensorSpec([None], tf.int64) for name in ("start", "end")}
        walk = {**ends, "fraction": tf.TensorSpec([None], tf.float32)}
        label = {"label": tf.TensorSpec([None], tf.int32)} if config.conditional else {}
        self._inputs = {
            "serving_default": {**z, **label},
            "generate": {**seed, **label},
            "generate_png": {**seed, **label},
            "interpolate": {**walk, **label},
        }

    def signatures(self) -> dict:
        """Concrete functions by signature name, as `tf.saved_model.save` takes them."""
        return {name: self._function(name) for name in self._inputs}

    def _function(self, name: str) -> tf.types.experimental.ConcreteFunction:
        answer, specs = getattr(self._answers, name), self._inputs[name]

        def function(**request: tf.Tensor) -> dict[str, tf.Tensor]:  # in alphabetical order
            return answer({each: request[each] for each in specs})

        return tf.function(function).get_concrete_function(**specs)


class _Answers:
    """One method for each signature; the request holds `label` where the generator is conditional."""

    def __init__(self, generator: Generator):
        self._model, self._config, self._latents = generator.model, generator.config, generator.latents
        self._shape = generator.image_shape
        self._block = block_size(generator.model)

    def serving_default(self, request: Rows) -> dict[str, tf.Tensor]:
        """z float32 [n, latent_dim], label int32 [n], to images float32 [n, height, width, channels] in [-1, 1]."""
        rows, _ = self._checked("serving_default", request)
        return {"images": self._in_blocks(self._images, rows, tf.float32, self._shape)}

    def generate(self, request: Rows) -> dict[str, tf.Tensor]:
        """seed int64 [n], label int32 [n] (-1: the seed's own), to images uint8 [n, height, width, channels]."""
        rows, _ = self._checked("generate", request)
        return {"images": self._in_blocks(self._of_seeds, rows, tf.uint8, self._shape)}

    def generate_png(self, request: Rows) -> dict[str, tf.Tensor]:
        """The same images as PNG files: string [n]; a bad row among good ones gives an empty string."""
        return {"png_bytes": self._pngs("generate_png", self._of_seeds, request)}

    def interpolate(self, request: Rows) -> dict[str, tf.Tensor]:
        """Images on the way from one seed to another, as PNG files.

        start and end int64 [n], fraction float32 [n] from 0 at the start to 1 at the end, label int32 [n] (-1: the
        start's own), to string [n]; a bad row among good ones gives an empty string.
        """
        return {"png_bytes": self._pngs("interpolate", self._between, request)}

    def _pngs(self, signature: str, make: Callable[..., tf.Tensor], request: Rows) -> tf.Tensor:
        rows, good = self._checked(signature, request, each_alone=True)
        return tf.where(good, self._in_blocks(lambda **block: _png(make(**block)), rows, tf.string), "")

    def _checked(self, signature: str, request: Rows, each_alone: bool = False) -> tuple[Rows, tf.Tensor]:
        rows = served_requests.rows(request, self._config.latent_dim, largest_request(signature, self._shape))
        return served_requests.values(rows, self._config.classes, each_alone)

    def _of_seeds(self, seed: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        return pixels.to_pixels(self._images(self._latents(seed), self._class(label, seed)))

    def _between(
        self, start: tf.Tensor, end: tf.Tensor, fraction: tf.Tensor, label: tf.Tensor | None = None
    ) -> tf.Tensor:
        ends = tf.split(self._latents(tf.concat([start, end], axis=0)), 2)
        z = latent.between(*ends, fraction, self._config.latent_distribution)
        return pixels.to_pixels(self._images(z, self._class(label, start)))

    def _class(self, label: tf.Tensor | None, seed: tf.Tensor) -> tf.Tensor | None:
        if label is None:
            return None
        return tf.where(label == OWN_CLASS, latent.labels_of_seeds(seed, self._config.classes), label)

    def _images(self, z: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        return self._model(models.inputs(z, label), training=False)

    def _in_blocks(
        self, make: Callable[..., tf.Tensor], rows: Rows, dtype: tf.DType, shape: tuple[int, ...] = ()
    ) -> tf.Tensor:
        """What `make` gives for the rows, computed a block at a time: `dtype` [n, *shape].

        A network's feature maps take many times the memory of its images, so that of a request is bounded by a block.
        """
        count, size = tf.shape(next(iter(rows.values())))[0], self._block
        blocks = (count + size - 1) // size
        made = tf.TensorArray(dtype, blocks, element_shape=[None, *shape], infer_shape=False)

        def one(number: tf.Tensor, made: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            block = {name: value[number * size : (number + 1) * size] for name, value in rows.items()}
            return number + 1, made.write(number, make(**block))

        _, made = tf.while_loop(lambda number, _: number < blocks, one, (0, made), parallel_iterations=1)
        return made.concat()


def block_size(model: keras.Model) -> int:
    """How many images a network computes at once, so that the output of no layer takes more than 64 MiB."""
    outputs = keras.tree.flatten([layer.output for layer in model.layers])
    largest = max(4 * math.prod(side or 1 for side in output.shape[1:]) for output in outputs)
    return max(1, min(LARGEST_BLOCK, BLOCK_BYTES // largest))


def _png(images: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.TensorSpec([], tf.string))
