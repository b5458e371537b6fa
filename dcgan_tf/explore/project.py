"""From an image back to a latent: the point whose image is nearest, by gradient descent from several starts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore.parts.figure import Figure, Panel, signed_pictures
from dcgan_tf.explore.parts.points import Points
from dcgan_tf.explore.parts.renderer import Label, Renderer, renderer_of
from dcgan_tf.models import Generator, pixels
from dcgan_tf.progress import Progress

CANDIDATES = 2048
LEVELS = 255.0
RATE, MEAN_DECAY, SQUARE_DECAY, EPSILON = 0.1, 0.9, 0.99, 1e-8  # of Adam
REFINED = 4  # of the starts go on after the first third of the steps
AT_ONCE = 100  # steps between looks at the clock
BEYOND = 2.2  # three standard deviations of the length of a normal latent


@dataclass(frozen=True, eq=False)
class Projection:
    """The best that a generator can do for some images.

    Attributes:
        points: [n].
        images: uint8 [n, height, width, channels], what was projected.
        reconstructions: uint8 [n, height, width, channels].
        errors: float64 [n], root of the mean squared difference from the image, in levels of 0 to 255.
        explained: float64 [n], the share of the image's variance about its mean brightness that is met: 1 without
            error, 0 for a flat gray picture.
        candidates: uint8 [n, height, width, channels], the nearest of the generated images that descent started from.
        candidate_errors, candidate_explained: the same for them.
    """

    points: Points
    images: np.ndarray
    reconstructions: np.ndarray
    errors: np.ndarray
    explained: np.ndarray
    candidates: np.ndarray
    candidate_errors: np.ndarray
    candidate_explained: np.ndarray

    @property
    def summary(self) -> str:
        """A line for each image: how near the generator comes."""
        return "\n".join(
            f"{name}: {max(explained, 0):.1%} of the image's variance is explained, error {error:.1f} of 255 levels "
            f"(the nearest generated image: {max(start, 0):.0%}, {start_error:.0f} levels)"
            for name, explained, error, start, start_error in zip(
                self.points.names, self.explained, self.errors, self.candidate_explained, self.candidate_errors,
                strict=True,
            )
        )  # fmt: skip

    def figure(self, note: str = "") -> Figure:
        """A row for each image: itself, where descent began, what it came to, and the difference."""
        difference = signed_pictures(self.reconstructions.astype(np.float32) - self.images, LEVELS)
        columns = ["image", "nearest\nsample", "projected", "difference"]
        rows = np.stack([self.images, self.candidates, self.reconstructions, difference], axis=1)
        labels = [
            f"{name}\n{max(share, 0):.1%} explained\nerror {error:.1f}"
            for name, share, error in zip(self.points.names, self.explained, self.errors, strict=True)
        ]
        notes = ["error: root mean square in levels of 0 to 255; gray: no difference", note]
        return Figure("Images and the generator's nearest", [Panel(list(rows), "", labels, columns)], notes)


def project(
    generator: Generator,
    images: np.ndarray,
    label: Label | None = None,
    starts: int = 16,
    steps: int = 1500,
    candidates: int = CANDIDATES,
    names: Sequence[str] = (),
) -> Projection:
    """Finds a latent for each image.

    Descent (Adam with a rate that falls to 0) starts from the generated images that are nearest in pixels, in a
    conditional generator from the nearest of each class first, and goes on from the best of them. Latents stay where
    the generator was trained: in the cube of the uniform law, or no longer than all but one in a thousand latents of
    the normal one. A start keeps its class.

    Args:
        generator: makes the images.
        images: uint8 [n, height, width, channels], of the generator's size.
        label: the class of all images, by number or name; None tries all classes of a conditional generator.
        starts: latents to start from; raised to the number of classes to try.
        steps: of descent, for each image.
        candidates: generated images, those of the first seeds, that the starts are chosen from.
        names: of the images, for figures.

    Raises:
        ArgumentError: images of another size, no such class, or numbers that are too small.
    """
    renderer, shape = renderer_of(generator), generator.image_shape
    if images.shape[1:] != shape or images.dtype != np.uint8 or not len(images):
        raise ArgumentError("images", f"{images.shape} of {images.dtype}", f"the generator's are {shape} of uint8")
    if not 1 <= starts <= candidates:
        raise ArgumentError("starts", starts, f"it must be from 1 to {candidates}, the number of `candidates`")
    if steps < 3:
        raise ArgumentError("steps", steps, "it must be at least 3")
    if label is None:
        starts = min(max(starts, renderer.classes), candidates)
    pool = renderer.points(range(candidates), label)
    made = renderer.images(pool).reshape(candidates, -1)
    descent, best, nearest = _Descent(renderer), [], []
    with Progress(steps * len(images), "steps", "projecting") as progress:
        for image in pixels.to_model_range(images).numpy():
            order = np.argsort(np.square(made - image.ravel()).mean(axis=1), kind="stable")
            nearest.append(order[0])
            best.append(descent.best(_starts(pool[order], starts), image, steps, progress))
    names = tuple(names) or tuple(f"image {row}" for row in range(len(best)))
    points = replace(Points.joined(best), names=names)
    before = made[nearest].reshape(images.shape)
    return Projection(
        points, images, renderer.pixels(points), *quality(images, renderer.images(points)),
        pixels.to_pixels(before).numpy(), *quality(images, before),
    )  # fmt: skip


def quality(images: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Errors and explained shares, see `Projection`, of uint8 images and what was made of them in [-1, 1]."""
    wanted = pixels.to_model_range(images).numpy().astype(np.float64)
    squares, variances = np.square(wanted - made).mean(axis=(1, 2, 3)), wanted.var(axis=(1, 2, 3))
    shares = np.divide(squares, variances, out=np.ones_like(squares), where=variances > 0)  # nothing to explain: 0
    return 0.5 * LEVELS * np.sqrt(squares), 1.0 - shares


