"""Whether two views of a point agree: their motion along the direction that both must show.

Two cameras see a point of space; one direction of each picture shows the same motion, orthogonal
to the epipolar lines. It is the first canonical pair of the two views. Where points, projected onto
it, differ, one of the views is likely wrong. A smoother of several views makes them agree, so that
its output is the reference that tells the directions, and predictions are projected onto them.

Source: Biderman, Whiteway et al. 2024, section 5.11, figures S4, S6 and S7C-D.
"""

from dataclasses import dataclass

import numpy as np

from pose_analysis.correlation import Canonical, canonical_correlation, pearson
from pose_analysis.errors import AnalysisError

MAD = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""

LEAST = 0.1
"""Standard deviations of the motion below which a difference never counts as far off."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """Two views of one point.

    Attributes:
        canonical: the directions.
        projected: (frames, 2), each view along its direction, in standard deviations of what the
            directions were fitted to; NaN where missing.
        correlation: Pearson's, of the two.
        difference: (frames,), the second less the first.
        outliers: (frames,), True where the difference is far from the usual one, and no less than
            `LEAST`.
    """

    canonical: Canonical
    projected: np.ndarray
    correlation: float
    difference: np.ndarray
    outliers: np.ndarray


def compare_views(
    first: np.ndarray,
    second: np.ndarray,
    reference: tuple[np.ndarray, np.ndarray] | None = None,
    ridge: float = 0.0,
    threshold: float = 5.0,
) -> Agreement:
    """Compare two views of one point.

    Args:
        first: (frames, 2), NaN where missing.
        second: (frames, 2), of the same moments.
        reference: both views as a smoother of several views gives them, to which the directions
            are fitted; None: to the two given.
        ridge: of the canonical correlation.
        threshold: robust standard deviations between a difference and the median one from which a
            frame is an outlier.

    Raises:
        AnalysisError: if the directions cannot be fitted, or the threshold cannot be.
    """
    if not threshold > 0:
        raise AnalysisError(f"threshold: {threshold} is not above 0")
    canonical = canonical_correlation(*(reference or (first, second)), ridge)
    pair = canonical.project(first, second)
    projected = np.column_stack([one[:, 0] for one in pair])
    difference = projected[:, 1] - projected[:, 0]
    return Agreement(
        canonical, projected, pearson(*projected.T), difference, far_off(difference, threshold)
    )


def far_off(difference: np.ndarray, threshold: float) -> np.ndarray:
    """Say which differences are far from the median, by robust standard deviations."""
    known = difference[np.isfinite(difference)]
    if not len(known):
        return np.zeros(len(difference), dtype=bool)
    off = np.abs(difference - np.median(known))
    usual = MAD * np.median(off[np.isfinite(off)])
    return np.asarray(off > max(threshold * usual, LEAST))
