"""Sheets of drawn frames: several models on one frame or side by side, with their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pose_core.predictions import Predictions
from pose_core.reports import lettering, marks
from pose_core.reports.labeled_video import DrawingOptions, Painter, fitting_radius, letter_size
from pose_core.reports.palette import SET_COLOURS, confidence_colours
from pose_core.skeleton import Skeleton

PAPER, INK, GAP = (24, 26, 30), (236, 238, 240), 4
WIDE = 16 / 9
"""Width of a screen to its height, which panels are laid out for."""
LARGEST = 4096 * 2304
"""Pixels of the largest sheet that every player of H.264 shows (level 5.1)."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One painter and where its picture stands on the sheet, row and column."""

    painter: Painter
    corner: tuple[int, int]


class Sheet:
    """Draws a frame once per panel, on a sheet that has headings already.

    Args:
        paper: uint8 (height, width, 3), all that does not change.
        panels: what is drawn on it.
    """

    def __init__(self, paper: np.ndarray, panels: Sequence[Panel]) -> None:
        self.paper, self.panels = paper, tuple(panels)

    def draw(self, image: np.ndarray, number: int) -> np.ndarray:
        """Give the sheet of frame `number`, uint8 (height, width, 3)."""
        sheet = self.paper.copy()
        height, width = image.shape[:2]
        for panel in self.panels:
            row, column = panel.corner
            sheet[row : row + height, column : column + width] = panel.painter.draw(image, number)
        return sheet


def overlaid(
    sets: Mapping[str, Predictions],
    options: DrawingOptions,
    skeleton: Skeleton | None,
    size: tuple[int, int],
) -> Sheet:
    """Make a sheet of one frame with all sets on it, the marks explained above it.

    Args:
        sets: predictions by the name of who made them, the main ones first.
        options: how predictions are drawn.
        skeleton: for limbs and colours; that of the first set if None.
        size: height and width of the frames.
    """
    painter = Painter(list(sets.values()), options, skeleton)
    strip = legend(list(sets) if len(sets) > 1 else [], options, size)
    paper = np.concatenate([strip, np.zeros((*size, 3), np.uint8)])
    return Sheet(paper, [Panel(painter, (len(strip), 0))])


def side_by_side(
    sets: Mapping[str, Predictions],
    options: DrawingOptions,
    skeleton: Skeleton | None,
    size: tuple[int, int],
) -> Sheet:
    """Make a sheet of one panel per set, each with its name above it.

    Args, as of `overlaid`.
    """
    letter = letter_size(size)
    head = letter + 10
    columns = best_columns(len(sets), (size[0] + head, size[1]))
    rows = -(-len(sets) // columns)
    key = legend([], options, (size[0], columns * (size[1] + GAP) - GAP))
    height = len(key) + rows * (size[0] + head)
    paper = blank((height, key.shape[1]))
    paper[: len(key)] = key
    panels = []
    for place, (name, one) in enumerate(sets.items()):
        row, column = divmod(place, columns)
        top, left = len(key) + row * (size[0] + head), column * (size[1] + GAP)
        text = lettering.fitting(name, size[1] - 8, letter)
        lettering.write(paper, text, (top + 2, left + 4), letter, INK)
        numbered = replace(options, numbers=options.numbers and place == 0)
        panels.append(Panel(Painter([one], numbered, skeleton, place), (top + head, left)))
    return Sheet(paper, panels)


def best_columns(count: int, size: tuple[int, int]) -> int:
    """Say in how many columns panels of a (height, width) fill a screen best."""

    def use(columns: int) -> float:
        rows = -(-count // columns)
        scale = min(WIDE / (columns * size[1]), 1 / (rows * size[0]))
        return float(scale * (count / (rows * columns)) ** 0.25)  # empty places look like mistakes

    return max(range(1, count + 1), key=use)


def legend(names: Sequence[str], options: DrawingOptions, size: tuple[int, int]) -> np.ndarray:
    """Draw a strip as wide as a frame: which mark is whose, what colours of confidence mean.

    Names that do not fit beside one another stand below one another; without names and colours to
    explain the strip has no height.
    """
    letter = letter_size(size)
    line = letter + 10
    entries = [lettering.fitting(name, size[1] - 2 * line, letter) for name in names]
    keys = [
        (place, text, 2 * line + text_width(text, letter)) for place, text in enumerate(entries)
    ]
    rows = flowing([width for *_, width in keys], size[1])
    by_confidence = options.colour_by == "confidence"
    count = max(rows, default=(-1, 0))[0] + 1
    strip = blank(((count + by_confidence) * line, size[1]))
    for (place, text, _), (row, left) in zip(keys, rows, strict=True):
        lettering.write(strip, text, (row * line + 2, left + line), letter, INK)
        radius = fitting_radius(size) + (place > 0)
        middle = np.array([[left + line / 2, (row + 0.5) * line]])
        colour = SET_COLOURS[place % len(SET_COLOURS)] if options.colour_by == "model" else INK
        marks.put(strip, middle, np.array([colour]), marks.stamp(marks.SHAPES[place], radius))
    if by_confidence:
        put_scale(strip[count * line :], letter)
    return strip


def put_scale(strip: np.ndarray, letter: int) -> None:
    """Draw the colours of confidence from 0 to 1 on a strip, in place."""
    left = 4 + lettering.write(strip, "confidence 0", (2, 4), letter, INK)
    width = min(120, max(strip.shape[1] - left - 2 * letter, 1))
    ramp = confidence_colours(np.linspace(0, 1, width)).astype(np.uint8)
    strip[6:-6, left : left + width] = ramp
    lettering.write(strip, "1", (2, left + width + 2), letter, INK)


def text_width(text: str, letter: int) -> int:
    """Give the width of a text in pixels."""
    return lettering.letters(text, letter)[0].shape[1]


def flowing(widths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Give row and left edge of things that stand in rows as long as there is room."""
    places: list[tuple[int, int]] = []
    row, left = 0, 0
    for width in widths:
        if left and left + width > room:
            row, left = row + 1, 0
        places.append((row, left))
        left += width
    return places


def blank(size: tuple[int, int]) -> np.ndarray:
    """Make a dark sheet of a (height, width)."""
    return np.full((*size, 3), PAPER, np.uint8)


def best_size(size: tuple[int, int], count: int, scale: float) -> tuple[int, int]:
    """Give height and width of a panel: scaled, but so that a sheet of `count` can be played."""
    most = (LARGEST / (count * size[0] * size[1])) ** 0.5
    height, width = (max(round(length * min(scale, most)), 1) for length in size)
    return height, width


def enlarged(one: Predictions, before: tuple[int, int], after: tuple[int, int]) -> Predictions:
    """Give predictions for frames that were resized from one (height, width) to another."""
    factor = np.array(after[::-1]) / np.array(before[::-1])
    return replace(one, keypoints=(one.keypoints + 0.5) * factor - 0.5)
