"""Classes as a person meets them: by name or number, and as the rows of a grid."""

from collections.abc import Sequence

from dcgan_tf.errors import SettingError

MOST_ROWS = 16
NAMES_SHOWN = 20


def number(text: str, names: Sequence[str]) -> int:
    """The number of a class, given its name or its number; where one class has another's number as its name, the name.

    Raises:
        SettingError: there is no such class; the message lists those that there are.
    """
    if text in names:
        return list(names).index(text)
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    shown = [name if name == str(index) else f"{index} {name}" for index, name in enumerate(names[:NAMES_SHOWN])]
    more = f", ... up to {len(names) - 1}" if len(names) > NAMES_SHOWN else ""
    raise SettingError("class", text, f"there is no such class; choose one of {', '.join(shown)}{more}")


def grid_rows(classes: int, count: int) -> tuple[list[int], int]:
    """Which classes are the rows of a grid of about `count` images, and how many images stand in a row.

    Every class, or, where there are more than 16, as many of them evenly chosen.
    """
    rows = min(classes, MOST_ROWS, count)
    return [row * classes // rows for row in range(rows)], count // rows
