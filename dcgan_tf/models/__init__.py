"""The two networks, and how trained weights become images."""

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
