"""Many predictions to one: where their centre is and how far they spread.

Source: Biderman, Whiteway et al. 2024, section 5.9, mean M and variance C of the ensemble; the
median and the division by confidence are later practice.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pose_eks.core.compiled import compiled
from pose_eks.errors import EksError

LEAST_CONFIDENCE = 1e-5  # what a variance is divided by at the least


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The predictions of several networks for one view.

    Attributes:
        keypoints: (members, frames, keypoints, 2), in pixels, NaN where missing.
        confidence: (members, frames, keypoints); None or NaN where unknown.
    """

    keypoints: np.ndarray
    confidence: np.ndarray | None = None

    def summarize(self, center: str = "mean", divide_by_confidence: bool = True) -> "Consensus":
        """Give centre and spread; see `summarize`."""
        return summarize(self.keypoints, self.confidence, center, divide_by_confidence)


@dataclass(frozen=True, eq=False)
class Consensus:
    """What the members of an ensemble say together.

    Attributes:
        center: (frames, keypoints, 2), median or mean of the members; NaN where none sees it.
        spread: (frames, keypoints, 2), the observation variance v in px²; NaN where the centre
            is. For a keypoint that is `alone`, 1 / confidence, without a unit.
        confidence: (frames, keypoints), mean over the members that ever see the keypoint, one
            that is missing in a frame counting as 0; NaN where no member says any.
        members: (frames, keypoints), how many members see it.
        alone: (keypoints,), True where no frame has two members, so that there is no variance.
    """

    center: np.ndarray
    spread: np.ndarray
    confidence: np.ndarray
    members: np.ndarray
    alone: np.ndarray


def summarize(
    keypoints: np.ndarray,
    confidence: np.ndarray | None = None,
    center: str = "mean",
    divide_by_confidence: bool = True,
) -> Consensus:
    """Give centre and spread of an ensemble; anything may be missing.

    A prediction is missing where x or y is NaN, and where its confidence is exactly 0 (unless all
    confidences are: then they are taken as unknown). The variance has the members' number n in
    its denominator; where only some of them see a point it is scaled to what all would show. A
    point seen by a single one of several members gets the keypoint's mean variance.

    Args:
        keypoints: (members, frames, keypoints, 2), in pixels.
        confidence: (members, frames, keypoints); None or NaN where unknown.
        center: "median" or "mean".
        divide_by_confidence: whether the variance is divided by the mean confidence.

    Raises:
        EksError: if the shapes do not fit.
    """
    keypoints = np.ascontiguousarray(keypoints, dtype=np.float64)
    confidence = checked_confidence(keypoints, confidence)
    if not (confidence > 0).any():  # a tracker that writes none
        confidence = np.full_like(confidence, np.nan)
    tally = counted(keypoints, confidence, center)
    return concluded(tally, Totals.of(tally), divide_by_confidence)


class Tally(NamedTuple):
    """What members say of some frames, before anything is known of the others.

    Attributes:
        center: (frames, keypoints, 2), NaN where nobody sees it.
        variance: (frames, keypoints, 2), with n - 1 in the denominator, 0 for n < 2.
        members: (frames, keypoints), how many see it.
        surety: (frames, keypoints), mean of the confidences known; NaN for none.
        ever: (members, keypoints), whether a member sees a keypoint in any of the frames.
    """

    center: np.ndarray
    variance: np.ndarray
    members: np.ndarray
    surety: np.ndarray
    ever: np.ndarray


def counted(keypoints: np.ndarray, confidence: np.ndarray, center: str) -> Tally:
    """Collect what members say; see `summarize`, whose checks have been made."""
    seen = np.isfinite(keypoints).all(axis=-1) & (confidence != 0)
    middle, variance, count, surety = gather(keypoints, confidence, seen, center == "median")
    return Tally(middle, variance, count, surety, seen.any(axis=1))


class Totals(NamedTuple):
    """What has to be known of all frames to conclude about some of them.

    Attributes:
        ever: (members, keypoints), whether a member sees a keypoint at all.
        several: (keypoints,), frames in which two members or more see it.
        squares: (keypoints, 2), sum of the variances in these frames.
    """

    ever: np.ndarray
    several: np.ndarray
    squares: np.ndarray

    @staticmethod
    def of(tally: Tally) -> "Totals":
        """Give those of some frames."""
        several = tally.members > 1
        squares = np.where(several[..., None], tally.variance, 0.0).sum(axis=0)
        return Totals(tally.ever, several.sum(axis=0), squares)

    def and_of(self, tally: Tally) -> "Totals":
        """Give those of further frames as well."""
        more = Totals.of(tally)
        return Totals(
            self.ever | more.ever, self.several + more.several, self.squares + more.squares
        )


