"""Arithmetic on the latents of visual concepts (paper, section 6.3.2, Figure 7).

Smiling woman - neutral woman + neutral man = smiling man.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf import seeds as random_seeds
from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore.parts.figure import CELL, Figure, Panel
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.explore.parts.renderer import Seeds, renderer_of
from dcgan_tf.models import Generator

NEIGHBORS = 8
SIGNS = {1: "+", -1: "\N{MINUS SIGN}"}


@dataclass(frozen=True, eq=False)
class Term:
    """A concept that is added or subtracted: the mean of some examples.

    Attributes:
        sign: 1 or -1.
        points: the examples.
        images: uint8 [n, height, width, channels].
        mean: uint8 [height, width, channels], the image of their mean.
    """

    sign: int
    points: Points
    images: np.ndarray
    mean: np.ndarray


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """A sum of means.

    Attributes:
        terms: in the order of the paper: the first that is added, all that are subtracted, the others that are added.
        points: [9]: the sum, in the middle (number 4), and eight points around it.
        images: uint8 [9, height, width, channels].
        in_pixels: uint8 [height, width, channels], the same sum of the examples' images instead of their latents.
        noise, seed: of the eight points.
    """

    terms: tuple[Term, ...]
    points: Points
    images: np.ndarray
    in_pixels: np.ndarray
    noise: float
    seed: int

    def figure(self, note: str = "", titles: Sequence[str] = ()) -> Figure:
        """A column for each term, then the sum in latents and in pixels.

        Args:
            note: small text below.
            titles: names of the terms, in their order.
        """
        blocks = []
        for term, title in zip(self.terms, titles or [""] * len(self.terms), strict=True):
            rows = [image[None] for image in [*term.images, term.mean]]
            blocks.append(Panel(rows, f"{SIGNS[term.sign]} {title}", [*term.points.names, "mean"]))
        blocks.append(Panel([self.images[row : row + 3] for row in range(0, 9, 3)], "= in latents"))
        blocks.append(Panel([self.in_pixels[None]], "= in pixels", cell=3 * CELL))
        noise = f"the others have uniform noise of {self.noise:g} added (seed {self.seed})"
        notes = [f"the middle of the nine is the result, {noise}", note]
        return Figure("Arithmetic on concepts", blocks, notes, across=True)


def arithmetic(
    generator: Generator, plus: Sequence[Seeds], minus: Sequence[Seeds] = (), noise: float = 0.25, seed: int = 0
) -> Arithmetic:
    """Adds and subtracts concepts: mean(A) - mean(B) + mean(C).

    The paper takes three examples for each concept, because single ones were unstable, and shows the sum among eight
    neighbors with uniform noise of 0.25. Classes are added and subtracted like latents.

    Args:
        generator: makes the images.
        plus: groups of examples to add, at least one; for a group see `Renderer.points`.
        minus: groups to subtract.
        noise: the neighbors' latents differ by uniform noise in [-noise, noise].
        seed: of the noise.

    Raises:
        ArgumentError: nothing to add, no groups, no such seed or class.
    """
    renderer = renderer_of(generator)
    groups = {"plus": list(plus), "minus": list(minus)}
    for name, members in groups.items():
        if any(isinstance(each, int | np.integer | tuple) for each in members):
            raise ArgumentError(name, members, "give groups of seeds: [[3, 7, 9], [2, 5, 6]]")
    if not groups["plus"]:
        raise ArgumentError("plus", "", "name at least one group of seeds to add")
    first, *others = groups["plus"]
    signed = [(1, first), *((-1, each) for each in groups["minus"]), *((1, each) for each in others)]
    signs, examples = np.array([sign for sign, _ in signed], np.float32), [renderer.points(each) for _, each in signed]
    means = Points.joined([each.mean() for each in examples])
    total = Points(signs[None] @ means.latents, signs[None] @ means.classes)
    moves = random_seeds.generator(seed, "arithmetic", 0).uniform(-noise, noise, (NEIGHBORS, total.latents.shape[1]))
    moves = np.insert(moves, NEIGHBORS // 2, 0.0, axis=0).astype(np.float32)
    around = Points(total.latents + moves, total.classes.repeat(NEIGHBORS + 1, axis=0))
    images = [renderer.pixels(each) for each in examples]
    pixel_means = [each.astype(np.float64).mean(axis=0) for each in images]
    in_pixels = np.rint(np.tensordot(signs.astype(np.float64), pixel_means, axes=1).clip(0, 255)).astype(np.uint8)
    terms = tuple(map(Term, signs.astype(int), examples, images, renderer.pixels(means)))
    return Arithmetic(terms, around, renderer.pixels(around), in_pixels, noise, seed)
