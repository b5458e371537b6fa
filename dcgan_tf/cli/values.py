"""What users type as values: texts to numbers, truth values, sizes and paths. A ValueError says what would work."""

import re
from decimal import Decimal

from dcgan_tf import geometry
from dcgan_tf.errors import ArgumentError

TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}
FACTORS = {"k": 1000, "K": 1000, "M": 1_000_000}
MOST_DIGITS = 30


def whole(text: str) -> int:
    """20000, 20,000, 20_000, 2e4 or 20k to 20000."""
    plain = text.strip().replace("_", "")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", plain):
        plain = plain.replace(",", "")
    factor = FACTORS.get(plain[-1:], 1)
    try:
        number = Decimal(plain if factor == 1 else plain[:-1]) * factor
        if number.is_finite() and number.adjusted() < MOST_DIGITS and number == number.to_integral_value():
            return int(number)
    except ArithmeticError:  # not a number, or one with a giant exponent
        pass
    raise ValueError("it must be a whole number (20000, 20,000, 2e4 and 20k are the same)")


def number(text: str) -> float:
    """Python's form of a number."""
    try:
        return float(text)
    except ValueError:
        point = f", with a point: {text.replace(',', '.')}" if re.fullmatch(r"[+-]?\d+,\d+", text.strip()) else ""
        raise ValueError(f"it must be a number{point}") from None


def truth(text: str) -> bool:
    """true, yes, on or 1, and their opposites."""
    if (value := TRUTH.get(text.strip().lower())) is None:
        raise ValueError("write true or false")
    return value


def filled(text: str) -> str:
    """A text that is not empty."""
    if not text.strip():
        raise ValueError("it is empty; give it a value or leave it out")
    return text


def local(text: str) -> str:
    """The same, and no address of another machine: for names and paths."""
    if re.match(r"[A-Za-z][\w+.-]*://", filled(text)):
        raise ValueError(
            "this is an address, not a path on this machine; download it first (or upload the result later)"
        )
    return text


def size(text: str) -> geometry.Size:
    """64 or 64x96."""
    try:
        return geometry.size_of(text)
    except ArgumentError as error:
        raise ValueError(error.remedy) from None
