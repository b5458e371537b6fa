"""The two networks as Keras models: Sequential, or functional if they are conditional (see `conditioning`).

Source: paper, sections 3 and 4, Figure 1; for the conditional networks the authors' code for MNIST.

Generator: z is projected to a small grid of many feature maps; strided transposed convolutions double it up to the
image, with batch norm and ReLU in between and tanh at the end. Discriminator: strided convolutions halve the image
down to a small grid, with LeakyReLU 0.2 everywhere and batch norm everywhere but at the input; one logit at the end.
There is no pooling, and no hidden dense layer without `hidden_units`. Weights start from N(0, 0.02), batch-norm gains
from N(1, 0.02).

Layer names are stable: they name the variables in checkpoints.
"""

import keras
import tensorflow as tf
from keras import layers

from dcgan_tf import geometry, seeds
from dcgan_tf.config import Config, ModelConfig
from dcgan_tf.errors import UserError
from dcgan_tf.models import conditioning
from dcgan_tf.models.spectral_norm import SpectralConv2D, SpectralDense

LEAK = 0.2


def generator_filters(config: ModelConfig) -> list[int]:
    """Filters of the projection and of each scale except the last (the image), from small maps to large ones."""
    depth = geometry.doublings(config.image_size, config.generator_depth)
    return _filters(config, depth)[::-1]


def discriminator_filters(config: ModelConfig) -> list[int]:
    """Filters of each scale of the discriminator, from large maps to small ones."""
    depth = geometry.doublings(config.image_size, config.discriminator_depth)
    return _filters(config, depth)


def _filters(config: ModelConfig, depth: int) -> list[int]:
    """Doubled at each smaller scale, up to eight times the base (1024 of 128 in Figure 1)."""
    return [config.base_filters * min(2**scale, 8) for scale in range(depth)]


class _Builder:
    """Collects layers; owns the initializers, so that every weight is a function of the seed and its own name."""

    def __init__(self, config: ModelConfig, seed: int, name: str, precision: str):
        self.config, self.seed, self.name, self.precision = config, seed, name, precision
        self.layers: list[keras.layers.Layer] = []

    def add(self, layer: keras.layers.Layer) -> None:
        self.layers.append(layer)

    def weights(self, name: str, mean: float = 0.0) -> keras.initializers.Initializer:
        key = seeds.stream_key(self.seed, f"{self.name}/{name}")
        return keras.initializers.RandomNormal(mean, 0.02, seed=key)

    def dense(self, name: str, units: int, bias: bool, kind: type = layers.Dense) -> None:
        self.add(kind(units, use_bias=bias, kernel_initializer=self.weights(name), name=name, dtype=self.precision))

    def conv(self, kind: type, name: str, filters: int, strides: int, bias: bool, kernel_size: int = 0) -> None:
        self.add(
            kind(
                filters,
                kernel_size or self.config.kernel_size,
                strides=strides,
                padding="same",
                use_bias=bias,
                kernel_initializer=self.weights(name),
                name=name,
                dtype=self.precision,
            )
        )

    def norm(self, name: str) -> None:
        """Batch norm over the global batch: its statistics are summed over replicas."""
        self.add(
            layers.BatchNormalization(
                momentum=self.config.norm_momentum,
                epsilon=self.config.norm_epsilon,
                scale=self.config.norm_affine,
                center=self.config.norm_affine,
                gamma_initializer=self.weights(name, mean=1.0),
                synchronized=True,
                name=name,
                dtype=self.precision,
            )
        )

    def relu(self, name: str) -> None:
        self.add(layers.ReLU(name=name, dtype=self.precision))

    def leaky_relu(self, name: str) -> None:
        self.add(layers.LeakyReLU(negative_slope=LEAK, name=name, dtype=self.precision))

    def rescale(self, name: str, scale: float, offset: float, dtype: str) -> None:
        self.add(layers.Rescaling(scale, offset, name=name, dtype=dtype))

    def model(self, shape: tuple[int, ...], input_name: str, label_projection: type | None = None) -> keras.Model:
        """The layers in a row; `label_projection`: a type of dense layer where only the last layer sees the label."""
        inputs, classes = keras.Input(shape, name=input_name), self.config.classes
        if classes and label_projection:
            return conditioning.projection_model(
                inputs, self.layers, classes, label_projection, self.weights, self.name
            )
        if classes:
            return conditioning.conditional_model(inputs, self.layers, classes, self.precision, self.name)
        return keras.Sequential([inputs, *self.layers], name=self.name)


