"""Samples beside the training images nearest to them: has the generator copied (paper, sections 4.1.1 and 6.1)?

How near is near is told by real images: how far each of some training images is from the nearest of all others.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dcgan_tf import seeds as random_seeds
from dcgan_tf.data import ImageStore
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features import Features
from dcgan_tf.explore.parts.figure import Figure, Panel
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.explore.parts.renderer import Seeds, renderer_of
from dcgan_tf.metrics import NearestNeighbors, arrays
from dcgan_tf.models import Generator
from dcgan_tf.progress import Progress

BLOCK = 256  # images at a time: what a feature extractor takes in one go
REAL = 200  # training images that the samples are compared with
COPY_QUANTILE = 0.01  # a sample as near as the nearest 1% of these may be a copy

Extractor = Callable[[np.ndarray], Features]


@dataclass(frozen=True, eq=False)
class Space:
    """What was found by one kind of distance.

    Attributes:
        name: "pixels", or what the features were called.
        rows: int64 [samples, k], the nearest training images of each sample; equally near ones by their row.
        distances: float32 [samples, k], Euclidean, of pixels in [0, 1] or of feature vectors.
        images: uint8 [samples, k, height, width, channels], these training images.
        among_real: float32 [real], how far some training images are from the nearest of all others.
    """

    name: str
    rows: np.ndarray
    distances: np.ndarray
    images: np.ndarray
    among_real: np.ndarray

    @property
    def copies(self) -> int:
        """Samples as near to a training image as the nearest 1% of real images are to another one."""
        return int((self.distances[:, 0] <= np.quantile(self.among_real, COPY_QUANTILE)).sum())

    @property
    def verdict(self) -> str:
        """Typical distances and `copies`, in words."""
        own, few = self.distances[:, 0], "the nearest 1% of real images"
        copied = f"{self.copies} of {len(own)} samples are" if self.copies else "no sample is"
        return (
            f"{self.name}: samples are {np.median(own):.3g} from their nearest training image (median), real images "
            f"{np.median(self.among_real):.3g} from theirs: {copied} as near as {few}"
        )


@dataclass(frozen=True, eq=False)
class Neighbors:
    """Samples and their nearest training images.

    Attributes:
        points: of the samples.
        images: uint8 [samples, height, width, channels].
        spaces: one for pixels, one for features if an extractor was given.
    """

    points: Points
    images: np.ndarray
    spaces: tuple[Space, ...]

    @property
    def verdict(self) -> str:
        """A line for each kind of distance."""
        return "\n".join(space.verdict for space in self.spaces)

    def figure(self, note: str = "") -> Figure:
        """A row for each sample: the sample, then its neighbors."""
        blocks = [Panel([image[None] for image in self.images], "sample", self.points.names)]
        blocks += [Panel(list(space.images), f"nearest in {space.name}") for space in self.spaces]
        return Figure("Samples and their nearest training images", blocks, [self.verdict, note], across=True)


def neighbors(
    generator: Generator,
    training_images: np.ndarray | ImageStore,
    seeds: Seeds = range(8),
    k: int = 5,
    features: Extractor | None = None,
    name: str = "features",
) -> Neighbors:
    """The nearest training images of samples, in pixels and, if there is an extractor, in its features.

    Args:
        generator: makes the samples.
        training_images: uint8 [n, height, width, channels], may be a memory map, or the store that holds them.
        seeds: of the samples, see `Renderer.points`.
        k: neighbors of each sample.
        features: images to vectors, see `evaluation.features`.
        name: what these features are called.

    Raises:
        ArgumentError: images of another size, `k` is not from 1 to n - 1, no such seed or class.
    """
    renderer = renderer_of(generator)
    real = training_images.images if isinstance(training_images, ImageStore) else training_images
    if real.shape[1:] != generator.image_shape or real.dtype != np.uint8:
        raise ArgumentError("training_images", f"{real.shape} of {real.dtype}", f"the generator's are "
                            f"{generator.image_shape} of uint8")  # fmt: skip
    if not 1 <= k < len(real):
        raise ArgumentError("k", k, f"it must be from 1 to {len(real) - 1}: there are {len(real):,} training images")
    points = renderer.points(seeds)
    images = renderer.pixels(points)
    chosen = np.sort(random_seeds.generator(0, "neighbors_of_real", 0).permutation(len(real))[:REAL])
    spaces = []
    for called, extractor in [("pixels", None), *([(name, features)] if features else [])]:
        rows, distances = _nearest(images, real, k, extractor)
        _, among_real = _nearest(real[chosen], real, 1, extractor, leave_out=chosen)
        shown = np.stack([np.asarray(real[each]) for each in rows])
        spaces.append(Space(called, rows, distances, shown, among_real[:, 0]))
    return Neighbors(points, images, tuple(spaces))


def _nearest(
    queries: np.ndarray, references: np.ndarray, k: int, features: Extractor | None, leave_out: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the k nearest references and their distances, [queries, k]; `leave_out` is each query's own row."""
    vectors = [_vectors(queries[part], features) for part in arrays.slices(len(queries), BLOCK)]
    search = NearestNeighbors(np.concatenate(vectors), k, leave_out)
    with Progress(len(references), "images", "comparing with training images") as progress:
        for part in arrays.slices(len(references), BLOCK):
            search.add(_vectors(references[part], features))
            progress.advance(part.stop - part.start)
    return search.positions, search.distances.astype(np.float32)


def _vectors(images: np.ndarray, features: Extractor | None) -> np.ndarray:
    """uint8 pixels or float32 features."""
    return features(np.asarray(images)).vectors if features else np.asarray(images)
