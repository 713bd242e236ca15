"""Long rows of numbers for a page: every one in two bytes, and envelopes where there are too many.

A page's budget is counted in numbers. What has more frames than its share is told by the least and
the greatest of every few frames, which is what a screen shows of it anyway.
"""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NOTHING = 65535
"""The code of a missing value."""
STEPS = NOTHING - 1
"""Between the least and the greatest value of a row."""
PER_NUMBER = 8 / 3
"""Characters of base64 that a number of two bytes takes."""


@dataclass(frozen=True)
class Packed:
    """A row of numbers as text.

    Attributes:
        low: what code 0 stands for.
        step: what each further code adds.
        text: little-endian uint16 in base64; `NOTHING` where there is none.
    """

    low: float
    step: float
    text: str


def pack(values: np.ndarray) -> Packed:
    """Write numbers (n,) as 16-bit codes over their own range; what is not finite is missing.

    No number is off by more than half a step, which is 1/65534 of the range.
    """
    values = np.asarray(values, float)
    known = np.isfinite(values)
    low, high = (values[known].min(), values[known].max()) if known.any() else (0.0, 0.0)
    low, high = float(f"{low:.9g}"), float(high)
    step = float(f"{max(high - low, 0.0) / STEPS:.9g}")
    codes = np.full(len(values), NOTHING, "<u2")
    if step > 0:
        codes[known] = np.clip(np.rint((values[known] - low) / step), 0, STEPS)
    else:
        codes[known] = 0
    return Packed(low, step, base64.b64encode(codes.tobytes()).decode())


def unpack(packed: Packed) -> np.ndarray:
    """Give the numbers of `pack` back, as a browser does."""
    codes = np.frombuffer(base64.b64decode(packed.text), "<u2")
    return np.where(codes == NOTHING, np.nan, packed.low + packed.step * codes)


def envelope(values: np.ndarray, block: int) -> np.ndarray:
    """Keep the least and the greatest of every `block` frames, in the order in which they come.

    Args:
        values: (frames,), NaN where missing.
        block: frames that share two numbers; 1 keeps every frame.

    Returns:
        (2 * blocks,), NaN twice where a whole block is missing; (frames,) for a block of 1.
    """
    values = np.asarray(values, float)
    if block == 1:
        return values
    count = math.ceil(len(values) / block)
    absent = np.full(count * block - len(values), np.nan)
    rows = np.concatenate([values, absent]).reshape(count, block)
    known = np.isfinite(rows)
    least = np.where(known, rows, np.inf).argmin(1)
    greatest = np.where(known, rows, -np.inf).argmax(1)
    ends = np.sort(np.stack([least, greatest], 1), axis=1)
    kept = np.take_along_axis(rows, ends, 1)
    return np.where(known.any(1)[:, None], kept, np.nan).ravel()


def blocks_for(frames: Sequence[int], columns: Sequence[int], most: int) -> list[int]:
    """Say how many frames share two numbers in each recording, so that all fit into a budget.

    Short recordings stay whole as long as they can: the longest give way first.

    Args:
        frames: of each recording.
        columns: rows of so many frames in each.
        most: numbers in all.
    """
    low, high = 2, max([2, *frames])
    while low < high:  # the largest share of a row that fits
        share = (low + high + 1) // 2
        if _spent(frames, columns, share) <= most:
            low = share
        else:
            high = share - 1
    return [_block(length, low) for length in frames]


def _spent(frames: Sequence[int], columns: Sequence[int], share: int) -> int:
    """Count the numbers if no row may have more than `share`."""
    each = (_kept(length, _block(length, share)) for length in frames)
    return sum(kept * count for kept, count in zip(each, columns, strict=True))


def _block(length: int, share: int) -> int:
    """Give the smallest block with which a row has no more than `share` numbers."""
    return 1 if length <= share else math.ceil(length / (share // 2))


def _kept(length: int, block: int) -> int:
    """Count the numbers that are left of a row."""
    return length if block == 1 else 2 * math.ceil(length / block)
