"""(seed, stream, counter) to random numbers, and lists of seeds as a person writes them.

Every random draw is a stateless function of the run's seed, the name of its stream and a counter, so a run can be
stopped, resumed and split over devices without changing it. Draws on the host (data order, flips) use NumPy's Philox;
latents are drawn inside the graph by `models.latent`, with keys from here. Nothing else makes a seed.
"""

import hashlib
import operator
import re
from collections.abc import Iterable

import numpy as np

from dcgan_tf.errors import ArgumentError

LARGEST = 2**62
MOST = 100_000_000  # seeds in one call
FORMS = "write seeds as 17, 0-63, 3,14,15 or 0-9,20"


def stream_key(seed: int, stream: str) -> int:
    """A 31-bit number that is the same on every machine and different for every (seed, stream)."""
    digest = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
    return int.from_bytes(digest[:4], "little") >> 1


def generator(seed: int, stream: str, counter: int) -> np.random.Generator:
    """A NumPy generator for one (seed, stream, counter)."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([stream_key(seed, stream), counter])))


def parse(text: str, argument: str = "seeds", most: int = MOST) -> "range | list[int]":
    """The seeds of "17", "0-63", "3,14,15" or "0-9,20", in this order; a range where it is one.

    Raises:
        ArgumentError: another form, a range that runs backwards, or seeds that are too large or too many.
    """
    parts = [_parsed_range(part, text, argument) for part in text.split(",")]
    if (count := sum(map(len, parts))) > most:
        raise ArgumentError(argument, text, f"these are {count:,} numbers; at most {most:,} can be used in one call")
    return parts[0] if len(parts) == 1 else [seed for part in parts for seed in part]


def listed(seeds: Iterable[int] | int, argument: str = "seeds") -> "range | list[int]":
    """Seeds as a caller may pass them: a range, whole numbers in anything that can be iterated, or one number.

    Raises:
        ArgumentError: no seeds, something else than whole numbers, or a seed outside 0 to 2^62.
    """
    if not isinstance(seeds, range):
        try:
            items = [seeds] if hasattr(seeds, "__index__") and not getattr(seeds, "shape", ()) else list(seeds)
            seeds = [operator.index(seed) for seed in items]
        except (TypeError, ValueError):
            raise ArgumentError(argument, repr(seeds)[:60], "give whole numbers, as in range(64) or [3, 14]") from None
    if not len(seeds):
        raise ArgumentError(argument, seeds, "name at least one")
    check(seeds, argument)
    return seeds


def check(seeds: Iterable[int], argument: str = "seeds") -> None:
    """Raises ArgumentError unless every seed is from 0 to 2^62."""
    ends = (seeds[0], seeds[-1]) if isinstance(seeds, range) and seeds else seeds
    for seed in ends:
        if not 0 <= seed <= LARGEST:
            raise ArgumentError(argument, seed, "a seed is from 0 to 2^62")


def _parsed_range(part: str, text: str, argument: str) -> range:
    found = re.fullmatch(r"\s*(\d{1,20})\s*(?:-\s*(\d{1,20})\s*)?", part, re.ASCII)
    if not found:
        raise ArgumentError(argument, text, f"{part.strip()!r} is not understood; {FORMS}")
    first = int(found[1])
    last = int(found[2]) if found[2] else first
    if last < first:
        raise ArgumentError(argument, text, f"{part.strip()} runs backwards; {FORMS}")
    if last > LARGEST:
        raise ArgumentError(argument, text, "the numbers are from 0 to 2^62")
    return range(first, last + 1)
