"""Names beside points: small pictures of text, each on the side of its point where it fits best."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pose_core.reports import marks

SIDES = ((1, -1), (1, 1), (-1, -1), (-1, 1), (1, 0), (-1, 0), (0, -1), (0, 1))
"""Where a name may stand, across and down from its point, the preferred first."""
LOOKED_AT = 128  # frames by which sides are chosen
HALO = 2  # pixels round the letters, which those of another name may cover


@lru_cache(maxsize=512)
def letters(text: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw text: how much of each pixel it covers, (height, width), and how much of that is ink.

    The rest is a dark halo. All texts of one size have one height.
    """
    font = ImageFont.load_default(size)
    top, bottom = (round(edge) for edge in font.getbbox("Ap")[1::2])
    width = round(font.getlength(text))
    canvas = Image.new("L", (max(width, 1) + 4, bottom - top + 4))
    ImageDraw.Draw(canvas).text((2, 2 - top), text, 255, font)
    ink = np.asarray(canvas, np.float32) / 255
    halo = np.zeros_like(ink)
    for down, across in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        np.maximum(halo, np.roll(ink, (down, across), (0, 1)), out=halo)
    cover = np.maximum(ink, 0.7 * halo)
    return cover, ink / np.maximum(cover, 1e-6)


def write(image: np.ndarray, text: str, corner: tuple[int, int], size: int, colour: object) -> int:
    """Write on a frame, in place; gives the width, pixels.

    Args:
        image: uint8 (height, width, 3).
        text: one line.
        corner: row and column of its top-left pixel.
        size: of the font, pixels.
        colour: red, green and blue, 0..255.
    """
    cover, share = letters(text, size)
    rows, columns = np.nonzero(cover)
    ink = np.asarray(colour, np.float32) * share[rows, columns][:, None]
    marks.blend(image, rows + corner[0], columns + corner[1], cover[rows, columns], ink)
    return cover.shape[1]


def fitting(text: str, width: int, size: int) -> str:
    """Cut text to a width in pixels, with an ellipsis in its middle: names differ at their ends."""
    cut = text
    for kept in range(len(text) - 1, 1, -1):
        if letters(cut, size)[0].shape[1] <= width:
            break
        tail = (kept - 1) // 2
        cut = f"{text[: kept - 1 - tail]}…{text[len(text) - tail :]}"
    return cut


