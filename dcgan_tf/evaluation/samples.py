"""The samples to judge: which seeds, in which order, and their features."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dcgan_tf.evaluation.features.extractor import Extractor, Features, in_blocks
from dcgan_tf.evaluation.scratch import scratch
from dcgan_tf.models.generator import BLOCK, Generator

FIRST_SEED = 2**30
"""Samples to judge have the seeds from 1,073,741,824 on, so they are never those of a sample grid."""

assert FIRST_SEED % BLOCK == 0  # so that all blocks are whole

BLOCKS_AT_ONCE = 4  # features of 256 images at a time


class Samples:
    """The samples of one generator: a stream that gives the same images whenever it is started.

    A conditional generator's seed s has class s modulo the number of classes, so all classes are equally frequent.

    Attributes:
        seconds: spent generating by all streams so far.
    """

    def __init__(self, generator: Generator, count: int, first_seed: int = FIRST_SEED):
        self.generator, self.count, self.first_seed = generator, count, first_seed
        self.seconds = 0.0

    def blocks(self, at_once: int = 1) -> Iterator[np.ndarray]:
        """A new stream: uint8 [up to 64 x `at_once`, height, width, channels]."""
        blocks = self.generator.blocks(range(self.first_seed, self.first_seed + self.count))
        while True:
            began = time.perf_counter()
            together = list(itertools.islice(blocks, at_once))
            self.seconds += time.perf_counter() - began
            if not together:
                return
            yield np.concatenate(together)

    def labeled(self, at_once: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """A new stream with labels, int32 [b]."""
        seed = self.first_seed
        for block in self.blocks(at_once):
            yield block, self.generator.labels(np.arange(seed, seed + len(block))).numpy()
            seed += len(block)


def sample_features(samples: Samples, extractor: Extractor, folder: Path) -> Features:
    """Computes features while samples are generated; those too large for memory go to a file in `folder`."""
    vectors, probabilities = scratch(folder, (samples.count, extractor.dimension), "float32"), None
    if extractor.classes:
        probabilities = scratch(folder, (samples.count, extractor.classes), "float32")
    text = "generating samples and their features"
    for part, found in in_blocks(extractor, samples.blocks(BLOCKS_AT_ONCE), samples.count, text):
        vectors[part] = found.vectors
        if probabilities is not None:
            probabilities[part] = found.probabilities
    return Features(vectors, probabilities)
