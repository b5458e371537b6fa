"""Boxes drawn in images: the file, and the positions of a layer's maps that lie in them."""

import json
import re
from fractions import Fraction

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.explore import Box
from dcgan_tf.explore.parts.boxes import covered
from dcgan_tf.explore.parts.boxes import read_boxes as read
from dcgan_tf.explore.parts.boxes import write_boxes as write

GOOD = {"seed": 17, "left": 4, "top": 2, "right": 12, "bottom": 10}


def given(tmp_path, content):
    path = tmp_path / "boxes.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_file_of_boxes_is_read_in_its_order(tmp_path):
    path = given(
        tmp_path, {"boxes": [GOOD, {**GOOD, "seed": 0, "class": 9, "right": 40, "bottom": 28}], "note": "mine"}
    )
    assert read(path, (28, 40), classes=10) == (Box(17, 4, 2, 12, 10), Box(0, 4, 2, 40, 28, label=9))


def test_written_boxes_are_read_back_and_stand_in_a_line_each(tmp_path):
    boxes, path = (Box(2**62, 0, 0, 28, 28), Box(3, 5, 6, 7, 8, label=0)), tmp_path / "boxes.json"
    path.write_text("old")
    write(path, boxes)
    assert read(path, (28, 28), classes=1) == boxes
    assert path.read_text().count("\n") == 4 and [each.name for each in tmp_path.iterdir()] == ["boxes.json"]


def test_a_file_that_begins_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps({"boxes": [GOOD]}), encoding="utf-8-sig")
    assert len(read(path, (28, 28))) == 1


FORM = r'write {"boxes": \[{"seed": 17, .*}, ...\]}$'
NO_LIST = f'there is no list "boxes" in it, or it is empty; {FORM}'
FAULTS = {
    "empty file": ("", f"not JSON .*; {FORM}"),
    "cut off": ('{"boxes": [', f"not JSON .*; {FORM}"),
    "too deep": ("[" * 100_000, f"not JSON .*; {FORM}"),
    "a list": ([GOOD], NO_LIST),
    "one box, no list": ({"boxes": GOOD}, NO_LIST),
    "none": ({"boxes": []}, NO_LIST),
    "numbers alone": ([17, 4, 2, 12, 10], r"box 3: \[17, 4, 2, 12, 10\] is not an object like the one in"),
    "missing": ({"seed": 1, "left": 1, "right": 3}, "box 3: it has no top, bottom; it must have seed, left, .*$"),
    "misspelt": ({**GOOD, "botom": 3}, "box 3: 'botom' is unknown; it must have seed, left, top, right, bottom$"),
    "fraction": ({**GOOD, "left": 4.5}, r"box 3: left=4\.5 must be a whole number$"),
    "truth": ({**GOOD, "top": True}, "box 3: top=true must be a whole number$"),
    "too wide": ({**GOOD, "right": 41}, "box 3: right=41 lies outside the image, which is 40 pixels wide$"),
    "too high": ({**GOOD, "bottom": 29}, "box 3: bottom=29 lies outside the image, which is 28 pixels high$"),
    "before the first": ({**GOOD, "left": -1}, "box 3: left=-1 lies outside the image, which is 40 pixels wide$"),
    "no column": ({**GOOD, "right": 4}, "box 3: it is empty: left=4 must be smaller than right=4$"),
    "negative seed": ({**GOOD, "seed": -1}, r"box 3: seed=-1: a seed is from 0 to 2\^62$"),
    "large seed": ({**GOOD, "seed": 2**62 + 1}, r"box 3: seed=\d+: a seed is from 0 to 2\^62$"),
    "high class": ({**GOOD, "class": 10}, "box 3: class=10: the classes are from 0 to 9$"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_of_a_file_is_named(tmp_path, name):
    content, message = FAULTS[name]
    if message.startswith("box 3"):
        content = {"boxes": [GOOD, GOOD, content]}
    path = given(tmp_path, content)
    with pytest.raises(ArgumentError) as caught:
        read(path, (28, 40), classes=10)
    assert re.search(f"^boxes={re.escape(str(path))}: {message}", str(caught.value)) and "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ArgumentError, match=r"cannot be read \(No such file"):
        read(tmp_path / "none.json", (28, 28))
    (tmp_path / "picture.json").write_bytes(b"\x89PNG\xff")
    with pytest.raises(ArgumentError, match="not JSON"):
        read(tmp_path / "picture.json", (28, 28))


def test_a_generator_without_classes_is_asked_for_none(tmp_path):
    with pytest.raises(ArgumentError, match=r"box 1: class=0: this generator has no classes$"):
        read(given(tmp_path, {"boxes": [{**GOOD, "class": 0}]}), (28, 28))


def test_a_box_is_a_rectangle():
    for wrong in ((-1, 0, 0, 1, 1), (0, 3, 0, 3, 1), (0, 0, 2, 1, 1), (0, -1, 0, 1, 1)):
        with pytest.raises(ValueError, match="not empty"):
            Box(*wrong)


def brute_force(start, end, size, cells):
    """bool [cells] along one axis, position by position, from the definition."""
    cell = Fraction(size, cells)
    inside = [start <= (k + Fraction(1, 2)) * cell < end for k in range(cells)]
    middle = Fraction(start + end, 2)
    return np.array(inside if any(inside) else [k * cell <= middle < (k + 1) * cell for k in range(cells)])


@pytest.mark.parametrize("grid", [(4, 4), (7, 7), (8, 2), (16, 16), (3, 5)])
def test_positions_in_boxes_are_those_of_the_definition(grid):
    height, width = 16, 24
    for left, top in [(0, 0), (1, 5), (7, 15), (23, 3), (11, 11)]:
        for right in range(left + 1, width + 1, 2):
            for bottom in range(top + 1, height + 1):
                box = Box(0, left, top, right, bottom)
                found = covered(box, (height, width), grid)
                rows, columns = brute_force(top, bottom, height, grid[0]), brute_force(left, right, width, grid[1])
                assert found.any() and (found == np.outer(rows, columns)).all(), (box, grid)