class Names:
    """Names of keypoints, to be written beside their points in many frames.

    Each keeps to one side of its point, the one where it covers least of the other names and marks
    in all frames, so that names do not jump; at the border it changes over. Where it would cover
    another name it takes the next best side in that frame, and is left out if there is none.

    Args:
        names: of the keypoints.
        points: (frames, n, 2), where they will be; NaN where missing.
        colours: (n, 3), 0..255.
        size: of the font, pixels.
        clear: pixels round a point that are its mark's.
        shown: width and height of the frames.
    """

    def __init__(
        self,
        names: Sequence[str],
        points: np.ndarray,
        colours: np.ndarray,
        size: int,
        clear: float,
        shown: tuple[int, int],
    ) -> None:
        pictures = [letters(name, size) for name in names]
        self.boxes = np.array([cover.shape[::-1] for cover, _ in pictures], int).reshape(-1, 2)
        self._shown = np.array(shown)
        looked_at = points[:: max(len(points) // LOOKED_AT, 1)]
        self._corners = best_corners(looked_at, self.boxes, clear, self._shown)
        pixels = [np.nonzero(cover) for cover, _ in pictures]
        self._of = np.repeat(np.arange(len(names)), [len(rows) for rows, _ in pixels])
        self._rows, self._columns = (joined([at[axis] for at in pixels]) for axis in (0, 1))
        pairs = list(zip(pictures, pixels, strict=True))
        self._cover = joined([cover[at] for (cover, _), at in pairs]).astype(np.float32)
        share = joined([share[at] for (_, share), at in pairs]).astype(np.float32)
        self._ink = colours.astype(np.float32)[self._of] * share[:, None]

    def put(self, image: np.ndarray, points: np.ndarray) -> None:
        """Write the names beside their points (n, 2) in one frame, in place."""
        known = np.all((points > -0.5) & (points < self._shown - 0.5), axis=-1)
        at = np.rint(np.where(known[:, None], points, 0)).astype(int)
        corners = kept_inside(at[:, None], self._corners, self.boxes[:, None], self._shown)
        sides = free_sides(corners, self.boxes, known)
        corner = np.take_along_axis(corners, np.maximum(sides, 0)[:, None, None], axis=1)[:, 0]
        used = (sides >= 0)[self._of]
        of = self._of[used]
        rows, columns = self._rows[used] + corner[of, 1], self._columns[used] + corner[of, 0]
        marks.blend(image, rows, columns, self._cover[used], self._ink[used])


def kept_inside(
    at: np.ndarray, corners: np.ndarray, boxes: np.ndarray, shown: np.ndarray
) -> np.ndarray:
    """Give the top-left pixels of boxes, which stay inside the frame and off their points.

    One beside its point changes over to the other side at the left or right border, and is pushed
    in at the top or bottom; one above or below its point the other way round.

    Args:
        at: (..., 2), the points.
        corners: top-left pixels from there.
        boxes: width and height.
        shown: width and height of the frame.
    """
    corner = at + corners
    beyond = (corner < 0) | (corner + boxes > shown)
    is_beside = (corners[..., :1] > 0) | (corners[..., :1] + boxes[..., :1] < 0)
    changes = beyond & (is_beside == np.array([True, False]))
    corner = np.where(changes, at - corners - boxes, corner)
    return np.clip(corner, 0, np.maximum(shown - boxes, 0))


def free_sides(corners: np.ndarray, boxes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Choose for each name the first of its places that covers none of the names before it.

    Args:
        corners: (n, places, 2), top-left pixels, the preferred ones first.
        boxes: (n, 2), width and height.
        known: bool (n,), which names are to be placed.

    Returns:
        Numbers of places (n,), -1 for a name that has none.
    """
    places = np.concatenate([corners + HALO, corners + boxes[:, None] - HALO], axis=-1).tolist()
    sides = np.full(len(places), -1)
    taken: list[list[int]] = []
    for name in np.flatnonzero(known):
        for side, (left, top, right, bottom) in enumerate(places[name]):
            if not any(
                left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
                for other in taken
            ):
                sides[name] = side
                taken.append(places[name][side])
                break
    return sides


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Join arrays, of which there may be none."""
    return np.concatenate([np.zeros(0, int), *parts])


def best_corners(
    points: np.ndarray, boxes: np.ndarray, clear: float, shown: np.ndarray
) -> np.ndarray:
    """Sort for each name where its top-left pixel may be from its point, int (n, sides, 2).

    Names are placed one after the other, twice, each where it covers least of the marks and of the
    names placed so far; a preferred side wins where there is little between them.

    Args:
        points: (frames, n, 2), NaN where missing.
        boxes: (n, 2), width and height of the names.
        clear: pixels round a point that are its mark's.
        shown: width and height of the frames.
    """
    gap = int(np.ceil(clear)) + 1
    sides = np.array(SIDES)
    closer = 2 * np.abs(sides[:, ::-1])  # at the corners
    before = -boxes[:, None] - gap + closer
    middle = -boxes[:, None] // 2
    corners = np.where(sides > 0, gap - closer, np.where(sides < 0, before, middle))
    discs = np.stack([points - clear, points + clear], -1)
    found = corners.copy()
    placed = np.full((*points.shape, 2), np.nan)
    for name in [*range(len(boxes))] * 2:
        placed[:, name] = np.nan
        begin = kept_inside(points[:, name, None], corners[name], boxes[name], shown)
        tried = np.stack([begin, begin + boxes[name]], -1)
        cost = overlap(tried, placed) + overlap(tried, discs)
        order = np.argsort(cost + 0.02 * boxes[name].prod() * np.arange(len(sides)), kind="stable")
        found[name], placed[:, name] = corners[name, order], tried[:, order[0]]
    return found


def overlap(tried: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Give the area that boxes have in common with others, the mean over frames, (tried,).

    Boxes are (frames, boxes, 2 axes, begin and end); of those with NaN nothing is counted.
    """
    begin = np.maximum(tried[:, :, None, :, 0], others[:, None, ..., 0])
    end = np.minimum(tried[:, :, None, :, 1], others[:, None, ..., 1])
    area = np.clip(end - begin, 0, None).prod(-1)
    return np.nan_to_num(area).sum(2).sum(0) / max(len(tried), 1)
