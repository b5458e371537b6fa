"""Finds examples of a class among generated images, so that nobody has to pick them by hand."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dcgan_tf.explore.points import Points
from dcgan_tf.explore.rendering import Renderer

CANDIDATES = 1024
Probabilities = Callable[[np.ndarray], np.ndarray]


class Examples(NamedTuple):
    """Generated images of one class.

    Attributes:
        seeds: of the images, the most certain first.
        points: theirs.
        certainties: the classifier's probability of the class, 0 to 1.
    """

    seeds: list[int]
    points: Points
    certainties: np.ndarray


def examples(
    renderer: Renderer, probabilities: Probabilities, label: int, count: int, candidates: int = CANDIDATES
) -> Examples:
    """The images of the seeds 0 to `candidates` - 1 that a classifier is most certain about.

    A conditional generator is asked for the class as well; the classifier then finds its clearest examples.

    Args:
        renderer: of the generator.
        probabilities: images uint8 [n, height, width, channels] to probabilities of classes float32 [n, classes].
        label: the class.
        count: how many.
        candidates: how many seeds are looked at.
    """
    everything = renderer.of_seeds(range(candidates), [label] * candidates if renderer.classes else None)
    certain = probabilities(renderer.pixels(everything))[:, label]
    chosen = np.argsort(-certain, kind="stable")[:count]
    return Examples(chosen.tolist(), everything[chosen], certain[chosen])
