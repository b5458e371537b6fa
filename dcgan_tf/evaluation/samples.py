"""Samples to be judged: which seeds, in which order, and what is kept of them."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dcgan_tf.evaluation.features import Extractor
from dcgan_tf.evaluation.scratch import scratch
from dcgan_tf.models.generator import BLOCK, Generator
from dcgan_tf.progress import Progress

FIRST_SEED = 2**30
"""Judged samples are those of the seeds from 1,073,741,824 on: never the ones a sample grid shows or a person chose."""

BLOCKS_AT_ONCE = 4  # features of 256 images at a time


class Samples:
    """The samples of one generator, a stream that can be started again and gives the same images.

    A conditional generator's seed s has class s modulo the classes, so every class comes equally often.

    Args:
        generator: makes the images.
        count: how many.
        first_seed: of the first one.

    Attributes:
        seconds: spent generating by all streams so far.
    """

    def __init__(self, generator: Generator, count: int, first_seed: int = FIRST_SEED):
        self.generator, self.count, self.first_seed = generator, count, first_seed
        self.seconds = 0.0

    def blocks(self) -> Iterator[np.ndarray]:
        """A new stream: uint8 [up to 64, height, width, channels]."""
        blocks = self.generator.blocks(range(self.first_seed, self.first_seed + self.count))
        while True:
            began = time.perf_counter()
            block = next(blocks, None)
            self.seconds += time.perf_counter() - began
            if block is None:
                return
            yield block

    def labelled(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """A new stream with labels, int32 [b]."""
        seed = self.first_seed
        for block in self.blocks():
            yield block, self.generator.labels(np.arange(seed, seed + len(block))).numpy()
            seed += len(block)


class SampleFeatures:
    """The features of all samples, computed as they are made; the images are not kept.

    Args:
        samples: the stream.
        extractor: what sees them.
        folder: for features too large for memory.

    Attributes:
        vectors: float32 [count, d].
        probabilities: float32 [count, classes], or None.
        seconds: spent in the extractor.
    """

    def __init__(self, samples: Samples, extractor: Extractor, folder: Path):
        self.vectors = scratch(folder, (samples.count, extractor.dimension), "float32")
        self.probabilities = None
        self.seconds, place = 0.0, 0
        with Progress(samples.count, "images", "generating and looking") as progress:
            for images in _joined(samples.blocks(), BLOCKS_AT_ONCE):
                began = time.perf_counter()
                found = extractor(images)
                if found.probabilities is not None and self.probabilities is None:
                    self.probabilities = scratch(folder, (samples.count, found.probabilities.shape[1]), "float32")
                part = slice(place, place + len(images))
                self.vectors[part] = found.vectors
                if self.probabilities is not None:
                    self.probabilities[part] = found.probabilities
                self.seconds += time.perf_counter() - began
                place += len(images)
                progress.advance(len(images))


def _joined(blocks: Iterator[np.ndarray], count: int) -> Iterator[np.ndarray]:
    waiting: list[np.ndarray] = []
    for block in blocks:
        waiting.append(block)
        if len(waiting) == count:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


assert FIRST_SEED % BLOCK == 0  # whole blocks from the first one on
