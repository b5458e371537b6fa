"""A path through latents and how evenly the images move along it (paper, section 6.1 and Figure 4)."""

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dcgan_tf.explore.points import Points, joined
from dcgan_tf.explore.rendering import Renderer
from dcgan_tf.models import latent, pixels

FASTEST = 0.1  # of the steps of a leg
UNEVEN, JUMPING = 0.35, 0.6
STILL = 1e-4  # of the range in a step, a fortieth of a grey level: rounding


@dataclass(frozen=True)
class Walk:
    """A closed path: after the last image comes the first again.

    Attributes:
        points: on the path, [legs * steps].
        images: uint8 [legs * steps, height, width, channels].
        steps: from one given point to the next; number `leg * steps` is a given one.
        movement: float32 [legs, steps], how far each image is from the one after it: the root of the mean squared
            difference of pixels, as a share of their range, 0 to 1.
    """

    points: Points
    images: np.ndarray
    steps: int
    movement: np.ndarray

    @property
    def unevenness(self) -> float:
        """The share of the way that lies in the fastest tenth of the steps, mean over legs: 0.1 is even, 1 one jump.

        A generator that has memorised images stays near one and jumps to the next.
        """
        fastest = math.ceil(FASTEST * self.steps)
        ways = np.sort(self.movement, axis=1)
        lengths = ways.sum(axis=1)
        if not self._moves:
            return self.least
        return float(np.mean(ways[lengths > 0, -fastest:].sum(axis=1) / lengths[lengths > 0]))

    @property
    def least(self) -> float:
        """What `unevenness` is where every step is as long as the others: 0.1, or more where steps are not tens."""
        return math.ceil(FASTEST * self.steps) / self.steps

    @property
    def _moves(self) -> bool:
        return bool((self.movement > STILL).any())

    @property
    def verdict(self) -> str:
        """The same in words."""
        if not self._moves:
            return "nothing moves: all images of the path are the same"
        share = f"{100 * self.unevenness:.0f} % of the way lies in the fastest tenth of the steps"
        if self.unevenness > JUMPING:
            return f"it jumps ({share}): the generator may have memorised images"
        if self.unevenness > UNEVEN:
            return f"it moves in spurts ({share})"
        least = f"{100 * self.least:.0f} % is the least there can be"
        return f"it moves evenly ({share}; {least}): no sign of memorised images"


def walk(renderer: Renderer, stations: Points, steps: int) -> Walk:
    """The path through some points and back to the first one.

    Latents go along the sphere where their law is normal, else straight (see `latents`); mixtures of classes straight.

    Args:
        renderer: of the generator.
        stations: at least two points.
        steps: from one to the next, at least 1.

    Raises:
        ValueError: fewer points or steps.
    """
    if len(stations) < 2 or steps < 1:
        raise ValueError(f"{len(stations)} points, {steps} steps: a walk has at least two points and one step")
    following = np.roll(np.arange(len(stations)), -1)
    points = joined([_leg(renderer, stations[[here, there]], steps) for here, there in enumerate(following)])
    images = renderer.images(points)
    change = np.square(images - np.roll(images, -1, axis=0)).mean(axis=(1, 2, 3))
    movement = (0.5 * np.sqrt(change)).reshape(len(stations), steps)
    return Walk(points, pixels.to_pixels(images).numpy(), steps, movement)


def _leg(renderer: Renderer, ends: Points, steps: int) -> Points:
    """The way from the first point to the second, which belongs to the next leg."""
    fractions = np.arange(steps, dtype=np.float32) / np.float32(steps)
    law = renderer.generator.config.latent_law
    way = latent.between(*map(tf.constant, ends.latents), tf.constant(fractions), law).numpy()
    share = fractions[:, None]
    return Points(way, (1.0 - share) * ends.classes[0] + share * ends.classes[1])
