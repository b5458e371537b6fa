"""Conditional networks: the paper's layer by layer, the contract of every preset, values against NumPy."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dcgan_tf import models, presets
from dcgan_tf.config import Config, ModelConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.models import generator as generation
from dcgan_tf.models import latent

SMALL = {"conditional": True, "classes": 3, "latent_dim": 4, "base_filters": 2, "hidden_units": 0}


def small(name: str, **settings) -> ModelConfig:
    """A preset's model section made small, with three classes."""
    return presets.PRESETS[name].with_settings(SMALL | settings).model


def latents(count: int, config: ModelConfig) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, config.latent_dim)).astype(np.float32)


def numbers(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def test_the_papers_mnist_networks_layer_by_layer():
    """Weights as in the authors' code, in order; no biases, batch norm without gain and offset."""
    config = presets.PRESETS["mnist_28_conditional"].model
    wanted = {
        models.build_generator: {"hidden": 112_640, "project": 6_485_248, "up1": 220_800, "image": 1_850},
        models.build_discriminator: {"down1": 17_600, "down2": 236_800, "hidden": 6_432_768, "logit": 1_034},
    }
    for build, counts in wanted.items():
        model = build(config)
        weights = {layer.name: layer.trainable_variables for layer in model.layers if layer.trainable_variables}
        assert {name: models.trainable_count(model.get_layer(name)) for name in weights} == counts
        assert list(weights) == list(counts) and all(len(variables) == 1 for variables in weights.values())


def test_the_papers_mnist_networks_in_between():
    config = presets.PRESETS["mnist_28_conditional"].model
    generator, discriminator = models.build_generator(config), models.build_discriminator(config)
    shapes = {"hidden": (1024,), "grid": (7, 7, 128), "up1": (14, 14, 64), "image": (28, 28, 1)}
    assert {name: generator.get_layer(name).output.shape[1:] for name in shapes} == shapes
    shapes = {"down1": (14, 14, 64), "down2": (7, 7, 128), "flatten": (6272,), "hidden": (1024,), "logit": (1,)}
    assert {name: discriminator.get_layer(name).output.shape[1:] for name in shapes} == shapes
    normalised = [[each.name for each in model.layers if isinstance(each, layers.BatchNormalization)]
                  for model in (generator, discriminator)]  # fmt: skip
    assert normalised == [["hidden_norm", "project_norm", "up1_norm"], ["down2_norm", "hidden_norm"]]
    assert generator.get_layer("sigmoid").activation is keras.activations.sigmoid
    for model in (generator, discriminator):
        for layer in model.layers:
            if isinstance(layer, layers.Dense | layers.Conv2D | layers.Conv2DTranspose):
                own = {"hidden_and_label", "project_and_label", "image_and_label", "logit_and_label"} | {
                    f"{scale}_and_label" for scale in ("up1", "down1", "down2")
                }
                assert layer.input._keras_history.operation.name in own
                assert layer.kernel.shape[0 if isinstance(layer, layers.Dense) else 2] > 10 or layer.name == "image"


def test_with_sigmoid_the_discriminator_sees_pixels_from_0_to_1():
    discriminator = models.build_discriminator(small("tiny", output="sigmoid"))
    seen = keras.Model(discriminator.inputs, discriminator.get_layer("down1_and_label").output)
    images = np.linspace(-1, 1, 256, dtype=np.float32).reshape(1, 16, 16, 1)
    np.testing.assert_allclose(seen([images, numbers(0)])[..., :1], (images + 1) / 2, atol=1e-6)


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_can_be_conditional(name):
    config = small(name)
    generator, discriminator = models.build_generator(config), models.build_discriminator(config)
    assert [(each.name, each.dtype, each.shape) for each in generator.inputs] == [
        ("z", "float32", (None, 4)), ("label", "int32", (None,)),
    ]  # fmt: skip
    assert [each.name for each in discriminator.inputs] == ["image", "label"]
    z = np.repeat(latents(1, config), 3, axis=0)
    images = generator([z, numbers(0, 1, 2)]).numpy()
    assert images.shape == (3, *config.image_size, config.channels) and np.abs(images).max() <= 1
    assert not np.allclose(images[0], images[1]) and not np.allclose(images[1], images[2])
    logits = discriminator([np.repeat(images[:1], 3, axis=0), numbers(0, 1, 2)]).numpy()
    assert logits.shape == (3, 1) and len(np.unique(logits)) == 3


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_layer_with_weights_gets_the_label(name):
    config = small(name, hidden_units=5)
    for build in (models.build_generator, models.build_discriminator):
        model, plain = build(config), build(unconditional(config))
        assert isinstance(plain, keras.Sequential)
        for layer in plain.layers:
            if isinstance(layer, layers.Dense | layers.Conv2D | layers.Conv2DTranspose):
                grown = np.subtract(model.get_layer(layer.name).kernel.shape, layer.kernel.shape)
                assert sorted(grown) == [0] * (len(grown) - 1) + [3], layer.name  # three more inputs, all else the same


def unconditional(config: ModelConfig) -> ModelConfig:
    return Config(model=config).with_settings({"conditional": False, "classes": 0}).model


def test_maps_are_appended_behind_the_features():
    discriminator = models.build_discriminator(small("tiny"))
    seen = keras.Model(
        discriminator.inputs,
        [discriminator.get_layer(f"{name}_and_label").output for name in ("down1", "down2", "logit")],
    )
    images = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 1)).astype(np.float32)
    first, second, last = seen([images, numbers(2, 0, 1)])
    one_hot = np.eye(3, dtype=np.float32)[[2, 0, 1]]
    assert np.array_equal(first[..., :1], images)
    for found in (first, second, last):
        maps = found[..., -3:]
        assert np.array_equal(maps, np.broadcast_to(one_hot.reshape(3, *[1] * (len(maps.shape) - 2), 3), maps.shape))


