import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from dcgan_tf import models
from dcgan_tf.config import ModelConfig
from dcgan_tf.models.spectral_norm import SpectralConv2D, SpectralDense, spectral_layers

LAYERS = {
    "convolution": (lambda **more: SpectralConv2D(6, 4, strides=2, padding="same", use_bias=False, **more), (8, 8, 3)),
    "dense": (lambda **more: SpectralDense(6, **more), (10,)),
}


@pytest.fixture(params=LAYERS)
def layer_and_inputs(request):
    make, shape = LAYERS[request.param]
    layer, random = make(), np.random.default_rng(0)
    inputs = random.normal(size=(2, *shape)).astype(np.float32)
    layer(inputs)
    layer.weights[0].assign(random.normal(size=layer.weights[0].shape))
    return layer, inputs


def as_matrix(kernel) -> np.ndarray:
    return ops.convert_to_numpy(ops.cast(kernel, "float32")).reshape(-1, kernel.shape[-1])


def test_the_largest_singular_value_becomes_one(layer_and_inputs):
    layer, _ = layer_and_inputs
    before = as_matrix(layer.weights[0])
    layer.settle()
    after = as_matrix(layer.kernel)
    assert np.linalg.svd(after)[1][0] == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(after, before / np.linalg.svd(before)[1][0], atol=1e-4)


def test_a_call_changes_no_variable(layer_and_inputs):
    layer, inputs = layer_and_inputs
    before = [weight.numpy().copy() for weight in layer.weights]
    layer(inputs, training=True)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, layer.weights, strict=True))


def test_gradients_go_through_the_norm(layer_and_inputs):
    """Scaling the kernel changes nothing, so the gradient has no part along the kernel."""
    layer, inputs = layer_and_inputs
    layer.settle()
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.square(layer(inputs)))
    kernel = layer.weights[0]
    gradient = tape.gradient(total, kernel.value).numpy()
    along = float((gradient * kernel.numpy()).sum())
    assert abs(along) < 1e-3 * np.linalg.norm(gradient) * np.linalg.norm(kernel.numpy())


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_the_variables_in_float32(precision):
    make, shape = LAYERS["convolution"]
    layer = make(dtype=precision)
    outputs = layer(np.ones((1, *shape), np.float32))
    assert outputs.dtype == precision.removeprefix("mixed_")
    assert {weight.dtype for weight in layer.weights} == {"float32"}


def test_a_discriminator_has_spectral_layers_in_place_of_batch_norm():
    config = ModelConfig(base_filters=4, hidden_units=8, d_norm="spectral", discriminator_layers=2, use_bias=True)
    model = models.build_discriminator(config)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)
    with_weights = [layer for layer in model.layers if layer.weights]
    assert spectral_layers(model) == with_weights and len(with_weights) == 8  # 2 x 3 scales, hidden, logit
    assert all(layer.bias is not None for layer in with_weights), "no batch norm follows, so a bias has a meaning"
    assert [layer.kernel_size for layer in with_weights[:2]] == [(3, 3), (4, 4)]
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    images = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(copy(images), model(images), atol=1e-6)


def test_without_norm_there_is_none():
    model = models.build_discriminator(ModelConfig(base_filters=4, d_norm="none"))
    assert {type(layer).__name__ for layer in model.layers if layer.weights} == {"Conv2D", "Dense"}
