"""Marks on frames: discs, rings, crosses, squares and lines, many at a time.

A stamp is a small map of how much of each pixel it covers; all stamps of a frame are one indexed
operation of numpy. Frames are uint8 (height, width, 3); points are (x, y) in their pixels.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

Shape = Literal["disc", "ring", "cross", "square"]
SHAPES: tuple[Shape, ...] = ("disc", "ring", "cross", "square")
"""In the order in which several sets of predictions get them."""
STEPS = 4
"""Places of a mark per pixel, along x and y: it is at most an eighth of a pixel off its point."""
FAR = 2**20
"""Beyond any frame, pixels; so that whole numbers do not overflow."""
EDGE = 0.9
"""Pixels of the dark edge of a line, on either side."""


@dataclass(frozen=True, eq=False)
class Stamp:
    """A small picture to put on points, once for every part of a pixel a point may be at.

    Attributes:
        cover: (steps², pixels), 0..1, how much of the pixel it covers.
        ink: (steps², pixels), 0..1, how much of that is in its colour, the rest a dark outline.
        rows, columns: (pixels,), from the pixel of the point.
        steps: parts of a pixel, along x and y.
    """

    cover: np.ndarray
    ink: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    steps: int = STEPS


@lru_cache(maxsize=64)
def stamp(shape: Shape, radius: float) -> Stamp:
    """Make a stamp with a thin dark outline, so that it shows on light and dark fur."""
    reach = int(np.ceil(radius)) + 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    parts = (np.arange(STEPS, dtype=np.float32) - STEPS // 2) / STEPS
    distance = _distance(shape, x - parts[:, None, None], y - parts[:, None, None, None], radius)
    ink = np.clip(0.5 - distance, 0, 1)
    cover = np.maximum(ink, 0.6 * np.clip(1.5 - distance, 0, 1))
    used = (cover > 0).any((0, 1))
    cover, ink = (part[:, :, used].reshape(STEPS**2, -1) for part in (cover, ink))
    share = ink / np.maximum(cover, 1e-6)
    return Stamp(cover, share, y[used].astype(int), x[used].astype(int))


def _distance(shape: Shape, x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Give the distance of pixels to a shape round the origin, negative inside."""
    x, y = np.broadcast_arrays(x, y)
    away = np.hypot(x, y)
    if shape == "disc":
        return away - radius
    if shape == "ring":
        return np.abs(away - radius) - 0.7
    if shape == "square":
        return np.abs(np.maximum(np.abs(x), np.abs(y)) - radius) - 0.7
    diagonal = np.minimum(np.abs(x + y), np.abs(x - y)) / np.sqrt(2)
    return np.maximum(diagonal - 0.7, np.maximum(np.abs(x), np.abs(y)) - radius)


def put(image: np.ndarray, points: np.ndarray, colours: np.ndarray, mark: Stamp) -> None:
    """Stamp points on a frame, in place.

    Args:
        image: uint8 (height, width, 3).
        points: (n, 2); NaN and what is outside is left out.
        colours: (n, 3), 0..255.
        mark: the stamp.
    """
    known = np.isfinite(points).all(-1)
    fine = np.rint(np.clip(points[known], -FAR, FAR) * mark.steps).astype(int)
    at, part = np.divmod(fine + mark.steps // 2, mark.steps)
    which = part[:, 0] + mark.steps * part[:, 1]
    blend(
        image,
        at[:, 1:] + mark.rows,
        at[:, :1] + mark.columns,
        mark.cover[which],
        colours[known].astype(np.float32)[:, None] * mark.ink[which][..., None],
    )


def blend(
    image: np.ndarray, rows: np.ndarray, columns: np.ndarray, cover: np.ndarray, ink: np.ndarray
) -> None:
    """Cover pixels of a frame with ink, in place; those outside of it are left out.

    Args:
        image: uint8 (height, width, 3).
        rows: whole numbers; of a pixel that comes twice the last counts.
        columns: of that shape, too.
        cover: how much of each, 0..1, of that shape.
        ink: red, green and blue of each, 0..255, in a further axis.
    """
    inside = (rows >= 0) & (rows < image.shape[0]) & (columns >= 0) & (columns < image.shape[1])
    if not inside.all():
        rows, columns, cover, ink = rows[inside], columns[inside], cover[inside], ink[inside]
    below = image[rows, columns].astype(np.float32)
    image[rows, columns] = below + cover[..., None] * (ink - below) + 0.5


def put_lines(
    image: np.ndarray,
    ends: np.ndarray,
    colours: np.ndarray,
    opacity: np.ndarray | float,
    width: float = 1.5,
) -> None:
    """Draw straight lines with a dark edge, in place.

    Args:
        image: uint8 (height, width, 3).
        ends: (n, 2 ends, 2); a line without one of them is left out.
        colours: (n, 3), 0..255.
        opacity: of each line, (n,) or one number, 0..1.
        width: without the edge, pixels.
    """
    strength = np.broadcast_to(np.asarray(opacity, np.float32), len(ends))
    known = np.isfinite(ends).all((1, 2))
    ends, colours, strength = np.clip(ends[known], -FAR, FAR), colours[known], strength[known]
    steep = np.abs(ends[:, 1, 1] - ends[:, 0, 1]) > np.abs(ends[:, 1, 0] - ends[:, 0, 0])
    ends = np.where(steep[:, None, None], ends[..., ::-1], ends)  # now they go along more than up
    line, along = _steps_along(ends, np.array(image.shape[1::-1])[steep.astype(int)])
    run, rise = (ends[:, 1] - ends[:, 0]).T
    slope = rise / np.where(run == 0, 1, run)
    middle = ends[line, 0, 1] + (along - ends[line, 0, 0]) * slope[line]
    reach = int(np.ceil((width / 2 + EDGE) * 2**0.5))  # of the steepest ones
    across = np.floor(middle)[:, None].astype(int) + np.arange(1 - reach, reach + 1)
    away = np.abs(across - middle[:, None]) / np.hypot(1, slope)[line, None]
    ink = np.clip(width / 2 + 0.5 - away, 0, 1)
    cover = np.maximum(ink, 0.7 * np.clip(width / 2 + EDGE + 0.5 - away, 0, 1))
    share = ink / np.maximum(cover, 1e-6)
    along = np.broadcast_to(along[:, None], across.shape)
    upright = steep[line, None]
    blend(
        image,
        np.where(upright, along, across),
        np.where(upright, across, along),
        (cover * strength[line, None]).astype(np.float32),
        (colours[line][:, None] * share[..., None]).astype(np.float32),
    )


def _steps_along(ends: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the whole x at which each line is drawn, as far as it is on the frame.

    Args:
        ends: (n, 2 ends, 2).
        length: of the frame, pixels along each line, (n,).

    Returns:
        For each step the number of the line, and x.
    """
    first = np.clip(np.rint(ends[..., 0].min(1)), 0, None).astype(int)
    last = np.minimum(np.rint(ends[..., 0].max(1)).astype(int), length - 1)
    counts = np.maximum(last - first + 1, 0)
    line = np.repeat(np.arange(len(ends)), counts)
    before = np.cumsum(counts) - counts
    return line, first[line] + np.arange(len(line)) - before[line]
