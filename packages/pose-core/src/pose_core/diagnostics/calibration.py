"""Whether a confidence of 0.9 means that nine of ten points are right, and how to make it so."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import CONFIDENCE, ERROR
from pose_core.diagnostics.summary import by_set

CALIBRATION, RELIABILITY = "calibration.csv", "reliability.csv"
BINS = 10
EDGE = 1e-6
"""Confidences are kept this far from 0 and 1, whose logits are infinite."""
STEPS, TOLERANCE = 100, 1e-10
"""Of Newton's method: at most, and the length of a step that ends it."""


@dataclass(frozen=True)
class Bin:
    """Points of like confidence.

    Attributes:
        lowest: confidence in it.
        highest: confidence in it.
        points: how many.
        confidence: their mean.
        correct: the share that is within the threshold of the truth.
    """

    lowest: float
    highest: float
    points: int
    confidence: float
    correct: float


def reliability(confidence: np.ndarray, correct: np.ndarray, bins: int = BINS) -> list[Bin]:
    """Sort points by confidence into bins of about as many points each.

    Confidences crowd close to 1, where bins of one width would put nearly all points into one.
    Points of equal confidence are in one bin, so there may be fewer.

    Args:
        confidence: (points,), between 0 and 1; points where it is NaN are left out.
        correct: bool (points,).
        bins: how many, at most.

    Source: Nguyen and O'Connor, Posterior calibration and exploratory analysis for natural language
    processing models (EMNLP 2015), section 3.2: bins by quantiles.
    """
    known = np.isfinite(confidence)
    confidence, correct = confidence[known], np.asarray(correct, bool)[known]
    if not len(confidence):
        return []
    edges = np.unique(np.quantile(confidence, np.arange(1, bins) / bins, method="lower"))
    place = np.searchsorted(edges, confidence, side="left")
    parts = [(confidence[place == n], correct[place == n]) for n in np.unique(place)]
    return [
        Bin(own.min().item(), own.max().item(), len(own), own.mean().item(), right.mean().item())
        for own, right in parts
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Give the expected calibration error: by how much confidence and share of correct differ.

    The mean over all points of the absolute difference of their bin; NaN without points.

    Source: Naeini, Cooper and Hauskrecht, AAAI (2015), equation 3.
    """
    points = sum(one.points for one in bins)
    total = sum(one.points * abs(one.confidence - one.correct) for one in bins)
    return total / points if points else float("nan")


@dataclass(frozen=True)
class Calibration:
    """A map from confidence to the probability that a point is correct, which never falls.

    p = 1 / (1 + exp(-(slope logit(confidence) + offset))). A slope of 1 and an offset of 0 leave
    the confidence as it is; an offset alone shifts it, a slope below 1 takes certainty off.
    """

    slope: float
    offset: float

    def __call__(self, confidence: np.ndarray) -> np.ndarray:
        """Give the probability that points of these confidences are correct; NaN stays."""
        return logistic(self.slope * logit(confidence) + self.offset)


def fit_calibration(confidence: np.ndarray, correct: np.ndarray) -> Calibration:
    """Fit a calibration to points whose truth is known, such as those of validation frames.

    Platt's method: logistic regression, whose two parameters a hundred points can tell, where
    isotonic regression wants a thousand (Niculescu-Mizil and Caruana, ICML 2005, figure 9).
    Softened targets keep it finite where confidence tells right from wrong without fail. Where
    confidence tells nothing, or the opposite of the truth, the share of correct points is all that
    is left of it.

    Args:
        confidence: (points,); points where it is NaN are left out.
        correct: bool (points,).

    Returns:
        The identity where there is no point.

    Source: Platt, Probabilistic outputs for support vector machines (1999), section 2.2.
    """
    known = np.isfinite(confidence)
    correct = np.asarray(correct, bool)[known]
    if not len(correct):
        return Calibration(1.0, 0.0)
    right = correct.sum()
    wrong = len(correct) - right
    targets = np.where(correct, (right + 1) / (right + 2), 1 / (wrong + 2))
    x = logit(confidence[known])
    slope, offset = logistic_regression(x, targets)
    if slope <= 0:
        return Calibration(0.0, float(logit(targets.mean())))
    return Calibration(slope, offset)


def logistic_regression(x: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """Fit slope and offset of the logit to targets between 0 and 1, by Newton's method.

    Of equally good ones, where all x are the same, the shortest. Steps that make the fit worse are
    halved.
    """
    design = np.stack([x, np.ones_like(x)], axis=1)
    found, loss = np.zeros(2), cross_entropy(np.zeros_like(x), targets)
    for _ in range(STEPS):
        p = logistic(design @ found)
        curvature = (design * (p * (1 - p))[:, None]).T @ design
        step = np.linalg.lstsq(curvature, design.T @ (targets - p), rcond=None)[0]
        while (new := cross_entropy(design @ (found + step), targets)) > loss + TOLERANCE:
            step = step / 2
        found, loss = found + step, new
        if np.linalg.norm(step) < TOLERANCE:
            break
    return float(found[0]), float(found[1])


def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> float:
    """Give the mean of -t log p - (1 - t) log(1 - p)."""
    return float((np.logaddexp(0, logits) - targets * logits).mean())


def logit(p: np.ndarray) -> np.ndarray:
    """Give log(p / (1 - p)), of probabilities a little off 0 and 1."""
    p = np.clip(p, EDGE, 1 - EDGE)
    return np.asarray(np.log(p) - np.log1p(-p))


def logistic(x: np.ndarray) -> np.ndarray:
    """Give 1 / (1 + exp(-x)) without overflow."""
    return np.asarray((1 + np.tanh(np.asarray(x) / 2)) / 2)


@dataclass(frozen=True)
class CalibrationRow:
    """A calibration of one source, and what it changes in some set of labeled frames.

    Attributes:
        source: who predicted.
        threshold: in pixels; a point within it is correct.
        fitted: points of validation frames that it was fitted to.
        slope: see `Calibration`.
        offset: see `Calibration`.
        set: of frames that the errors are of.
        points: in them.
        error: expected calibration error of the confidence.
        calibrated: of the calibrated one; too good in the frames it was fitted to.
    """

    source: str
    threshold: float
    fitted: int
    slope: float
    offset: float
    set: str
    points: int
    error: float
    calibrated: float


@dataclass(frozen=True)
class ReliabilityRow:
    """A bin of the points of one source and set; see `Bin`."""

    source: str
    set: str
    lowest: float
    highest: float
    points: int
    confidence: float
    correct: float


def calibrate(
    measured: Measured, threshold: float
) -> tuple[list[CalibrationRow], list[ReliabilityRow]]:
    """Say how reliable a confidence is in each set, and calibrate it by the validation frames.

    Args:
        measured: of labeled frames; without a pixel error nothing is found.
        threshold: in pixels; a point within it is correct.
    """
    if ERROR not in measured.values or not np.isfinite(threshold):
        return [], []
    points = {name: known_points(part, threshold) for name, part in by_set(measured)}
    own = points.get("validation", (np.zeros(0), np.zeros(0, bool)))
    fitted = fit_calibration(*own)
    rows, bins = [], []
    for name, (confidence, correct) in points.items():
        found = reliability(confidence, correct)
        after = calibration_error(reliability(fitted(confidence), correct))
        about = measured.source, threshold, len(own[0]), fitted.slope, fitted.offset, name
        rows.append(CalibrationRow(*about, len(correct), calibration_error(found), after))
        bins += [ReliabilityRow(measured.source, name, *astuple(one)) for one in found]
    return rows, bins


def known_points(measured: Measured, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Give confidence and correctness of the points whose error is known, each (points,)."""
    error, confidence = measured.values[ERROR], measured.values[CONFIDENCE]
    known = np.isfinite(error) & np.isfinite(confidence)
    return confidence[known], error[known] <= threshold
