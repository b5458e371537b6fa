"""The two networks, and how trained weights become images."""

import keras

from dcgan_tf.errors import UserError

if (backend := keras.backend.backend()) != "tensorflow":
    raise UserError(f"Keras runs on {backend} in this process; set KERAS_BACKEND=tensorflow before it is imported")

from dcgan_tf.models.generator import Generator
from dcgan_tf.models.networks import (
    build_discriminator,
    build_generator,
    discriminator_filters,
    generator_filters,
    inputs,
    named_variables,
    trainable_count,
)

__all__ = [
    "Generator",
    "build_discriminator",
    "build_generator",
    "discriminator_filters",
    "generator_filters",
    "inputs",
    "named_variables",
    "trainable_count",
]