def test_one_layer_of_the_generator_against_numpy():
    """The transposed convolution of tests/test_models.py, over the grid and the label's constant map."""
    config = ModelConfig(
        image_size=(8, 8), channels=1, base_filters=1, latent_dim=3, projection="linear", conditional=True, classes=2
    )
    generator = models.build_generator(config)
    z = np.random.default_rng(1).normal(size=(1, 3)).astype(np.float32)
    grid = (np.append(z[0], [0, 1]) @ generator.get_layer("project").kernel.numpy()).reshape(4, 4)
    kernel = generator.get_layer("image").kernel.numpy()[:, :, 0]  # [4, 4, feature, label 0, label 1]
    canvas = np.zeros((10, 10), np.float32)
    for row in range(4):
        for column in range(4):
            patch = grid[row, column] * kernel[..., 0] + kernel[..., 2]
            canvas[2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += patch
    found = generator([z, numbers(1)])[0, :, :, 0]
    np.testing.assert_allclose(found, np.tanh(canvas[1:-1, 1:-1]), atol=1e-6)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_float32_variables_and_outputs(precision):
    for build in (models.build_generator, models.build_discriminator):
        model = build(small("tiny"), precision=precision)
        assert {variable.dtype for variable in model.variables} == {"float32"}
        assert model.outputs[0].dtype == "float32"


def test_statistics_are_re_estimated_with_all_classes_evenly():
    config = small("tiny", norm_affine=False)
    sampler = generation.Generator(config)
    sampler.load(
        {f"{layer.name}/{v.name}": v.value for layer in sampler.model.layers for v in layer.trainable_variables}
    )
    norm = sampler.model.get_layer("project_norm")
    before = keras.Model(sampler.model.inputs, norm.input)
    sums = 0.0
    for number in range(generation.STATISTICS_BATCHES):
        z = latent.draw(0, "statistics", number, 128, config.latent_dim, config.latent_distribution)
        labels = tf.constant((np.arange(128) + number * 128) % 3, tf.int32)
        sums = sums + np.mean(before([z, labels]), axis=(0, 1, 2))
    np.testing.assert_allclose(norm.moving_mean, sums / generation.STATISTICS_BATCHES, atol=1e-6)


def test_labels_of_seeds():
    sampler = generation.Generator(small("tiny"))
    assert sampler.labels(np.arange(2**40, 2**40 + 4)).numpy().tolist() == [1, 2, 0, 1]
    assert sampler.labels(np.arange(3), 2).numpy().tolist() == [2, 2, 2]
    for wrong in (3, -1):
        with pytest.raises(ValueError, match="choose one of 0, 1, 2"):
            sampler.labels(np.arange(3), wrong)


def test_a_grid_has_a_class_in_every_row_and_a_seed_in_every_column():
    sampler = generation.Generator(small("tiny"))
    pixels, columns = sampler.samples(9)
    assert columns == 3 and len(pixels) == 9
    for row in range(3):
        assert np.array_equal(pixels[3 * row : 3 * row + 3], sampler.images(range(3), label=row))
    assert not np.array_equal(pixels[:3], pixels[3:6])


@pytest.mark.slow
def test_a_saved_network_opens_without_this_package(tmp_path):
    config = small("tiny", output="sigmoid", hidden_units=4)
    generator, z = models.build_generator(config), latents(3, config)
    generator.save(tmp_path / "generator.keras")
    np.save(tmp_path / "z.npy", z)
    program = (
        "import keras, numpy; model = keras.models.load_model('generator.keras');"
        "numpy.save('images.npy', model([numpy.load('z.npy'), numpy.array([0, 1, 2])]))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    found = np.load(tmp_path / "images.npy")
    np.testing.assert_allclose(found, generator([z, numbers(0, 1, 2)]), atol=1e-6)


@pytest.mark.slow
def test_it_converts_to_tflite(tmp_path):
    config = small("tiny")
    generator, z = models.build_generator(config), latents(2, config)
    generator.export(tmp_path / "saved", verbose=False)
    content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert()
    run = tf.lite.Interpreter(model_content=content).get_signature_runner()
    (found,) = run(z=z, label=numbers(2, 1)).values()
    np.testing.assert_allclose(found, generator([z, numbers(2, 1)]), atol=1e-5)


def test_classes_and_conditional_go_together():
    for settings in ({"conditional": True}, {"classes": 3}):
        with pytest.raises(ArgumentError, match="^conditional="):
            ModelConfig(**settings)


def test_a_configuration_from_before_there_were_labels():
    stored = json.loads(json.dumps(presets.PRESETS["tiny"].to_dict()))
    for name in ("conditional", "classes", "hidden_units", "output", "norm_affine"):
        del stored["model"][name]
    assert Config.from_dict(stored) == presets.PRESETS["tiny"]


def test_a_projection_discriminator_adds_an_inner_product_to_its_logit():
    """Miyato and Koyama, 2018, equation 4: the layers below see no label."""
    config = ModelConfig(base_filters=4, conditional=True, classes=3, conditioning="projection", hidden_units=5)
    model = models.build_discriminator(config)
    images = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)
    features = keras.Model(model.inputs, model.get_layer("hidden_leaky").output)
    found = [features([images, np.full(3, label)]).numpy() for label in range(3)]
    assert np.array_equal(found[0], found[1])
    vectors, logit = (model.get_layer(name).kernel.numpy() for name in ("label_projection", "logit"))
    labels = np.array([2, 0, 1], np.int32)
    expected = found[0] @ logit + (found[0] * vectors[labels]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model([images, labels]), expected, atol=1e-6)
    assert models.build_generator(config).get_layer("project_and_label"), "the generator's labels are appended"
