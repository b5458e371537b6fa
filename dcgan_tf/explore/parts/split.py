"""A generator in two parts, with a layer in between whose maps can be dropped."""

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.explore.parts import layers
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.explore.parts.renderer import renderer_of
from dcgan_tf.models import Generator


class SplitGenerator:
    """Runs a generator up to a layer, and from there to the images.

    Args:
        generator: a built-in network.
        layer: its name; None for the paper's, see `layers.maps_of`.

    Attributes:
        layer: its name.
        shape: (height, width, maps) of the activations.
    """

    def __init__(self, generator: Generator, layer: str | None = None):
        self.renderer, model = renderer_of(generator), generator.model
        self.layer, activation = layers.maps_of(model, layer)
        classes = [layers.built_in(model, "one_hot").output] if self.renderer.classes else []
        first = keras.Model([model.inputs[0], *classes], activation.output)
        second = keras.Model([activation.output, *classes], model.outputs[0])
        self.shape: tuple[int, int, int] = tuple(activation.output.shape[1:])
        self._activations = tf.function(lambda values: first(values, training=False))
        self._images = tf.function(
            lambda values, keep: second([first(values, training=False) * keep, *values[1:]], training=False)
        )

    def activations(self, points: Points) -> np.ndarray:
        """Activations of the layer, nothing dropped: float32 [n, height, width, maps]."""
        return self.renderer.in_blocks(points, self._activations)

    def images(self, points: Points, keep: np.ndarray | None = None) -> np.ndarray:
        """Images made with a part of the maps: float32 [n, image height, image width, channels] in [-1, 1].

        Each map is multiplied by its number in `keep`, bool or float [maps], at all positions. None keeps all.
        """
        factors = tf.constant(np.ones(self.shape[2]) if keep is None else keep, tf.float32)
        return self.renderer.in_blocks(points, lambda values: self._images(values, factors))