def inputs(values: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor | list[tf.Tensor]:
    """What either network is called with: z or images, and labels if it is conditional."""
    return values if labels is None else [values, labels]


def build_generator(
    config: ModelConfig | Config, seed: int = 0, precision: str = "float32", name: str = "generator"
) -> keras.Model:
    """z float32 [n, latent_dim] to images float32 [n, height, width, channels] in [-1, 1].

    A conditional one is called with [z, label], label int32 [n].

    Args:
        config: a configuration, or its section about the networks.
        seed: seed of the initial weights.
        precision: a Keras dtype policy; the output is float32 under all of them.
        name: name of the model.
    """
    config = _built_in(config, "generator")
    build = _Builder(config, seed, name, precision)
    filters = generator_filters(config)
    if config.hidden_units:
        build.dense("hidden", config.hidden_units, bias=False)
        build.norm("hidden_norm")
        build.relu("hidden_relu")
    _project(build, filters[0])
    for scale in range(1, len(filters) + 1):
        last = scale == len(filters)
        if config.layers_per_scale == 2:  # the 3x3 network of the paper's Table 1: stride 2, then stride 1
            _up(build, f"up{scale}", filters[scale - 1], strides=2)
            if not last:
                _up(build, f"refine{scale}", filters[scale], strides=1)
        elif not last:
            _up(build, f"up{scale}", filters[scale], strides=2)
    output_strides = 1 if config.layers_per_scale == 2 else 2
    build.conv(layers.Conv2DTranspose, "image", config.channels, output_strides, config.use_bias)
    build.add(layers.Activation(config.output, name=config.output, dtype="float32"))  # [n, height, width, channels]
    if config.output == "sigmoid":
        build.rescale("signed_range", 2.0, -1.0, dtype="float32")
    return build.model((config.latent_dim,), "z")


def _project(build: _Builder, filters: int) -> None:
    config = build.config
    height, width = geometry.grid(config.image_size, config.generator_depth)
    build.dense("project", height * width * filters, bias=config.use_bias and config.projection == "linear")
    if config.projection == "unit_norm":  # one gain for each unit, as in the paper's code
        build.norm("project_norm")
        build.relu("project_relu")
    build.add(
        layers.Reshape((height, width, filters), name="grid", dtype=build.precision)
    )  # [n, 4, 4, filters] in the paper
    if config.projection == "channel_norm":
        build.norm("project_norm")
        build.relu("project_relu")


def _up(build: _Builder, name: str, filters: int, strides: int) -> None:
    build.conv(layers.Conv2DTranspose, name, filters, strides, bias=False)
    build.norm(f"{name}_norm")
    build.relu(f"{name}_relu")


def build_discriminator(
    config: ModelConfig | Config, seed: int = 0, precision: str = "float32", name: str = "discriminator"
) -> keras.Model:
    """images float32 [n, height, width, channels] in [-1, 1] to logits float32 [n, 1]; see `build_generator`.

    A conditional one is called with [images, label].
    """
    config = _built_in(config, "discriminator")
    build = _Builder(config, seed, name, precision)
    dense = SpectralDense if config.d_norm == "spectral" else layers.Dense
    if config.output == "sigmoid":
        build.rescale("unsigned_range", 0.5, 0.5, dtype=precision)
    for scale, filters in enumerate(discriminator_filters(config), start=1):
        if config.layers_per_scale == 2:
            _down(build, f"refine{scale}", filters, strides=1)
        elif config.discriminator_layers == 2:
            _down(build, f"refine{scale}", filters, strides=1, kernel_size=3)
        _down(build, f"down{scale}", filters, strides=2)
    if config.head == "average":
        build.add(layers.GlobalAveragePooling2D(name="average", dtype=build.precision))
    else:
        build.add(layers.Flatten(name="flatten", dtype=build.precision))
    if config.hidden_units:
        normed = config.d_norm == "batch"
        build.dense("hidden", config.hidden_units, bias=config.use_bias and not normed, kind=dense)
        if normed:
            build.norm("hidden_norm")
        build.leaky_relu("hidden_leaky")
    build.dense("logit", 1, bias=config.use_bias, kind=dense)
    build.add(layers.Activation("linear", name="logit_float32", dtype="float32"))  # [n, 1]
    return build.model(
        (*config.image_size, config.channels), "image", dense if config.conditioning == "projection" else None
    )


def _down(build: _Builder, name: str, filters: int, strides: int, kernel_size: int = 0) -> None:
    config = build.config
    first = not any(isinstance(layer, layers.Conv2D) for layer in build.layers)  # no batch norm at the input
    normed = config.d_norm == "batch" and not first
    kind = SpectralConv2D if config.d_norm == "spectral" else layers.Conv2D
    build.conv(kind, name, filters, strides, config.use_bias and not normed, kernel_size)
    if normed:
        build.norm(f"{name}_norm")
    build.leaky_relu(f"{name}_leaky")


def _built_in(config: ModelConfig | Config, role: str) -> ModelConfig:
    config = config.model if isinstance(config, Config) else config
    if role in config.custom_networks:
        raise UserError(f"the {role} of this run is a network of your own; what you ask for needs a built-in one")
    return config


def trainable_count(model: keras.Model) -> int:
    """Number of weights, biases, gains and offsets; running statistics are not counted."""
    return sum(int(variable.shape.num_elements()) for variable in model.trainable_variables)


def named_variables(model: keras.Model, trainable_only: bool = False) -> dict[str, tf.Variable]:
    """A model's TensorFlow variables by "layer/variable"."""
    return {
        f"{layer.name}/{variable.name}": variable.value
        for layer in model.layers
        for variable in (layer.trainable_variables if trainable_only else layer.variables)
    }
