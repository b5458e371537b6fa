"""How much generated images differ from each other, beside how much real ones do."""

import numpy as np

from dcgan_tf.data import ImageStore
from dcgan_tf.models.generator import Generator
from dcgan_tf.training.evaluator import chosen_reals

COUNT = 256


class Diversity:
    """Two ratios of generated to real images, 1 where both are alike.

    Args:
        store: the real images; their distances are computed here, once.
    """

    def __init__(self, store: ImageStore):
        chosen = chosen_reals(store, "diversity", COUNT)
        self._count = len(chosen)
        self._real = distances(store.images[chosen])

    def __call__(self, generator: Generator) -> dict[str, float]:
        """The ratios of as many generated images (see `distances`).

        "diversity" is near 0 where all samples are one image; "closest" also where they are copies of a few. A ratio
        whose real side is 0, as of training images that occur twice each, tells nothing and is 1.
        """
        generated = distances(generator.images(range(self._count)))
        names = ("diversity", "closest")
        return {
            name: ours / real if real > 0 else 1.0
            for name, ours, real in zip(names, generated, self._real, strict=True)
        }


def distances(images: np.ndarray) -> tuple[float, float]:
    """Mean Euclidean distance of all pairs, and of every image to the closest other one, in units of their contrast.

    The contrast is the mean over images of the standard deviation of their values, at least one grey level. Without
    it, early samples, which are pale, would pass for alike, and a few patterns in black and white for diverse.

    Args:
        images: uint8 [n, height, width, channels], n at least 2.
    """
    rows = np.asarray(images, np.float64).reshape(len(images), -1)
    squares = (rows * rows).sum(axis=1)
    # Whole numbers below 2^53, so the products are exact, and two equal images are exactly 0 apart.
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * rows @ rows.T, 0.0))
    unit = max(1.0, rows.std(axis=1).mean()) * rows.shape[1] ** 0.5
    count = len(rows)
    mean = float(apart.sum() / (count * (count - 1)))
    np.fill_diagonal(apart, np.inf)
    return mean / unit, float(apart.min(axis=1).mean()) / unit
