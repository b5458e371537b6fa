"""Tables on the terminal."""

from collections.abc import Sequence

ROW = tuple[str, ...]


def table(heads: ROW, rows: Sequence[ROW], left: int = 1) -> str:
    """Columns as wide as their longest entry, the first `left` of them aligned to the left."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if number < left else text.rjust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (heads, *rows)
    )


def value_text(value: float, deviation: float | None = None) -> str:
    """A value with four decimals (two from 10 on), and its deviation if it has one."""
    text = f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"
    return text if deviation is None else f"{text} ± {deviation:.1g}"