def _starts(candidates: Points, count: int) -> Points:
    """The first candidates, but the first of each class before any second one."""
    later = np.ones(len(candidates), bool)
    later[np.unique(candidates.classes, axis=0, return_index=True)[1]] = False
    return candidates[np.argsort(later, kind="stable")[:count]]


class _Descent:
    """Adam on latents. Every latent has a loss of its own, so company does not matter."""

    def __init__(self, renderer: Renderer):
        config = renderer.generator.config
        self._network, self._law, self._dim = renderer.network, config.latent_distribution, config.latent_dim
        self._run = tf.function(self._steps, reduce_retracing=True)

    def best(self, starts: Points, image: np.ndarray, steps: int, progress: Progress) -> Points:
        """A third of the steps from every start, the others from the best few; the best point at the end, [1]."""
        first = steps // 3
        points, errors = self._down(starts, image, first, progress)
        few = points[np.argsort(errors, kind="stable")[:REFINED]]
        points, errors = self._down(few, image, steps - first, progress)
        return points[[int(np.argmin(errors))]]

    def _down(self, starts: Points, image: np.ndarray, steps: int, progress: Progress) -> tuple[Points, np.ndarray]:
        """The points after so many steps, and their mean squared errors float32 [starts]."""
        latents, classes, image = tf.constant(starts.latents), tf.constant(starts.classes), tf.constant(image)
        state = latents, tf.zeros_like(latents), tf.zeros_like(latents)
        for first in range(0, steps, AT_ONCE):
            last = min(first + AT_ONCE, steps)
            state = self._run(state, classes, image, *(tf.constant(number) for number in (first, last, steps)))
            progress.advance(last - first)
        errors, _ = self._errors_and_gradients(state[0], classes, image)
        return Points(state[0].numpy(), starts.classes), errors.numpy()

    def _steps(
        self, state: tuple, classes: tf.Tensor, image: tf.Tensor, first: tf.Tensor, last: tf.Tensor, total: tf.Tensor
    ) -> tuple:
        latents, means, squares = state
        for step in tf.range(first, last):
            _, gradients = self._errors_and_gradients(latents, classes, image)
            means = MEAN_DECAY * means + (1.0 - MEAN_DECAY) * gradients
            squares = SQUARE_DECAY * squares + (1.0 - SQUARE_DECAY) * tf.square(gradients)
            count = tf.cast(step + 1, tf.float32)
            mean, square = means / (1.0 - MEAN_DECAY**count), squares / (1.0 - SQUARE_DECAY**count)
            rate = 0.5 * RATE * (1.0 + tf.cos(np.pi * (count - 1.0) / tf.cast(total, tf.float32)))
            latents = self._allowed(latents - rate * mean / (tf.sqrt(square) + EPSILON))
        return latents, means, squares

    def _errors_and_gradients(
        self, latents: tf.Tensor, classes: tf.Tensor, image: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        values = [latents, classes] if len(self._network.inputs) > 1 else [latents]
        with tf.GradientTape() as tape:
            tape.watch(latents)
            errors = tf.reduce_mean(tf.square(self._network(values, training=False) - image), axis=[1, 2, 3])
        return errors, tape.gradient(errors, latents)

    def _allowed(self, latents: tf.Tensor) -> tf.Tensor:
        if self._law == "uniform":
            return tf.clip_by_value(latents, -1.0, 1.0)
        return tf.clip_by_norm(latents, float(np.sqrt(self._dim)) + BEYOND, axes=[1])
