"""What a program must know about an exported generator. Every exported file holds it, as JSON."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcgan_tf.config import OLD_NAMES

if TYPE_CHECKING:
    from dcgan_tf.models import Generator

KEY = "dcgan_tf"
"""Name under which a description is kept inside a file."""

LARGEST_REQUEST = 1024  # a server that merges requests makes batches of up to 1000 by default
LEAST_PNGS = 64  # as many as the client asks for at a time
_ANSWER = 256 * 2**20
_CHARACTERS = {"serving_default": 12, "generate": 4, "generate_png": 4 / 3, "interpolate": 4 / 3}


def largest_request(signature: str, image_shape: Sequence[int]) -> int:
    """How many images (height, width, channels) a signature of a served model gives at once.

    Up to 1024, or as many as take about 256 MiB of JSON: 12 characters for a float, 4 for a uint8, 4/3 for a byte of a
    PNG file, which is at most as large as its pixels. But always 64 PNG files.
    """
    least = LEAST_PNGS if signature in ("generate_png", "interpolate") else 1
    return max(least, min(LARGEST_REQUEST, int(_ANSWER / (_CHARACTERS[signature] * math.prod(image_shape)))))


@dataclass(frozen=True)
class Description:
    """Facts about one generator.

    Attributes:
        name: of the model.
        step: generator updates that its weights were trained for.
        weights: "ema" (moving average) or "raw".
        latent_dim: length of z.
        latent_distribution: distribution of z: "normal" (standard normal) or "uniform" (on [-1, 1]).
        height, width, channels: of an image.
        value_range: of the float images.
        class_names: by class number; empty where the generator is not conditional.
    """

    name: str
    step: int
    weights: str
    latent_dim: int
    latent_distribution: str
    height: int
    width: int
    channels: int
    value_range: tuple[float, float] = (-1.0, 1.0)
    class_names: tuple[str, ...] = ()

    @classmethod
    def of(cls, generator: "Generator", name: str) -> "Description":
        """The description of loaded weights; untrained ones count as raw weights of step 0."""
        config = generator.config
        return cls(
            name,
            generator.step or 0,
            generator.weights or "raw",
            config.latent_dim,
            config.latent_distribution,
            *generator.image_shape,
            class_names=tuple(generator.class_names) or tuple(map(str, range(config.classes))),
        )

    @classmethod
    def from_dict(cls, values: dict) -> "Description":
        """The inverse of `to_dict`, also after a round trip through JSON.

        Raises:
            TypeError: these are not the values of a description.
        """
        return cls(
            **{
                OLD_NAMES.get(name, name): tuple(value) if isinstance(value, list) else value
                for name, value in values.items()
            }
        )

    @property
    def largest_requests(self) -> dict[str, int]:
        """How many images each signature of the SavedModel gives at once."""
        shape = self.height, self.width, self.channels
        return {signature: largest_request(signature, shape) for signature in _CHARACTERS}

    def to_dict(self) -> dict:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)
