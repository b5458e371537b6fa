"""Lists of seeds as a user writes them: "17", "0-63", "3,14,15", "0-9,20"."""

import re
from collections.abc import Iterator, Sequence

from dcgan_tf.errors import SettingError

LARGEST = 2**62
MOST = 1_000_000  # seeds in one call

FORMS = "write numbers as 17, 0-63, 3,14,15 or 0-9,20"


def parse(text: str, setting: str = "seeds") -> list[int]:
    """The seeds of a text, in its order.

    Raises:
        SettingError: for a text of another form, a range that runs backwards, and seeds that are too large or too many.
    """
    ranges = [_parsed_range(part, text, setting) for part in text.split(",")]
    count = sum(map(len, ranges))
    if count > MOST:
        raise SettingError(setting, text, f"these are {count:,} numbers; at most {MOST:,} can be asked for in one call")
    return [seed for part in ranges for seed in part]


def parse_pair(setting: str, text: str) -> tuple[int, int]:
    """The two seeds of a text as "3,14"."""
    found = re.fullmatch(r"\s*(\d{1,20})\s*,\s*(\d{1,20})\s*", text, re.ASCII)
    if not found:
        raise SettingError(setting, text, "write two seeds as 3,14")
    pair = int(found[1]), int(found[2])
    check(pair, setting)
    return pair


def check(seeds: Sequence[int], setting: str = "seeds") -> None:
    """Raises SettingError unless every seed is from 0 to 2^62."""
    for seed in seeds:
        if not 0 <= seed <= LARGEST:
            raise SettingError(setting, seed, "a seed is from 0 to 2^62")


def parts(seeds: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Consecutive parts of at most `size` seeds."""
    for start in range(0, len(seeds), size):
        yield seeds[start : start + size]


def _parsed_range(part: str, text: str, setting: str) -> range:
    found = re.fullmatch(r"\s*(\d{1,20})\s*(?:-\s*(\d{1,20})\s*)?", part, re.ASCII)
    if not found:
        raise SettingError(setting, text, f"{part.strip()!r} is not understood; {FORMS}")
    first = int(found[1])
    last = int(found[2]) if found[2] else first
    if last < first:
        raise SettingError(setting, text, f"{part.strip()} runs backwards; {FORMS}")
    if last > LARGEST:
        raise SettingError(setting, text, "the numbers are from 0 to 2^62")
    return range(first, last + 1)
