"""Image sizes that the networks can make: a small grid, doubled n times (paper, Figure 1).

A size fits when both sides are a grid times 2^n, where the smaller side of the grid is 4 to 7. A preset may fix the
number of doublings instead, and with it the grid.
"""

from dcgan_tf.errors import ArgumentError

SMALLEST_GRID = 4
SMALLEST_SIDE = 2 * SMALLEST_GRID
LARGEST_SIDE = 1024

Size = tuple[int, int]  # height, width in pixels


def size_text(size: Size) -> str:
    """`(64, 64)` as "64", `(64, 96)` as "64x96": the form in which the flag takes it."""
    height, width = size
    return str(height) if height == width else f"{height}x{width}"


def size_of(value: object) -> Size:
    """A size as a person gives it: 64, "64", "64x96" (height x width) or (64, 96).

    Raises:
        ArgumentError: it is none of these.
    """
    sides = list(value) if isinstance(value, (tuple, list)) else str(value).lower().replace("×", "x").split("x")
    if len(sides) not in (1, 2) or not all(str(side).strip().isdecimal() for side in sides):
        raise ArgumentError("image_size", value, "write one side (64) or height x width (64x96)")
    return int(sides[0]), int(sides[-1])


def doublings(size: Size, depth: int = 0) -> int:
    """The number of factors of two between the grid and the image.

    Args:
        size: height and width of the image.
        depth: the number that a preset prescribes; 0 takes the one that leaves a grid of 4 to 7.

    Raises:
        ArgumentError: when the size does not fit; the message names the nearest sizes that do.
    """
    smaller, larger = min(size), max(size)
    if smaller < SMALLEST_SIDE or larger > LARGEST_SIDE:
        raise ArgumentError(
            "image_size", size_text(size), f"each side must be from {SMALLEST_SIDE} to {LARGEST_SIDE} pixels"
        )
    n = _doublings_of(smaller, depth)
    if any(side % 2**n for side in size):
        fitting = " or ".join(size_text(near) for near in _nearest(size, depth))
        raise ArgumentError(
            "image_size", size_text(size), f"each side must be a multiple of {2**n} here; the nearest are {fitting}"
        )
    return n


def _doublings_of(smaller_side: int, depth: int) -> int:
    return depth or (smaller_side // SMALLEST_GRID).bit_length() - 1


def grid(size: Size, depth: int = 0) -> Size:
    """Height and width of the smallest feature maps; see `doublings`."""
    n = doublings(size, depth)
    return size[0] >> n, size[1] >> n


def _nearest(size: Size, depth: int) -> list[Size]:
    """The fitting sizes just below and just above, smallest first."""
    return sorted({_snapped(size, depth, up=False), _snapped(size, depth, up=True)})


def _snapped(size: Size, depth: int, up: bool) -> Size:
    """Rounds both sides to multiples of the unit until they stay; a new smaller side may ask for a larger unit."""
    while True:
        unit = 2 ** _doublings_of(min(size), depth)
        height, width = (max(unit, side + -side % unit if up else side - side % unit) for side in size)
        if (height, width) == size:
            return size
        size = height, width
