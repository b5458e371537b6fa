"""A chain of layers to a conditional Keras model: every layer with weights also sees the label.

As in the paper's MNIST code, the label is a one-hot vector. It is appended to vectors as it is, and to feature maps as
one constant map per class. All layers are Keras's own, so that a saved model opens without this package, and all
operations have counterparts in TFLite and ONNX.
"""

from collections.abc import Callable, Sequence

import keras
from keras import layers

WEIGHTS = (layers.Dense, layers.Conv2D, layers.Conv2DTranspose)


def conditional_model(
    inputs: keras.KerasTensor, chain: Sequence[keras.layers.Layer], classes: int, precision: str, name: str
) -> keras.Model:
    """The chain as a functional model of [inputs, label], label int32 [n] from 0 to classes - 1.

    Args:
        inputs: the named input of the chain.
        chain: layers, each applied to the output of the one before; all but the activations and reshapes get labels.
        classes: number of classes.
        precision: a Keras dtype policy.
        name: name of the model.
    """
    label = keras.Input((), dtype="int32", name="label")
    appended = _Label(label, classes, precision)
    outputs = inputs
    for layer in chain:
        outputs = layer(appended.to(outputs, layer.name) if isinstance(layer, WEIGHTS) else outputs)
    return keras.Model([inputs, label], outputs, name=name)


def projection_model(
    inputs: keras.KerasTensor,
    chain: Sequence[keras.layers.Layer],
    classes: int,
    dense: type[layers.Dense],
    weights: Callable[[str], keras.initializers.Initializer],
    name: str,
) -> keras.Model:
    """The chain as a functional model of [inputs, label]: an inner product of features and label is part of the logit.

    Source: Miyato and Koyama, 2018 (arXiv:1802.05637), equation 4. The layers before the one called "logit" do not see
    the label; it has one vector for each class, as long as their outputs.

    Args:
        inputs, chain, classes, name: see `conditional_model`.
        dense: the type of the layer that holds these vectors.
        weights: from a layer's name to the initializer of its kernel.
    """
    label = keras.Input((), dtype="int32", name="label")
    outputs = inputs
    for layer in chain:
        features, outputs = outputs, layer(outputs)
        if layer.name == "logit":
            own = layers.CategoryEncoding(classes, output_mode="one_hot", name="one_hot")(label)
            vectors = dense(
                features.shape[-1], use_bias=False, kernel_initializer=weights("label_projection"),
                name="label_projection", dtype=layer.dtype_policy,
            )  # fmt: skip
            match = layers.Dot(axes=1, name="match", dtype=layer.dtype_policy)([features, vectors(own)])
            outputs = layers.Add(name="logit_and_match", dtype=layer.dtype_policy)([outputs, match])
    return keras.Model([inputs, label], outputs, name=name)


class _Label:
    """The label in the shapes in which it is appended; each is made once."""

    def __init__(self, label: keras.KerasTensor, classes: int, precision: str):
        self.classes, self.precision = classes, precision
        self.one_hot = layers.CategoryEncoding(classes, output_mode="one_hot", name="one_hot")(label)  # [n, classes]
        self._maps: dict[tuple[int, int], keras.KerasTensor] = {}

    def to(self, inputs: keras.KerasTensor, name: str) -> keras.KerasTensor:
        """What the layer of that name is given: [n, units + classes] or [n, height, width, filters + classes]."""
        own = self.one_hot if len(inputs.shape) == 2 else self.maps(*inputs.shape[1:3])
        return layers.Concatenate(name=f"{name}_and_label", dtype=self.precision)([inputs, own])

    def maps(self, height: int, width: int) -> keras.KerasTensor:
        """One constant map for each class: [n, height, width, classes], all ones in the label's, else zeros."""
        if (height, width) not in self._maps:
            size = f"{height}x{width}"
            repeat = layers.RepeatVector(height * width, name=f"label_everywhere_{size}", dtype=self.precision)
            shape = layers.Reshape((height, width, self.classes), name=f"label_maps_{size}", dtype=self.precision)
            self._maps[height, width] = shape(repeat(self.one_hot))
        return self._maps[height, width]
