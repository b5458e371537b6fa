"""The layers that views look at, by their names in the built-in networks; other networks are refused in one line."""

import keras

from dcgan_tf.errors import ArgumentError, UserError


def built_in(model: keras.Model, name: str) -> keras.layers.Layer:
    """A layer that the built-in networks have.

    Raises:
        UserError: this network has none of that name, so it is one of the user's own.
    """
    layer = next((layer for layer in model.layers if layer.name == name), None)
    if layer is None:
        raise UserError(f"the network {model.name!r} has no layer {name!r}: this view needs a built-in network")
    return layer


def convolutions(discriminator: keras.Model) -> dict[str, keras.layers.Layer]:
    """The convolutional layers from the image on, each name with the LeakyReLU after it: "down1", "down2", ..."""
    if not isinstance(discriminator, keras.Model):
        remedy = "give what `discriminator_of_run(...)` returns"
        raise ArgumentError("discriminator", type(discriminator).__name__, remedy)
    names = [layer.name for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    return {name: built_in(discriminator, f"{name}_leaky") for name in names or ["down1"]}


def activation(discriminator: keras.Model, name: str) -> keras.layers.Layer:
    """The LeakyReLU after one of the convolutions. Raises ArgumentError: no such convolution; the message lists all."""
    return _chosen(convolutions(discriminator), name)


def generator_maps(generator: keras.Model) -> dict[str, keras.layers.Layer]:
    """The layers of maps [n, height, width, maps] from z on, after their activation: "project", "up1", "up2", ..."""
    grid = built_in(generator, "grid")
    layers = {"project": grid}
    for layer in generator.layers[generator.layers.index(grid) :]:
        if layer.name.endswith("_relu"):  # the projection is activated before "grid", after it, or never
            layers[layer.name.removesuffix("_relu")] = layer
    return layers


def maps_of(generator: keras.Model, name: str | None) -> tuple[str, keras.layers.Layer]:
    """One of `generator_maps` with its name; None gives the paper's "second highest" layer.

    Highest is the layer closest to z. This is our reading: the paper drops "200 in total", which fits the 512 maps of
    8x8 after the first transposed convolution of its Figure 1, and not the 128 of the last hidden layer. So it is
    "up1", except in networks of 28 pixels: there "up1" is the last hidden layer, whose maps are pieces of strokes that
    all digits share, and "project" is taken.

    Raises:
        ArgumentError: there is no such layer; the message lists all.
        UserError: not a built-in network.
    """
    layers = generator_maps(generator)
    if name is None:
        name = list(layers)[1 if len(layers) > 2 else 0]
    return name, _chosen(layers, name)


def _chosen(layers: dict[str, keras.layers.Layer], name: str) -> keras.layers.Layer:
    if name not in layers:
        raise ArgumentError("layer", name, f"there is no such layer; choose one of {', '.join(layers)}")
    return layers[name]
