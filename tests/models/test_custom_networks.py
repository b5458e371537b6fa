"""Networks and losses of the user's own: what they must satisfy, and that names of variables are stable."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.losses import LOSSES, Loss
from dcgan_tf.models.custom_networks import Custom
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training import plan


def generator(side: int = 16, offset: float = 0.0) -> keras.Model:
    """From z [n, 6] to [n, side, side, 1]."""
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(4 * side * side // 16),
            layers.Reshape((side // 4, side // 4, 4)),
            layers.BatchNormalization(synchronized=True),
            layers.ReLU(),
            layers.UpSampling2D(4),
            layers.Conv2D(1, 3, padding="same", activation="tanh"),
            layers.Rescaling(1.0, offset),
        ]
    )


def discriminator(side: int = 16, units: int = 1, dropout: float = 0.0) -> keras.Model:
    """A functional model; layers are named anew in every build."""
    image = keras.Input((side, side, 1))
    maps = layers.Conv2D(4, 4, 2, padding="same", activation="relu")(image)
    maps = layers.Dropout(dropout)(maps) if dropout else maps
    return keras.Model(image, layers.Dense(units)(layers.Flatten()(maps)))


def stacked(*middle: keras.Layer, activation: str = "tanh") -> keras.Model:
    """A generator of 16x16x1 images with the layers given in its middle."""
    last = [layers.Dense(256), layers.Reshape((16, 16, 1)), layers.Activation(activation)]
    return keras.Sequential([keras.Input((6,)), *middle, *last])


def named_outputs() -> keras.Model:
    image = keras.Input((16, 16, 1))
    return keras.Model(image, {"logits": layers.Dense(1)(layers.Flatten()(image))})


def labelled(classes: int) -> keras.Model:
    z, label = keras.Input((6,)), keras.Input((), dtype="int32")
    joined = layers.Concatenate()([z, layers.Flatten()(layers.Embedding(classes, 4)(layers.Reshape((1,))(label)))])
    images = layers.Reshape((16, 16, 1))(layers.Dense(256, activation="tanh")(joined))
    return keras.Model([z, label], images)


def test_settings_follow_from_the_networks():
    found = Custom(generator(20), discriminator(20)).settings()
    assert found["image_size"] == (20, 20) and found["channels"] == 1 and found["latent_dim"] == 6
    assert found["custom_networks"] == "generator and discriminator" and not found["conditional"]
    assert Custom(loss=LOSSES["lsgan"]).settings() == {"loss": "custom"} and Custom().settings() == {}


def test_a_copy_has_the_weights_and_the_same_names_in_every_build():
    for build, role in ((generator, "generator"), (discriminator, "discriminator")):
        first, second = Custom(**{role: build()}), Custom(**{role: build()})
        copies = [each.network(role) for each in (first, second)]
        assert [v.path for v in copies[0].variables] == [v.path for v in copies[1].variables]
        for ours, theirs in zip(copies[0].get_weights(), getattr(first, role).get_weights(), strict=True):
            assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("custom", "part"),
    [
        ({"generator": keras.Sequential([layers.Dense(3)])}, "Sequential or functional"),
        ({"generator": "network"}, "Sequential or functional"),
        ({"generator": generator(offset=2.0)}, r"\[-1, 1\]"),
        ({"generator": discriminator()}, "height, width, channels"),
        ({"discriminator": discriminator(units=2)}, "one logit"),
        ({"generator": generator(), "discriminator": discriminator(20)}, "one size"),
        ({"generator": keras.Sequential([keras.Input((6,)), generator()])}, "inside a model"),
        ({"generator": stacked(activation="linear")}, r"\[-1, 1\]"),
        (
            {"generator": stacked(layers.Reshape((3, 2)), layers.BatchNormalization(axis=1), layers.Flatten())},
            "last axis",
        ),
        ({"generator": stacked(layers.Dense(6, trainable=False))}, "trainable"),
        ({"discriminator": named_outputs()}, "Sequential or functional"),
    ],
)
def test_other_networks_are_refused(custom, part):
    with pytest.raises(ArgumentError, match=part):
        Custom(**custom).settings()


def test_a_layer_that_draws_gets_a_seed_that_is_kept():
    custom = Custom(generator=stacked(layers.GaussianNoise(0.5)))
    z = np.zeros((4, 6), np.float32)
    first, second = (custom.network("generator")(z, training=True) for _ in range(2))
    assert np.array_equal(first, second) and np.ptp(first) > 0


def test_a_network_kept_by_an_earlier_version_is_the_same(tmp_path):
    """Earlier versions wrote every argument of a layer."""
    directory, custom = RunDirectory(tmp_path), Custom(generator(), discriminator())
    custom.write(directory)
    directory.config_file.write_text("{}")
    path = directory.network_file("generator")
    described = json.loads(path.read_text())
    norm = next(layer["config"] for layer in described["config"]["layers"] if "batchn" in layer["config"]["name"])
    assert norm["synchronized"] and "center" not in norm
    norm["center"] = True
    path.write_text(json.dumps(described))
    custom.write(directory)
    norm["center"] = False
    path.write_text(json.dumps(described))
    with pytest.raises(UserError, match="started with another network"):
        custom.write(directory)


def test_a_conditional_network_must_take_every_label():
    Custom(generator=labelled(3)).check_classes(3)
    with pytest.raises(ArgumentError, match="labels 0 to 4"):
        Custom(generator=labelled(3)).check_classes(5)


def test_a_loss_gives_one_value_per_example():
    loss = LOSSES["bce"]
    for wrong in (lambda logits: logits, lambda logits: logits[0, 0], lambda logits: logits[:, 0] / 0.0):
        with pytest.raises(ArgumentError, match="^loss=fake: it must turn logits"):
            Custom(loss=Loss(loss.real, wrong, loss.generator, loss.realness)).settings()


def test_a_gradient_penalty_needs_a_discriminator_without_batch_norm():
    image = keras.Input((16, 16, 1))
    normed = layers.BatchNormalization(name="coupling")(layers.Conv2D(4, 4, 2)(image))
    coupled = Custom(discriminator=keras.Model(image, layers.Dense(1)(layers.Flatten()(normed))))
    coupled.check_penalty(0.0)
    Custom(generator(), discriminator()).check_penalty(1.0)
    with pytest.raises(ArgumentError, match="^r1=1.0: batch norm couples.*coupling"):
        coupled.check_penalty(1.0)


@pytest.mark.parametrize(
    "settings", [{"d_norm": "spectral"}, {"discriminator_layers": 2}, {"r1": 1.0}], ids=lambda value: next(iter(value))
)
def test_settings_that_a_discriminator_of_ones_own_cannot_follow_are_refused(settings):
    image = keras.Input((16, 16, 1))
    own = keras.Model(image, layers.Dense(1)(layers.Flatten()(layers.BatchNormalization()(image))))
    name, custom = next(iter(settings)), Custom(discriminator=own)
    with pytest.raises(ArgumentError, match=f"^{name}="):
        plan.make(settings, "tiny", images=np.zeros((9, 16, 16, 1), np.uint8), custom=custom)


def test_what_several_devices_need():
    Custom(generator(), discriminator()).check_replicas(2)
    Custom(generator(), discriminator(dropout=0.2)).check_replicas(1)
    with pytest.raises(ArgumentError, match="random numbers"):
        Custom(discriminator=discriminator(dropout=0.2)).check_replicas(2)
    plain = keras.Sequential(
        [keras.Input((6,)), layers.Dense(256), layers.BatchNormalization(), layers.Reshape((16, 16, 1))]
    )
    with pytest.raises(ArgumentError, match="synchronized=True"):
        Custom(generator=plain).check_replicas(2)
