"""Find the shortest decimal of each number of an array that still reads back as that number.

A float64 is told by 17 digits, often by fewer: 15 are tried, then 16. Whole numbers of so many
digits stand in an int64; whether they are near enough is told without any rounding error, as the
product of two floats is the sum of two floats.

Source: Dekker, A floating-point technique for extending the available precision, Numerische
Mathematik 18 (1971), for the product; Gay, Correctly rounded binary-decimal and decimal-binary
conversions (1990), for what shortest means.
"""

from typing import NamedTuple

import numpy as np

SMALLEST, LARGEST = 1e-2, 1e8
"""Sizes between which numbers have at most `DECIMALS` digits after the point and 8 before it."""

DECIMALS = 18

DIGITS = {"float64": (15, 16, 17), "float32": (6, 7, 8, 9)}
"""Digits tried. The first are so few that any decimal of as many is told by a float."""

SIZES = np.array([float(f"1e{place}") for place in range(-1, 9)])
TENS = 10 ** np.arange(DECIMALS + 1, dtype=np.int64)
SPLITTER = float(2**27 + 1)


class Decimals(NamedTuple):
    """Numbers as the whole part, and the digits after the point as a whole number of 18 digits."""

    whole: np.ndarray
    fraction: np.ndarray


def shortest_decimals(size: np.ndarray) -> Decimals:
    """Give the shortest decimals of numbers, which are 0 or between SMALLEST and LARGEST.

    Args:
        size: float64 or float32 numbers without sign.
    """
    numbers = size.ravel().astype(np.float64)
    gap = (size - np.nextafter(size, size.dtype.type(0))).ravel().astype(np.float64)
    places = np.searchsorted(SIZES, numbers, side="right") - 2  # of the first digit: -2 for 0.01
    scaled, below = np.zeros(size.size, np.int64), np.zeros(size.size, np.int64)
    left = np.flatnonzero(numbers)
    *fewer, most = DIGITS[str(size.dtype)]
    for digits in (*fewer, most):
        shift = np.maximum(digits - 1 - places[left], 0)
        taken, is_near = nearest(numbers[left], gap[left], shift)
        is_near |= digits == most
        scaled[left[is_near]], below[left[is_near]] = taken[is_near], shift[is_near]
        left = left[~is_near]
    whole = scaled // TENS[below]
    fraction = (scaled - whole * TENS[below]) * TENS[DECIMALS - below]
    return Decimals(whole.reshape(size.shape), fraction.reshape(size.shape))


def nearest(
    numbers: np.ndarray, gap: np.ndarray, shift: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Round numbers times 10**shift to whole ones; say whether these read back as the numbers."""
    power = TENS[shift].astype(np.float64)  # exact up to 10**22
    high, low = product(numbers, power)
    whole = np.rint(high)
    rest = (high - whole) + low
    more = np.rint(rest)
    is_near = np.abs(rest - more) < gap * power * (0.5 - 1e-9)  # a tie is left to more digits
    return whole.astype(np.int64) + more.astype(np.int64), is_near


def product(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Multiply exactly: a * b = high + low. Source: Dekker 1971."""
    high = a * b
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2


def halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split numbers into two of half as many bits. Source: Veltkamp, in Dekker 1971."""
    scaled = SPLITTER * a
    upper = scaled - (scaled - a)
    return upper, a - upper
