"""Marks on frames: discs, rings, crosses, limbs, trails and names, stamped many at a time.

A stamp is a small map of how much of each pixel it covers; all stamps of a frame are one indexed
operation of numpy. Frames are uint8 (height, width, 3); points are (x, y) in their pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Shape = Literal["disc", "ring", "cross", "square"]
SHAPES: tuple[Shape, ...] = ("disc", "ring", "cross", "square")
"""In the order in which several sets of predictions get them."""


@dataclass(frozen=True, eq=False)
class Stamp:
    """A small picture to put on points.

    Attributes:
        cover: (pixels,), 0..1, how much of the pixel it covers.
        ink: (pixels,), 0..1, how much of that is in its colour, the rest being a dark outline.
        rows, columns: (pixels,), from the point.
    """

    cover: np.ndarray
    ink: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


@lru_cache(maxsize=64)
def stamp(shape: Shape, radius: float) -> Stamp:
    """Make a stamp with a thin dark outline, so that it shows on light and dark fur."""
    reach = int(np.ceil(radius)) + 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    distance = _distance(shape, x, y, radius)
    ink = np.clip(0.5 - distance, 0, 1)
    cover = np.maximum(ink, 0.6 * np.clip(1.5 - distance, 0, 1))
    used = cover > 0
    share = ink[used] / cover[used]
    return Stamp(cover[used], share, y[used].astype(int), x[used].astype(int))


def _distance(shape: Shape, x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Give the distance of pixels to a shape round the origin, negative inside."""
    away = np.hypot(x, y)
    if shape == "disc":
        return away - radius
    if shape == "ring":
        return np.abs(away - radius) - 0.7
    if shape == "square":
        return np.abs(np.maximum(np.abs(x), np.abs(y)) - radius) - 0.7
    diagonal = np.minimum(np.abs(x + y), np.abs(x - y)) / np.sqrt(2)
    return np.maximum(diagonal - 0.7, np.maximum(np.abs(x), np.abs(y)) - radius)


def put(
    image: np.ndarray,
    points: np.ndarray,
    colours: np.ndarray,
    mark: Stamp,
    opacity: np.ndarray | float = 1.0,
) -> None:
    """Stamp points on a frame, in place, each at its nearest pixel.

    Args:
        image: uint8 (height, width, 3).
        points: (n, 2); NaN and what is outside is left out.
        colours: (n, 3), 0..255.
        mark: the stamp.
        opacity: of each point, (n,) or one number.
    """
    height, width = image.shape[:2]
    known = np.flatnonzero(np.isfinite(points).all(-1))
    at = np.clip(np.rint(points[known]), -(2**20), 2**20).astype(int)
    rows, columns = at[:, 1:] + mark.rows, at[:, :1] + mark.columns
    point, pixel = np.nonzero((rows >= 0) & (rows < height) & (columns >= 0) & (columns < width))
    place = rows[point, pixel], columns[point, pixel]
    strength = np.broadcast_to(np.asarray(opacity, np.float32), len(points))[known[point]]
    cover = (mark.cover[pixel] * strength)[:, None]
    ink = colours[known[point]] * mark.ink[pixel][:, None]
    below = image[place]
    image[place] = (below + cover * (ink - below) + 0.5).astype(np.uint8)


def put_limbs(
    image: np.ndarray, ends: np.ndarray, colour: np.ndarray, opacity: float = 0.6
) -> None:
    """Draw straight limbs (n, 2 ends, 2) in place; one with a missing end is left out."""
    known = ends[np.isfinite(ends).all((1, 2))]
    if not len(known):
        return
    longest = np.clip(np.abs(known[:, 1] - known[:, 0]).max(), 1, 4 * max(image.shape))
    along = np.linspace(0, 1, int(longest) + 2)[:, None]
    points = known[:, :1] + along * (known[:, 1:] - known[:, :1])
    height, width = image.shape[:2]
    at = np.rint(points.reshape(-1, 2)).astype(int)
    at = at[((at >= 0) & (at < [width, height])).all(-1)]
    place = at[:, 1], at[:, 0]
    below = image[place]
    image[place] = (below + opacity * (colour - below) + 0.5).astype(np.uint8)


@lru_cache(maxsize=512)
def name_stamp(text: str, size: int) -> Stamp:
    """Make a stamp of a name, to the right of its point and above it."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    canvas = Image.new("L", (max(right - left, 1) + 4, max(bottom - top, 1) + 4))
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, 255, font)
    ink = np.asarray(canvas, np.float32) / 255
    halo = np.zeros_like(ink)
    for down, across in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        np.maximum(halo, np.roll(ink, (down, across), (0, 1)), out=halo)
    cover = np.maximum(ink, 0.65 * halo)
    rows, columns = np.nonzero(cover)
    used = cover[rows, columns]
    return Stamp(used, ink[rows, columns] / used, rows - ink.shape[0] - 1, columns + size // 3)


def put_names(
    image: np.ndarray, points: np.ndarray, names: Sequence[str], colours: np.ndarray, size: int = 11
) -> None:
    """Write names right of their points (n, 2), in place, left where there is no room."""
    for point, name, colour in zip(points, names, colours, strict=True):
        mark = name_stamp(name, size)
        beyond = point[0] + mark.columns.max() >= image.shape[1]
        left = mark.columns.max() + mark.columns.min() if beyond else 0
        put(image, point[None] - [left, 0], colour[None], mark)
