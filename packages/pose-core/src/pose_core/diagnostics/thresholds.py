"""From where on a measure says that a point is wrong: in pixels, by the size of the animal."""

from collections.abc import Mapping, Sequence

import numpy as np

from pose_core.diagnostics.measures import CONFIDENCE
from pose_core.diagnostics.notices import Say, warn
from pose_core.diagnostics.tracks import Tracks
from pose_core.errors import ConfigError
from pose_core.metrics import pixel_error
from pose_core.options import suggest
from pose_core.skeleton import Skeleton

SHARE = 0.05
"""Of the length of the body: a distance above it is a violation, where no threshold is given.

Of the mouse of 380 pixels in `mirror-mouse-example` that is 19; the Lightning Pose paper takes 20
of the same mouse (sections 2.3 and 2.4.3), and a confidence of 0.9.
"""
LEAST_CONFIDENCE = 0.9
"""A confidence below it is a violation, where no threshold is given."""


def body_length(keypoints: np.ndarray, skeleton: Skeleton) -> float:
    """Give the length of the animal in an image: the diagonal of the box about its points.

    Args:
        keypoints: (frames, keypoints, 2) in pixels, NaN where missing.
        skeleton: of the keypoints. Of mirrored views, each has a box of its own.

    Returns:
        The mean over the views of the median over the frames with all but a few of the points that
        any frame has; NaN where there is none.
    """
    views = [tuple(filter(None, view)) for view in skeleton.views.values()] or [skeleton.names]
    parts = [[skeleton.index(name) for name in view] for view in views]
    lengths = [np.nanmedian(known) for part in parts if len(known := diagonals(keypoints[:, part]))]
    return float(np.mean(lengths)) if lengths else float("nan")


def diagonals(keypoints: np.ndarray) -> np.ndarray:
    """Give the diagonal of the box about the points of each frame that has nearly all of them.

    A box about a few points of a hidden animal would be too small: frames count that have at least
    eight of ten points that the fullest frame has.
    """
    seen = np.isfinite(keypoints).all(-1)
    count = seen.sum(1)
    full = count >= max(2.0, 0.8 * count.max(initial=0))
    points, some = keypoints[full], seen[full][..., None]
    high = np.where(some, points, -np.inf).max(1, initial=-np.inf)
    low = np.where(some, points, np.inf).min(1, initial=np.inf)
    return pixel_error(high, low)


def length_of(found: Sequence[Tracks], say: Say = warn) -> float:
    """Give the length of the animal from its labels, or else from what is predicted of it.

    Args:
        found: labeled frames and videos.
        say: hears of a length that is not that of labels, on which thresholds then rest.
    """
    for tracks in found:
        if tracks.truth is not None:
            return body_length(tracks.truth.keypoints, tracks.truth.skeleton)
    for tracks in found:
        for name, one in tracks.sources.items():
            length = body_length(one.keypoints, one.skeleton)
            if np.isfinite(length):
                say(
                    f"no labels are compared: the animal is taken to be {length:.0f} px long, as "
                    f"{name} predicts it in {tracks.subject}, so distances are violated above "
                    f"{SHARE * length:.3g} px; --threshold MEASURE=VALUE says otherwise"
                )
            return length
    return float("nan")


def choose_thresholds(
    units: Mapping[str, str], length: float, given: Mapping[str, float]
) -> dict[str, float]:
    """Give the threshold of each measure: the one given, or a share of the body's length.

    Args:
        units: of all measures there may be, by name.
        length: of the body, in pixels; NaN where it is not known.
        given: by name of measure.

    Raises:
        ConfigError: for a measure that there is none of, or a value that it cannot have.
    """
    if unknown := sorted(set(given) - set(units)):
        advice = suggest(unknown[0], sorted(units))
        raise ConfigError(f"--threshold: unknown measure {unknown[0]!r}; {advice}")
    for name, value in given.items():
        if not np.isfinite(value) or value < 0 or (name == CONFIDENCE and value > 1):
            allowed = "from 0 to 1" if name == CONFIDENCE else "a number, 0 or more"
            raise ConfigError(f"--threshold: {name}={value:g} cannot be; give {allowed}")
    chosen = {name: SHARE * length for name, unit in units.items() if unit == "px"}
    chosen |= {CONFIDENCE: LEAST_CONFIDENCE, **given}
    return {name: value for name, value in chosen.items() if np.isfinite(value)}


def violates(name: str, values: np.ndarray, threshold: float) -> np.ndarray:
    """Say which values of a measure violate its threshold; NaN does not.

    A confidence does so below its threshold, everything else above.
    """
    beyond = values < threshold if name == CONFIDENCE else values > threshold
    return np.asarray(beyond)


def violation_rate(name: str, values: np.ndarray, threshold: float) -> np.ndarray:
    """Give the share of known values (frames, ...) that violate a threshold, NaN where none is."""
    known = np.isfinite(values).sum(0)
    return violates(name, values, threshold).sum(0) / np.where(known > 0, known, np.nan)
