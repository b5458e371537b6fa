"""Examples of a class among generated images, so that nobody has to pick them by hand."""

from collections.abc import Callable

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features import Features
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.explore.parts.renderer import renderer_of
from dcgan_tf.models import Generator

CERTAIN = 0.5


def examples(
    generator: Generator, classifier: Callable[[np.ndarray], Features], label: int, count: int, candidates: int = 1024
) -> Points:
    """The generated images of which a classifier is most certain that they show a class, the most certain first.

    A conditional generator is asked for the class as well; the classifier then picks the clearest images.

    Args:
        generator: makes the images of the seeds 0 to `candidates` - 1.
        classifier: uint8 [n, height, width, channels] to features with probabilities, see `evaluation.features`.
        label: number of the class, as the classifier counts.
        count: how many.
        candidates: how many images are looked at.

    Raises:
        ArgumentError: the classifier takes fewer images for this class.
    """
    renderer = renderer_of(generator)
    points = renderer.points(range(candidates), label if renderer.classes else None)
    certainties = classifier(renderer.pixels(points)).probabilities[:, label]
    chosen = np.argsort(-certainties, kind="stable")[:count]
    if certainties[chosen[-1]] < CERTAIN:
        enough = (certainties > CERTAIN).sum()
        raise ArgumentError(
            "label", label, f"of {candidates:,} generated images the classifier takes only {enough} for this class and "
            f"{count} are needed: train longer, or name seeds",
        )  # fmt: skip
    names = tuple(f"seed {seed} ({100 * certainties[seed]:.0f}%)" for seed in chosen)
    return Points(points.latents[chosen], points.classes[chosen], names)
