"""Arithmetic on the latents of visual concepts, and a direction as a "turn" (paper, section 6.3.2, Figures 7 and 8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf import seeds
from dcgan_tf.explore.points import Points, joined
from dcgan_tf.explore.rendering import Renderer

NEIGHBORS = 8


@dataclass(frozen=True)
class Sum:
    """A sum of means.

    Attributes:
        terms: the mean of each term, [terms].
        term_images: uint8 [terms, height, width, channels].
        around: [9]: the sum, in the middle (number 4), and eight points around it.
        images: uint8 [9, height, width, channels].
        in_pixels: uint8 [height, width, channels], the same sum of the examples' images instead of their latents.
    """

    terms: Points
    term_images: np.ndarray
    around: Points
    images: np.ndarray
    in_pixels: np.ndarray


def arithmetic(renderer: Renderer, terms: Sequence[tuple[int, Points]], noise: float = 0.25, seed: int = 0) -> Sum:
    """mean(A) - mean(B) + mean(C) and so on.

    The paper takes three examples for each concept, because single ones were unstable, and shows the sum among eight
    neighbours with uniform noise of 0.25.

    Args:
        renderer: of the generator.
        terms: (1 or -1, examples) each, at least one.
        noise: the neighbours' latents differ by uniform noise in [-noise, noise].
        seed: of the noise.

    Raises:
        ValueError: no terms.
    """
    if not terms:
        raise ValueError("a sum has at least one term")
    means = joined([examples.mean() for _, examples in terms])
    signs = np.array([sign for sign, _ in terms], np.float32)
    total = Points(signs[None] @ means.latents, signs[None] @ means.classes)
    moves = seeds.generator(seed, "arithmetic", 0).uniform(-noise, noise, (NEIGHBORS, total.latents.shape[1]))
    moves = np.insert(moves, NEIGHBORS // 2, 0.0, axis=0).astype(np.float32)
    around = Points(total.latents + moves, total.classes.repeat(NEIGHBORS + 1, axis=0))
    pixels = [renderer.pixels(examples).astype(np.float64).mean(axis=0) for _, examples in terms]
    in_pixels = np.tensordot(signs.astype(np.float64), pixels, axes=1)
    return Sum(
        means, renderer.pixels(means), around, renderer.pixels(around), np.rint(in_pixels.clip(0, 255)).astype(np.uint8)
    )


@dataclass(frozen=True)
class Turn:
    """A direction, applied to samples.

    Attributes:
        direction: float32 [latent_dim], from the mean of one group to the mean of the other.
        images: uint8 [samples, amounts, height, width, channels].
    """

    direction: np.ndarray
    images: np.ndarray


def turn(renderer: Renderer, start: Points, end: Points, samples: Points, amounts: Sequence[float]) -> Turn:
    """Moves samples along the direction between two groups. Their classes, where they have some, stay.

    Args:
        renderer: of the generator.
        start: examples, for instance, of faces that look left.
        end: examples of faces that look right; the paper averages four of each.
        samples: what is turned.
        amounts: how far; 0 leaves a sample as it is, 1 goes as far as from the first mean to the second.
    """
    direction = end.mean().latents[0] - start.mean().latents[0]
    moved = joined(
        [Points(samples.latents + np.float32(amount) * direction, samples.classes) for amount in amounts]
    )  # fmt: skip
    images = renderer.pixels(moved)
    return Turn(direction, images.reshape(len(amounts), len(samples), *images.shape[1:]).swapaxes(0, 1))
