"""The diameter of a pupil of four points around it, and how far it can be trusted.

Six estimates, as the International Brain Laboratory has them: the distances of top to bottom and of
left to right, and of the four neighbours, which on a circle are a diameter divided by the root of
2. The diameter of a frame is the median of those that are known. Horizontal and vertical diameter
are differences of one coordinate, whose correlation is the measure of quality: both are the same
circle's, so noise alone takes them apart.

Source: Biderman, Whiteway et al. 2024, section 2.6 and figure 5C-D; smoothing: section 5.10.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pose_analysis.correlation import pearson
from pose_analysis.ensembles import pooled
from pose_analysis.errors import AnalysisError
from pose_analysis.filters import savitzky_golay
from pose_analysis.options import PupilOptions

SIDES = ("top", "bottom", "left", "right")
OPPOSITE = (("top", "bottom"), ("left", "right"))
NEIGHBOURS = (("top", "left"), ("top", "right"), ("bottom", "left"), ("bottom", "right"))


@dataclass(frozen=True, eq=False)
class Pupil:
    """A pupil in every frame; NaN where it cannot be told.

    Attributes:
        horizontal: (frames,), the points left and right, difference of x in pixels.
        vertical: (frames,), the points top and bottom, difference of y in pixels.
        diameter: (frames,), median of the estimates that are known.
        smoothed: (frames,), the diameter bridged and smoothed.
        center: (frames, 2), mean of the middles of opposite points; of one pair where one is known.
    """

    horizontal: np.ndarray
    vertical: np.ndarray
    diameter: np.ndarray
    smoothed: np.ndarray
    center: np.ndarray

    @property
    def quality(self) -> "PupilQuality":
        """How far it can be trusted."""
        both = np.isfinite(self.horizontal) & np.isfinite(self.vertical)
        sizes = (self.horizontal[both] + self.vertical[both]) / 2
        apart = np.abs(self.horizontal - self.vertical)[both]
        return PupilQuality(
            correlation=pearson(self.horizontal, self.vertical),
            disagreement=float(np.median(apart / sizes)) if sizes.any() else float("nan"),
            signal_to_noise=signal_to_noise(self.diameter, self.smoothed),
            frames=int(both.sum()),
            missing=int(np.isnan(self.diameter).sum()),
        )


@dataclass(frozen=True)
class PupilQuality:
    """How far a diameter can be trusted; NaN where it cannot be told.

    Attributes:
        correlation: Pearson's, of vertical and horizontal diameter (figure 5D). A model that has
            one diameter for both gives 1, whatever the truth.
        disagreement: median over frames of their difference, in diameters.
        signal_to_noise: variance of the smoothed diameter over that of what smoothing took away.
        frames: in which both are known.
        missing: frames without a diameter, before smoothing.
    """

    correlation: float
    disagreement: float
    signal_to_noise: float
    frames: int
    missing: int


def measure_pupil(
    keypoints: np.ndarray,
    names: Sequence[str],
    confidence: np.ndarray | None = None,
    options: PupilOptions | None = None,
) -> Pupil:
    """Measure a pupil by the points top, bottom, left and right of it.

    Args:
        keypoints: (frames, keypoints, 2), NaN where missing; further keypoints do not matter.
        names: of the keypoints; one each has the word top, bottom, left and right in it.
        confidence: (frames, keypoints); None or NaN where unknown, which is sure enough.
        options: gate and smoothing; None for the defaults.

    Raises:
        AnalysisError: if the names do not tell the sides, or there is no frame.
    """
    options = options or PupilOptions()
    places = sides_of(names)
    if confidence is not None:
        doubtful = (confidence < options.min_confidence)[..., None]
        keypoints = np.where(doubtful, np.nan, keypoints)
    points = {side: keypoints[:, place] for side, place in places.items()}
    diameter = pooled(estimates(points), "median")
    middles = np.stack([(points[one] + points[other]) / 2 for one, other in OPPOSITE])
    return Pupil(
        horizontal=upright(points["right"][:, 0] - points["left"][:, 0]),
        vertical=upright(points["bottom"][:, 1] - points["top"][:, 1]),
        diameter=diameter,
        smoothed=savitzky_golay(diameter, options),
        center=pooled(middles, "mean"),
    )


def sides_of(names: Sequence[str]) -> dict[str, int]:
    """Find the keypoint of each side by the words of the names.

    Raises:
        AnalysisError: if a side is in no name, or in several.
    """
    words = [re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name) for name in names]
    places = {}
    for side in SIDES:
        own = [k for k, word in enumerate(words) if side in map(str.lower, word)]
        if len(own) != 1:
            raise AnalysisError(
                f"pupil: {len(own)} keypoints of {', '.join(names)} have the word {side!r}; "
                "name one each top, bottom, left and right"
            )
        places[side] = own[0]
    return places


def estimates(points: dict[str, np.ndarray]) -> np.ndarray:
    """Give (6, frames), the diameter by every pair of points, each side's being (frames, 2)."""
    pairs = [(pair, 1.0) for pair in OPPOSITE] + [(pair, np.sqrt(2)) for pair in NEIGHBOURS]
    apart = [scale * (points[one] - points[other]) for (one, other), scale in pairs]
    return np.linalg.norm(np.stack(apart), axis=-1)


def upright(difference: np.ndarray) -> np.ndarray:
    """Turn a difference so that most of it is above 0: left may be the animal's or the image's."""
    known = difference[np.isfinite(difference)]
    return -difference if len(known) and np.median(known) < 0 else difference


def signal_to_noise(raw: np.ndarray, smoothed: np.ndarray) -> float:
    """Give the variance of a smoothed signal over that of what was taken away."""
    known = np.isfinite(raw) & np.isfinite(smoothed)
    if known.sum() < 2 or not (noise := np.var((raw - smoothed)[known])):
        return float("nan")
    return float(np.var(smoothed[known]) / noise)