def concluded(tally: Tally, totals: Totals, divide_by_confidence: bool) -> Consensus:
    """Give the consensus of some frames; see `summarize`."""
    ever = np.maximum(totals.ever.sum(axis=0), 1)  # members that see a keypoint at all
    scale = ((ever - 1.0) / ever)[:, None]
    alone = totals.several == 0
    share = np.where(tally.members > 0, tally.members / ever, np.nan)
    sure = np.where(np.isfinite(tally.surety), tally.surety, 1.0)
    weight = np.maximum(sure * share, LEAST_CONFIDENCE)
    typical = totals.squares / np.maximum(totals.several, 1)[:, None]
    spread = scale * np.where((tally.members == 1)[..., None], typical, tally.variance)
    if divide_by_confidence:
        spread = spread / weight[..., None]
    spread[:, alone] = 1 / weight[:, alone, None] if divide_by_confidence else 1.0
    spread[tally.members == 0] = np.nan
    confidence = np.where(tally.members > 0, tally.surety * share, 0.0)
    return Consensus(tally.center, spread, confidence, tally.members, alone)


def checked_confidence(keypoints: np.ndarray, confidence: np.ndarray | None) -> np.ndarray:
    """Give confidences that fit the keypoints, NaN where unknown.

    Raises:
        EksError: if the shapes do not fit, or a confidence is negative or infinite.
    """
    if keypoints.ndim != 4 or keypoints.shape[-1] != 2 or 0 in keypoints.shape:
        raise EksError(
            f"keypoints: shape {keypoints.shape} is not (members, frames, keypoints, 2); "
            "give at least one of each, and one member as keypoints[None]"
        )
    if confidence is None:
        return np.full(keypoints.shape[:-1], np.nan)
    confidence = np.ascontiguousarray(confidence, dtype=np.float64)
    if confidence.shape != keypoints.shape[:-1]:
        raise EksError(
            f"confidence: shape {confidence.shape} does not fit keypoints {keypoints.shape}; "
            "it needs (members, frames, keypoints)"
        )
    if (confidence < 0).any() or np.isinf(confidence).any():
        raise EksError(
            f"confidence: {np.nanmin(confidence):g} to {np.nanmax(confidence):g} is not "
            "between 0 and 1; give NaN where it is unknown"
        )
    return confidence


def gather(
    keypoints: np.ndarray, confidence: np.ndarray, seen: np.ndarray, median: bool
) -> tuple[np.ndarray, ...]:
    """Collect the members of every point.

    Returns:
        The first four of `Tally`.
    """
    center, surety = np.full(keypoints.shape[1:], np.nan), np.full(seen.shape[1:], np.nan)
    variance, count = np.zeros(center.shape), np.zeros(surety.shape, np.int64)
    values = np.empty(len(keypoints))
    fill(keypoints, confidence, seen, median, values, center, variance, count, surety)
    return center, variance, count, surety


@compiled
def fill(
    keypoints: np.ndarray,
    confidence: np.ndarray,
    seen: np.ndarray,
    median: bool,
    values: np.ndarray,
    center: np.ndarray,
    variance: np.ndarray,
    count: np.ndarray,
    surety: np.ndarray,
) -> None:
    """Fill what `gather` gives; kernels that make no arrays compile in half the time.

    `values` is room for a number of each member.
    """
    members, frames, points, _ = keypoints.shape
    for t in range(frames):
        for k in range(points):
            total, known = 0.0, 0
            for i in range(members):
                if seen[i, t, k]:
                    count[t, k] += 1
                    if confidence[i, t, k] == confidence[i, t, k]:
                        total += confidence[i, t, k]
                        known += 1
            if known > 0:
                surety[t, k] = total / known
            for axis in range(2 if count[t, k] > 0 else 0):
                n = 0
                for i in range(members):
                    if seen[i, t, k]:
                        insert(values, n, keypoints[i, t, k, axis])
                        n += 1
                center[t, k, axis], variance[t, k, axis] = moments(values, n, median)


@compiled
def insert(values: np.ndarray, n: int, value: float) -> None:
    """Put a value into the first n, which are sorted, so that the first n + 1 are."""
    while n > 0 and values[n - 1] > value:
        values[n] = values[n - 1]
        n -= 1
    values[n] = value


@compiled
def moments(values: np.ndarray, n: int, median: bool) -> tuple[float, float]:
    """Give the median or mean of n sorted values, and their variance about the mean."""
    mean = 0.0
    for i in range(n):
        mean += values[i] / n
    squares = 0.0
    for i in range(n):
        squares += (values[i] - mean) ** 2
    middle = 0.5 * (values[(n - 1) // 2] + values[n // 2])
    return (middle if median else mean), (squares / (n - 1) if n > 1 else 0.0)
