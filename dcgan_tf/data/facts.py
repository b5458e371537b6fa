"""What a person should know about a set of images before training on it, in sentences."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

FEW_IMAGES = 1000
MANY_SKIPPED = 0.2
REASONS_SHOWN, NAMES_SHOWN = 4, 3

Counts = Sequence[tuple[str, int]]


def grouped(reasons: Iterable[str]) -> list[tuple[str, int]]:
    """Reasons for which files are skipped and how often each occurs, the most common first; numbers in them differ."""
    return Counter(map(_without_numbers, reasons)).most_common()


def examples_by_reason(skipped: Sequence[tuple[str, str]]) -> list[str]:
    """A line for each of the most common reasons, from the name and the reason of every skipped file."""
    lines = []
    for reason, count in grouped(reason for _, reason in skipped)[:REASONS_SHOWN]:
        names = [name for name, own in skipped if _without_numbers(own) == reason][:NAMES_SHOWN]
        lines.append(f"{count:,} x {reason} ({', '.join(names)}{', ...' if count > NAMES_SHOWN else ''})")
    return lines


def _without_numbers(reason: str) -> str:
    return re.sub(r"\d+", "...", reason)


def aspects_of(sizes: Mapping[tuple[int, int], int]) -> tuple[tuple[float, int], ...]:
    """How many images have which width / height, from how many have which (height, width)."""
    counts: Counter[float] = Counter()
    for (height, width), count in sizes.items():
        counts[round(width / height, 2) or 0.01] += count
    return tuple(sorted(counts.items()))


def cut_in_half(aspects: Iterable[tuple[float, int]], size: tuple[int, int]) -> int:
    """How many images lose more than half of their area to the center crop to (height, width)."""
    wanted = size[1] / size[0]
    return sum(count for aspect, count in aspects if max(aspect / wanted, wanted / aspect) > 2)


def many_skipped(usable: int, skipped: Counts) -> str:
    """A warning if many files cannot be used, else ""."""
    left_out = sum(count for _, count in skipped)
    if left_out <= MANY_SKIPPED * (usable + left_out):
        return ""
    shown = ", ".join(f"{count:,} x {reason}" for reason, count in skipped[:REASONS_SHOWN])
    more = ", ..." if len(skipped) > REASONS_SHOWN else ""
    return f"warning: {left_out:,} of {usable + left_out:,} files cannot be used, {usable:,} are left: {shown}{more}"


def sentences(usable: int, cut: int, crop: str, copies: int = 0, batch_size: int = 0) -> list[str]:
    """About images that are cropped, the same, or few.

    Args:
        usable: the number of images.
        cut: how many of them lose more than half of their area to the center crop.
        crop: "center" or "none".
        copies: how many of them are exact copies of another one.
        batch_size: images per step, if that is known.
    """
    found = []
    if cut and crop == "center":
        found.append(f"cropped: {cut:,} lose more than half of their area; `crop=none` stretches instead")
    if copies:
        found.append(f"copies: {copies:,} of {usable:,} are exact copies; {usable - copies:,} differ")
    different = usable - copies
    if different < FEW_IMAGES:
        batch = f", fewer than a batch of {batch_size:,}," if different < batch_size else ""
        images = "image" if different == 1 else "different images"
        found.append(f"few: {different:,} {images}{batch} can be learned by heart; `dcgan explore neighbors` shows it")
    return found
