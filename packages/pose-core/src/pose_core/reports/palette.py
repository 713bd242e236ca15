"""Colours that people of every colour vision tell apart, on light and dark paper."""

import colorsys

import numpy as np

from pose_core.skeleton import Skeleton

OKABE_ITO = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a7a00")
"""For light backgrounds. Source: Okabe and Ito, Color Universal Design (2008), blue first; black
is left to text, and yellow darkened to stand out from white paper."""
ON_DARK = ("#4aa8e0", "#ff8a3d", "#2fc79a", "#e79cc4", "#f2b233", "#9ad7f7", "#f0e442")
"""The same hues, lighter, for dark backgrounds."""

INK = -1
"""The number of the text's own colour, for what others are compared with, such as the truth; all
below it are the same colour."""


def series_colour(number: int) -> str:
    """Give the CSS colour of a series; a page's `--series-N` wins over the light default."""
    if number <= INK:
        return "currentColor"
    place = number % len(OKABE_ITO)
    return f"var(--series-{place}, {OKABE_ITO[place]})"


BRIGHT = (
    *((255, 75, 60), (255, 165, 40), (250, 235, 60), (70, 215, 90), (60, 220, 240)),
    *((85, 140, 255), (180, 105, 255), (255, 125, 205), (200, 145, 90), (240, 240, 240)),
)
"""Reds, greens and blues of marks on frames, told apart on grey and brown."""

SET_COLOURS = ((255, 255, 255), (230, 159, 0), (86, 180, 233), (240, 228, 66), (204, 121, 167))
"""Of the marks of several models, where colours go by model; white and hues of Okabe and Ito."""
UNSURE_TO_SURE = ((255, 95, 20), (255, 215, 120), (215, 225, 225), (120, 190, 255), (60, 140, 255))
"""Orange to blue, which every colour vision tells apart, for confidence 0 to 1."""
UNKNOWN = (170, 170, 170)


def confidence_colours(confidence: np.ndarray) -> np.ndarray:
    """Give red, green and blue, (n, 3), of confidences (n,); grey where unknown."""
    scale = np.array(UNSURE_TO_SURE, float)
    known = np.clip(np.nan_to_num(confidence), 0, 1)
    at = np.linspace(0, 1, len(scale))
    colours = np.stack([np.interp(known, at, channel) for channel in scale.T], -1)
    return np.where(np.isnan(confidence)[:, None], UNKNOWN, colours)


def keypoint_colours(skeleton: Skeleton) -> list[tuple[int, int, int]]:
    """Give a red, green and blue per keypoint, the same for one point in several views."""
    point_of = {name: place for view in skeleton.views.values() for place, name in enumerate(view)}
    free = len(next(iter(skeleton.views.values()), ()))
    places = []
    for name in skeleton.names:
        if name not in point_of:
            point_of[name], free = free, free + 1
        places.append(point_of[name])
    count = max(places, default=0) + 1
    return [BRIGHT[place] if count <= len(BRIGHT) else _hue(place, count) for place in places]


def _hue(place: int, count: int) -> tuple[int, int, int]:
    """Give one of `count` bright colours round the wheel, neighbours differing in lightness."""
    red, green, blue = colorsys.hls_to_rgb(place / count, (0.56, 0.68)[place % 2], 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)
