"""A direction between two groups of examples as a "turn" of other samples (paper, section 6.3.2, Figure 8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf.explore.parts.figure import Figure, Panel
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.explore.parts.renderer import Seeds, renderer_of
from dcgan_tf.models import Generator

AMOUNTS = tuple(np.linspace(-1.0, 1.0, 9))


@dataclass(frozen=True, eq=False)
class Turn:
    """Samples that are moved along a direction.

    Attributes:
        start, end: the two groups, the mean of each as its last point.
        start_images, end_images: uint8 [n + 1, height, width, channels].
        direction: float32 [latent_dim], from the mean of one group to the mean of the other.
        samples: what is turned.
        amounts: float64 [amounts], how far.
        images: uint8 [samples, amounts, height, width, channels].
    """

    start: Points
    end: Points
    start_images: np.ndarray
    end_images: np.ndarray
    direction: np.ndarray
    samples: Points
    amounts: np.ndarray
    images: np.ndarray

    def figure(self, note: str = "", titles: tuple[str, str] = ("", "")) -> Figure:
        """The two groups, and a row for each sample.

        Args:
            note: small text below.
            titles: names of the two groups.
        """
        blocks = []
        for word, title, points, images in (
            ("from", titles[0], self.start, self.start_images),
            ("to", titles[1], self.end, self.end_images),
        ):
            names = [name.replace(" (", "\n(").replace(" as ", "\nas ") for name in points.names]
            blocks.append(Panel([images], f"{word} {title}", column_labels=names, cell=56))
        labels = [f"{amount:+.2g}" if amount else "0" for amount in self.amounts]
        blocks.append(Panel(list(self.images), "samples, turned", self.samples.names, labels))
        length = f"length of the direction: {np.linalg.norm(self.direction):.2f} in {len(self.direction)} dimensions"
        return Figure("A direction from one group to another", blocks, [length, note])


def turn(
    generator: Generator,
    start: Seeds,
    end: Seeds,
    seeds: Seeds = range(2000, 2006),
    amounts: Sequence[float] = AMOUNTS,
) -> Turn:
    """Moves samples along the direction between two groups. Their classes, if they have any, stay.

    Args:
        generator: makes the images.
        start: for instance faces that look left, see `Renderer.points`.
        end: for instance faces that look right; the paper averages four of each.
        seeds: what is turned.
        amounts: how far; 0 leaves a sample as it is, 1 goes as far as from the first mean to the second.

    Raises:
        ArgumentError: no seeds, no such seed or class.
    """
    renderer = renderer_of(generator)
    start, end = (Points.joined([each, each.mean()]) for each in map(renderer.points, (start, end)))
    samples, amounts = renderer.points(seeds), np.asarray(amounts, float)
    direction = end.latents[-1] - start.latents[-1]
    moved = Points.joined(
        [Points(samples.latents + np.float32(amount) * direction, samples.classes) for amount in amounts]
    )  # fmt: skip
    images = renderer.pixels(moved)
    images = images.reshape(len(amounts), len(samples), *images.shape[1:]).swapaxes(0, 1)
    return Turn(start, end, renderer.pixels(start), renderer.pixels(end), direction, samples, amounts, images)
