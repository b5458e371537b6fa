"""Help on the terminal: flags on the left, what they mean and their defaults on the right."""

import shutil
import textwrap
from collections.abc import Iterable

LEFT, NARROWEST, WIDEST = 26, 40, 110


def wrapped(form: str, text: str) -> list[str]:
    """The lines of one flag: its form, and its text beside it, or below it if the form is long."""
    width = min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
    left = LEFT if width >= 72 else 8
    lines = textwrap.wrap(text, width - left, break_on_hyphens=False) or [""]
    head = f"  {form}"
    first = [f"{head.ljust(left)}{lines.pop(0)}"] if len(head) + 2 <= left else [head]
    return first + [f"{' ' * left}{line}" for line in lines]


def section(title: str, flags: Iterable[tuple[str, str]]) -> list[str]:
    """A heading, if there is one, and the (form, text) of its flags."""
    lines = [line for form, text in flags for line in wrapped(form, text)]
    return ["", *([f"{title}:"] if title else []), *lines] if lines else []
