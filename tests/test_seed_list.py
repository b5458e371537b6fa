"""Lists of seeds as a user writes them."""

import pytest

from dcgan_tf import seeds
from dcgan_tf.errors import ArgumentError


@pytest.mark.parametrize(
    "text, seeds",
    [
        ("17", [17]),
        ("0-3", [0, 1, 2, 3]),
        ("3,14,15", [3, 14, 15]),
        ("0-2,20", [0, 1, 2, 20]),
        (" 5 , 7 - 8 ", [5, 7, 8]),
        ("4-4", [4]),
        ("3,3", [3, 3]),
        (str(2**62), [2**62]),
    ],
)
def test_forms(text, seeds):
    assert seeds.parse(text) == seeds


@pytest.mark.parametrize(
    "text, part",
    [
        ("", "not understood"),
        ("a", "'a' is not understood"),
        ("1,,2", "'' is not understood"),
        ("-1", "not understood"),
        ("1.5", "not understood"),
        ("1e3", "not understood"),
        ("٣", "not understood"),
        ("5-3", "backwards"),
        (str(2**62 + 1), "2^62"),
        ("9" * 30, "not understood"),
        ("0-999999999999", "at most 1,000,000"),
        ("0-600000,0-600000", "1,200,002 numbers"),
    ],
)
def test_other_texts(text, part):
    with pytest.raises(ArgumentError) as caught:
        seeds.parse(text)
    assert part in str(caught.value) and str(caught.value).startswith(f"--seeds={text}: ")


def test_pairs():
    assert seeds.parse_pair("walk", "3, 14") == (3, 14)
    for text in ("", "3", "3,4,5", "3-4", "-1,2", f"0,{2**62 + 1}"):
        with pytest.raises(ArgumentError, match="--walk"):
            seeds.parse_pair("walk", text)


def test_parts():
    assert [list(part) for part in seeds.parts(range(5), 2)] == [[0, 1], [2, 3], [4]]
