"""What a program must know about an exported generator, and the file itself says."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from dcgan_tf.config import ModelConfig

KEY = "dcgan_tf"
"""Name under which a description is kept inside a .keras, .tflite or .onnx file."""


@dataclass(frozen=True)
class Description:
    """Facts that travel inside every exported file, as JSON.

    Attributes:
        name: what the generator is called; lower case, digits and dashes.
        step: generator updates it was trained for.
        weights: "ema" (moving average) or "raw".
        latent_dim: length of z.
        latent_law: "normal" (standard normal) or "uniform" (on [-1, 1]).
        height, width, channels: of an image.
        value_range: of the float images.
        class_names: of the classes that images have; none where they have no class.
    """

    name: str
    step: int
    weights: str
    latent_dim: int
    latent_law: str
    height: int
    width: int
    channels: int
    value_range: tuple[float, float] = (-1.0, 1.0)
    class_names: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, config: ModelConfig, name: str, step: int, weights: str, class_names: Sequence[str] = ()
    ) -> "Description":
        """The description of a generator of that configuration."""
        return cls(
            name,
            step,
            weights,
            config.latent_dim,
            config.latent_law,
            *config.image_size,
            config.channels,
            class_names=tuple(class_names),
        )

    @classmethod
    def from_dict(cls, values: dict) -> "Description":
        """The inverse of `to_dict`; JSON's lists become tuples again.

        Raises:
            TypeError: when these are not the values of a description.
        """
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

    def to_dict(self) -> dict:
        """Plain values, as JSON holds them."""
        return dataclasses.asdict(self)
