"""Tables on the terminal."""

from collections.abc import Sequence

ROW = tuple[str, ...]


def table(heads: ROW, rows: Sequence[ROW], left: int) -> str:
    """Columns as wide as their longest entry, the first `left` of them aligned to the left."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if number < left else text.rjust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (heads, *rows)
    )
