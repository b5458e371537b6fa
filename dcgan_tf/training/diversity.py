"""How much generated images differ from each other, compared with real ones."""

import numpy as np

from dcgan_tf.data import ImageStore
from dcgan_tf.models.generator import Generator
from dcgan_tf.training.evaluator import reference_indices

COUNT = 256


class Diversity:
    """Distances between generated images, divided by those between real images.

    Args:
        store: the training images; their distances are computed here, once.
    """

    def __init__(self, store: ImageStore):
        indices = reference_indices(store, "diversity", COUNT)
        self._count = len(indices)
        self._real = distances(store.images[indices])

    def __call__(self, generator: Generator) -> dict[str, float]:
        """The ratios of both `distances`: 1 means as diverse as real images.

        "diversity" is near 0 if all samples are one image, "closest" also if they are copies of a few. A ratio is 1 if
        the distance of real images is 0, as when every training image occurs twice.
        """
        generated = distances(generator.images(range(self._count)))
        names = ("diversity", "closest")
        return {
            name: fake / real if real > 0 else 1.0
            for name, fake, real in zip(names, generated, self._real, strict=True)
        }


def distances(images: np.ndarray) -> tuple[float, float]:
    """Mean Euclidean distance over all pairs, and from each image to its nearest neighbor, in units of contrast.

    The contrast is the mean over images of the standard deviation of their values, at least one gray level. Without
    this unit, pale early samples would count as alike, and a few patterns in black and white as diverse.

    Args:
        images: uint8 [n, height, width, channels], n at least 2.
    """
    rows = np.asarray(images, np.float64).reshape(len(images), -1)
    squares = (rows * rows).sum(axis=1)
    # Integers below 2^53 make the products exact, so equal images are exactly 0 apart.
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2.0 * rows @ rows.T, 0.0))
    unit = max(1.0, rows.std(axis=1).mean()) * rows.shape[1] ** 0.5
    count = len(rows)
    mean = float(apart.sum() / (count * (count - 1)))
    np.fill_diagonal(apart, np.inf)
    return mean / unit, float(apart.min(axis=1).mean()) / unit
