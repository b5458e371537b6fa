"""A walk through the latent space: between nearby images nothing should jump (paper, section 6.1 and Figure 4)."""

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf import images as pictures
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore.parts.figure import LABEL, Figure, Panel, Plot
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.explore.parts.renderer import Label, Seeds, renderer_of
from dcgan_tf.models import Generator, latent, pixels

FASTEST = 0.1  # of the steps of a leg
UNEVEN, JUMPING = 0.35, 0.6
STILL = 1e-4  # of the range in a step, a fortieth of a gray level: rounding
COLUMNS = 11  # images of a leg in the figure
SECONDS_PER_LEG = 1.2


@dataclass(frozen=True, eq=False)
class Walk:
    """A closed path: the first image follows the last.

    Attributes:
        stations: the points that it passes, one at the start of each leg.
        points: all points of the path, [legs * steps].
        images: uint8 [legs * steps, height, width, channels].
        steps: from one station to the next.
        movement: float32 [legs, steps], how far each image is from the next: the root of the mean squared difference of
            pixels, as a share of their range, 0 to 1.
        spherical: whether latents move along the sphere, else straight.
    """

    stations: Points
    points: Points
    images: np.ndarray
    steps: int
    movement: np.ndarray
    spherical: bool = False

    @property
    def unevenness(self) -> float:
        """The share of the path that lies in the fastest tenth of the steps, mean over legs: 0.1 is even, 1 one jump.

        A generator that has memorized images stays near one and jumps to the next.
        """
        lengths, count = self.movement.sum(axis=1), math.ceil(FASTEST * self.steps)
        if not (self.movement > STILL).any():
            return count / self.steps
        fastest = np.sort(self.movement, axis=1)[:, -count:].sum(axis=1)
        return float(np.mean(fastest[lengths > 0] / lengths[lengths > 0]))

    @property
    def verdict(self) -> str:
        """The same in words."""
        if not (self.movement > STILL).any():
            return "nothing moves: all images of the path are the same"
        share = f"{100 * self.unevenness:.0f}% of the path lies in the fastest tenth of the steps"
        if self.unevenness > JUMPING:
            return f"it jumps ({share}): the generator may have memorized images"
        if self.unevenness > UNEVEN:
            return f"it moves in spurts ({share})"
        least = math.ceil(FASTEST * self.steps) / self.steps
        return f"it moves evenly ({share}; {100 * least:.0f}% is the minimum): no sign of memorized images"

    def figure(self, note: str = "") -> Figure:
        """A row of images for each leg, and a plot of how far the image moves in each step."""
        legs = self.images.reshape(len(self.stations), self.steps, *self.images.shape[1:])
        columns = np.unique(np.linspace(0, self.steps, COLUMNS).round().astype(int))
        ends = np.roll(legs, -1, axis=0)
        rows = [np.concatenate([leg, after[:1]])[columns] for leg, after in zip(legs, ends, strict=True)]
        panel = Panel(rows, row_labels=self.stations.names, cell=56)
        plot = Plot(self._plot_movement, max(700, panel.picture().width), title="How far it moves")
        way = "along the sphere" if self.spherical else "straight"
        legs = f"{self.steps} steps for each leg, {way}; each row ends where the next begins"
        title = f"A walk through {len(self.stations)} latents and back"
        return Figure(title, [panel, plot], [self.verdict, legs, note])

    def save_gif(self, path: str | os.PathLike) -> None:
        """Writes an animation that loops, 1.2 seconds for each leg."""
        pictures.write_loop(path, self.images, SECONDS_PER_LEG * len(self.stations))

    def _plot_movement(self, axes: Any) -> None:
        changes, legs = 100 * self.movement.ravel(), len(self.movement)
        axes.bar(np.arange(len(changes)) + 0.5, changes, width=1.0, color="0.45")
        for leg in range(1, legs):
            axes.axvline(leg * self.steps, color="0.8", linewidth=0.8)
        axes.set_xticks(np.arange(legs) * self.steps, [f"row {leg + 1}" for leg in range(legs)])
        axes.set_xlim(0, len(changes))
        axes.set_ylabel("change per step,\n% of the range", fontsize=LABEL)


def walk(generator: Generator, seeds: Seeds = range(9), steps: int = 30, label: Label | None = None) -> Walk:
    """The path through some points and back to the first one.

    Latents move along the sphere if their law is normal, else straight (see `models.latent`); mixtures of classes
    move straight.

    Args:
        generator: makes the images.
        seeds: at least two, see `Renderer.points`.
        steps: from one to the next, at least 1.
        label: class of the seeds that name none, by number or name; None gives each its own.

    Raises:
        ArgumentError: fewer points or steps, no such seed or class.
    """
    renderer = renderer_of(generator)
    stations, law = renderer.points(seeds, label), generator.config.latent_distribution
    if len(stations) < 2:
        raise ArgumentError("seeds", stations, "a walk needs at least two points")
    if steps < 1:
        raise ArgumentError("steps", steps, "it must be at least 1")
    following = np.roll(np.arange(len(stations)), -1)
    points = Points.joined([_leg(stations[[here, there]], steps, law) for here, there in enumerate(following)])
    images = renderer.images(points)
    change = np.square(images - np.roll(images, -1, axis=0)).mean(axis=(1, 2, 3))
    movement = (0.5 * np.sqrt(change)).reshape(len(stations), steps)
    return Walk(stations, points, pixels.to_pixels(images).numpy(), steps, movement, law == "normal")


def _leg(ends: Points, steps: int, law: str) -> Points:
    """The way from the first point to the second, which belongs to the next leg."""
    fractions = np.arange(steps, dtype=np.float32) / np.float32(steps)
    way = latent.between(*map(tf.constant, ends.latents), tf.constant(fractions), law).numpy()
    share = fractions[:, None]
    return Points(way, (1.0 - share) * ends.classes[0] + share * ends.classes[1])
