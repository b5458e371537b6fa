import keras
import numpy as np
import pytest
from keras import layers

from dcgan_tf import geometry, models, presets
from dcgan_tf.config import ModelConfig
from dcgan_tf.models import summary

ALL = presets.PRESETS


def networks(config: ModelConfig, **arguments):
    return models.build_generator(config, **arguments), models.build_discriminator(config, **arguments)


def with_labels(config: ModelConfig, values: np.ndarray):
    """What a network is called with: the values alone, or with the labels 0, 1, 2, ..."""
    return models.inputs(values, np.arange(len(values), dtype=np.int32) if config.conditional else None)


def test_paper_64_with_batch_norm_per_channel():
    config = presets.PRESETS["paper_64"].with_settings({"projection": "channel_norm"})
    assert models.trainable_count(models.build_generator(config.model)) == 18_855_040


@pytest.mark.parametrize("name", ["paper_64", "torch_64", "imagenet_32", "svhn_32", "mnist_28_conditional"])
def test_published_networks_have_no_bias(name):
    for model in networks(presets.PRESETS[name].model):
        assert not [variable.path for variable in model.variables if variable.path.endswith("/bias")]


@pytest.mark.parametrize("name", ALL)
def test_shapes_ranges_and_types(name):
    config = presets.PRESETS[name].model
    generator, discriminator = networks(config)
    z = np.random.default_rng(0).normal(size=(2, config.latent_dim)).astype(np.float32)
    images = generator(with_labels(config, z), training=False)
    assert images.shape == (2, *config.image_size, config.channels)
    assert images.dtype == "float32" and np.abs(images).max() <= 1
    logits = discriminator(with_labels(config, images.numpy()), training=False)
    assert logits.shape == (2, 1) and logits.dtype == "float32"


@pytest.mark.parametrize("name", [name for name in ALL if not presets.PRESETS[name].model.conditional])
def test_the_five_guidelines_hold(name):
    """Paper, section 3: the box "Architecture guidelines for stable Deep Convolutional GANs"."""
    config = presets.PRESETS[name].model
    generator, discriminator = networks(config)
    for model in (generator, discriminator):
        assert not any(isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D) for layer in model.layers)
        dense = sum(isinstance(layer, layers.Dense) for layer in model.layers)
        assert dense == (2 if name == "mnist_28" else 1)  # z's projection, the logit; the hidden ones of MNIST's code
    assert isinstance(generator.layers[0], layers.Dense) and discriminator.get_layer("logit").units == 1
    check_generator(generator, linear_projection=config.projection == "linear")
    check_discriminator(discriminator)


def check_generator(generator: keras.Sequential, linear_projection: bool):
    convolutions = [layer for layer in generator.layers if isinstance(layer, layers.Conv2DTranspose)]
    assert convolutions[-1].name == "image" and generator.layers[-2].name == "image"
    assert generator.layers[-1].activation is keras.activations.tanh
    for layer in convolutions[:-1]:
        assert kinds_after(generator, layer)[:2] == [layers.BatchNormalization, layers.ReLU]
    if not linear_projection:
        after = [kind for kind in kinds_after(generator, generator.layers[0]) if kind is not layers.Reshape]
        assert after[:2] == [layers.BatchNormalization, layers.ReLU]
    doubled = [layer for layer in convolutions if layer.strides == (2, 2)]
    assert generator.layers[-1].output.shape[1] == generator.get_layer("grid").output.shape[1] * 2 ** len(doubled)


def check_discriminator(discriminator: keras.Sequential):
    convolutions = [layer for layer in discriminator.layers if isinstance(layer, layers.Conv2D)]
    assert kinds_after(discriminator, convolutions[0])[0] is layers.LeakyReLU
    for layer in convolutions[1:]:
        assert kinds_after(discriminator, layer)[:2] == [layers.BatchNormalization, layers.LeakyReLU]
    leaky = [layer for layer in discriminator.layers if isinstance(layer, layers.LeakyReLU)]
    assert {layer.negative_slope for layer in leaky} == {0.2}


def kinds_after(model: keras.Sequential, layer: keras.layers.Layer) -> list[type]:
    return [type(later) for later in model.layers[model.layers.index(layer) + 1 :]]


def test_initial_weights_follow_the_paper():
    """Section 4: weights N(0, 0.02); the authors' code: gains N(1, 0.02), offsets 0."""
    for model in networks(presets.PRESETS["torch_64"].model):
        for variable in model.trainable_variables:
            values, count = variable.numpy(), variable.shape.num_elements()
            if variable.name == "beta":
                assert not values.any()
            else:
                assert abs(values.mean() - (variable.name == "gamma")) < 5 * 0.02 / count**0.5
                assert abs(values.std() - 0.02) < 5 * 0.02 / (2 * count) ** 0.5


def test_initial_weights_are_a_function_of_seed_and_name():
    config = presets.PRESETS["tiny"].model
    first, again, other = (models.build_generator(config, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("size", [(8, 8), (16, 24), (28, 28), (40, 32), (48, 48), (64, 96)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_any_fitting_size_and_every_channel_count(size, channels):
    config = ModelConfig(image_size=size, channels=channels, base_filters=2, latent_dim=5)
    generator, discriminator = networks(config)
    assert generator.output_shape == (None, *size, channels)
    grid = discriminator.get_layer("flatten").input.shape[1:3]
    assert tuple(grid) == geometry.grid(size)


def test_the_average_head_has_one_weight_for_each_filter():
    config = ModelConfig(head="average", base_filters=4)
    discriminator = models.build_discriminator(config)
    assert discriminator.get_layer("logit").kernel.shape == (16, 1)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_float32_variables_and_outputs(precision):
    for model in networks(presets.PRESETS["tiny"].model, precision=precision):
        assert {variable.dtype for variable in model.variables} == {"float32"}
        assert model.outputs[0].dtype == "float32"
        assert model.layers[1].compute_dtype == precision.removeprefix("mixed_")


def test_one_layer_of_the_generator_against_numpy():
    """A stride-2 transposed convolution spreads each input over a 4x4 patch, 'same' cuts one pixel all round."""
    config = ModelConfig(image_size=(8, 8), channels=1, base_filters=1, latent_dim=3, projection="linear")
    generator = models.build_generator(config)
    z = np.random.default_rng(1).normal(size=(1, 3)).astype(np.float32)
    grid = (z @ generator.get_layer("project").kernel.numpy()).reshape(4, 4)
    kernel = generator.get_layer("image").kernel.numpy()[:, :, 0, 0]
    canvas = np.zeros((10, 10), np.float32)
    for row in range(4):
        for column in range(4):
            canvas[2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += grid[row, column] * kernel
    np.testing.assert_allclose(generator(z)[0, :, :, 0], np.tanh(canvas[1:-1, 1:-1]), atol=1e-6)


def test_a_gradient_penalty_takes_the_memory_of_one_more_pass():
    plain = presets.PRESETS["tiny"].with_settings({"d_norm": "none"})
    generator, discriminator = networks(plain.model)
    needed = [
        summary.training_bytes(config, generator, discriminator) for config in (plain, plain.with_settings({"r1": 1.0}))
    ]
    outputs = sum(np.prod(layer.output.shape[1:]) for layer in discriminator.layers)
    assert needed[1] - needed[0] == 4 * plain.training.batch_size * outputs
