"""Repair of predictions: points in doubt, re-estimated from the confident ones. numpy only.

    found = repair(predictions, fit_repair(train_labels, validation_labels, validation_predictions))

A point in doubt is less confident than a gate, or missing. It becomes its posterior mean under the
Gaussian of the labels' poses, given the confident points, each weighed by whether the others
contradict it, and, weighed by its variance, what was predicted for it. Confident points stay as
they are, bit for bit; unless all points are asked for, which then go to their posterior means.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pose_core.errors import FormatError
from pose_core.labels import Labels
from pose_core.metrics import aligned, error_of
from pose_core.predictions import Predictions
from pose_losses.constraints import gather
from pose_losses.gaussian import FEWEST, Poses, fit_labels
from pose_losses.repair_options import Points
from pose_losses.robust import LOST, Posterior, posterior

GATE = 0.5
"""The gate where validation frames are too few to fit one: most of the map speaks against it."""
JUDGED = 3
"""Validation points in doubt from which the errors of such points are known; with fewer they are
taken to lie on any other point of the animal."""
CANDIDATES = 40
"""Gates tried, at evenly spaced quantiles of the confidences of validation frames."""
REMAINING = 0.25
"""Share of a point's variance that the confident points may leave: else it is not repaired."""


@dataclass(frozen=True, eq=False)
class Repair:
    """All that a repair needs.

    Attributes:
        poses: what the labels show.
        gate: points less confident are in doubt.
        sure: variance of a coordinate of a confident prediction's error, in square pixels.
        doubtful: that of one in doubt; infinite to leave its prediction out.
        about: how the gate was chosen.
    """

    poses: Poses
    gate: float
    sure: float
    doubtful: float = np.inf
    about: str = "gate given"


@dataclass(frozen=True, eq=False)
class Repaired:
    """What became of predictions.

    Attributes:
        predictions: with a column `repaired`, 0 or 1; a repaired point's confidence is lowered to
            the share of its variance that is explained, times what it was (0 for a missing one).
        variance: (frames, keypoints), of x and y of a repaired point together, in square pixels;
            NaN for the others.
    """

    predictions: Predictions
    variance: np.ndarray

    @property
    def count(self) -> int:
        """How many points were repaired."""
        return int(np.isfinite(self.variance).sum())


def repair(predictions: Predictions, fitted: Repair, points: Points = "doubtful") -> Repaired:
    """Re-estimate points of which the others tell enough.

    Args:
        predictions: of any frames, of the fitted keypoints or more, in any order.
        fitted: to labels of the same animal, seen by the same cameras.
        points: "doubtful", those in doubt; "all", every one, and marked as repaired are those that
            the others contradict.

    Returns:
        Predictions whose other points are the ones given, bit for bit.

    Raises:
        FormatError: if a keypoint that was fitted was not predicted.
    """
    names = predictions.skeleton.names
    if absent := [name for name in fitted.poses.points if name not in names]:
        raise FormatError(
            f"predictions of {predictions.scorer!r}: no keypoint {absent[0]!r}, which repair was "
            "fitted to; give predictions of the same keypoints"
        )
    order = [names.index(name) for name in fitted.poses.points]
    means, variance, moved = ESTIMATES[points](
        predictions.keypoints[:, order], predictions.confidence[:, order], fitted
    )
    keypoints, every = predictions.keypoints.copy(), np.full(predictions.confidence.shape, np.nan)
    every[:, order] = variance
    repaired = np.isfinite(variance)
    keypoints[:, order] = np.where(moved[..., None], means, keypoints[:, order])
    lowered = lower(predictions.confidence[:, order], variance, fitted.poses)
    confidence = predictions.confidence.copy()
    confidence[:, order] = np.where(repaired, lowered, confidence[:, order])
    extra = {**predictions.extra, "repaired": np.isfinite(every).astype(float)}
    found = replace(predictions, keypoints=keypoints, confidence=confidence, extra=extra)
    return Repaired(found, every)


def lower(confidence: np.ndarray, variance: np.ndarray, poses: Poses) -> np.ndarray:
    """Give the confidence of repaired points; 0 where it was unknown."""
    return np.nan_to_num(confidence) * np.clip(1 - variance / alone(poses), 0, 1)


Estimated = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Means (frames, points, 2); variances (frames, points) of x and y together, NaN where a point is
not marked as repaired; and which points go to their means."""


def estimate(keypoints: np.ndarray, confidence: np.ndarray, fitted: Repair) -> Estimated:
    """Give the posterior of points in doubt.

    NaN for the others, and for points of which the confident ones tell too little.
    """
    known = np.isfinite(keypoints).all(-1)
    doubt = ~known | (confidence < fitted.gate)
    points, variance = np.full(keypoints.shape, np.nan), np.full(confidence.shape, np.nan)
    some = np.flatnonzero(doubt.any(1) & ~doubt.all(1))
    confident = np.where(doubt[some, :, None], np.nan, keypoints[some])
    trust = posterior_of(confident, confidence[some], fitted).trust
    every = np.arange(keypoints.shape[1])[None]  # one group of all points
    rows = gather(np.where(known[..., None], keypoints, np.nan)[some], every)
    precision = (trust / fitted.sure).repeat(2, axis=1)
    means, left = fitted.poses.gaussian.given(rows, precision)
    told = doubt[some] & tells(in_pairs(left).sum(-1), fitted)
    if np.isfinite(fitted.doubtful):
        own = (known & doubt)[some].repeat(2, axis=1)
        means, left = fitted.poses.gaussian.given(
            rows, np.where(own, 1 / fitted.doubtful, precision)
        )
    points[some] = np.where(told[..., None], in_pairs(means), np.nan)
    variance[some] = np.where(told, in_pairs(left).sum(-1), np.nan)
    return points, variance, np.isfinite(variance)


def estimate_all(keypoints: np.ndarray, confidence: np.ndarray, fitted: Repair) -> Estimated:
    """Give the posterior of every point, and mark those that the others contradict, or missing."""
    found = posterior_of(keypoints, confidence, fitted)
    variance = 2 * found.variance
    told = tells(variance, fitted)
    return found.mean, np.where(told & (found.trust < LOST), variance, np.nan), told


ESTIMATES: dict[Points, Callable[[np.ndarray, np.ndarray, Repair], Estimated]] = {
    "doubtful": estimate,
    "all": estimate_all,
}


def posterior_of(keypoints: np.ndarray, confidence: np.ndarray, fitted: Repair) -> Posterior:
    """Weigh points by whether the others agree."""
    poses = fitted.poses
    return posterior(poses.gaussian, keypoints, confidence, fitted.sure**0.5, poses.lost**0.5)


def tells(variance: np.ndarray, fitted: Repair) -> np.ndarray:
    """Say of which points the others tell enough, by the variances they leave (..., points)."""
    return np.asarray(variance <= REMAINING * alone(fitted.poses))


def alone(poses: Poses) -> np.ndarray:
    """Give the variance (points,) of x and y of each point where nothing else is known."""
    return np.asarray(poses.gaussian.covariance.diagonal().reshape(-1, 2).sum(-1))


def in_pairs(rows: np.ndarray) -> np.ndarray:
    """Give rows (n, 2 * points) as (n, points, 2)."""
    return rows.reshape(len(rows), rows.shape[1] // 2, 2)


def fit_repair(
    train: Labels,
    validation: Labels,
    predictions: Predictions,
    gate: float | None = None,
    where: str = "pose_repair",
) -> Repair:
    """Fit poses to training labels, and gate and errors to predictions of validation frames.

    The gate is the one below which repair leaves the smallest mean error on validation frames; 0
    if it helps nowhere. Where fewer than ten of their frames, or of their labeled points below
    `GATE`, can tell, it is `GATE`.

    Args:
        train: labels of the training frames.
        validation: of the validation frames.
        predictions: of the validation frames, in their order.
        gate: to use this one.
        where: what asks, for errors.

    Raises:
        ConfigError: if fewer than two keypoints have enough labels.
        FormatError: if predictions are of other frames or keypoints.
    """
    poses = fit_labels(train, where)
    errors = error_of(predictions, validation)
    order = [predictions.skeleton.index(name) for name in validation.skeleton.names]
    confidence = predictions.confidence[:, order]
    if gate is not None:
        return measured(poses, gate, errors, confidence)
    frames = int(np.isfinite(errors).any(1).sum())
    below = int((np.isfinite(errors) & (confidence < GATE)).sum())
    if min(frames, below) < FEWEST:
        why = f"default: {frames} validation frames with {below} such points are too few to fit it"
        return replace(measured(poses, GATE, errors, confidence), about=why)
    levels = confidence[np.isfinite(errors) & np.isfinite(confidence)]
    gates = [0.0, *np.unique(np.quantile(levels, np.linspace(0, 1, CANDIDATES + 1)[1:]))]
    tried = [measured(poses, gate, errors, confidence) for gate in gates]
    after = [mean_after(one, predictions, validation) for one in tried]
    best = int(np.argmin(after))  # of equals the lowest gate
    change = f"mean error {after[0]:.2f} -> {after[best]:.2f} px"
    return replace(tried[best], about=f"fitted on {frames} validation frames, {change}")


def measured(poses: Poses, gate: float, errors: np.ndarray, confidence: np.ndarray) -> Repair:
    """Measure the errors of points on both sides of a gate: (frames, points), NaN where unknown.

    Of the confident a median, since few gross errors shall not make all of them doubtful; of those
    in doubt a mean, gross errors included.
    """
    below = errors[(confidence < gate) & np.isfinite(errors)]
    sure = max(spread(errors[~(confidence < gate)]) or poses.noise, 1e-6)
    doubtful = float(np.mean(below**2) / 2) if len(below) >= JUDGED else poses.lost
    return Repair(poses, gate, sure, max(doubtful, sure))


def spread(distances: np.ndarray) -> float:
    """Give the variance of a coordinate from distances of points, robustly; 0 where none is known.

    The median of the square of a distance is 2 ln 2 times the variance of x and of y.
    """
    known = distances[np.isfinite(distances)]
    return float(np.median(known**2) / (2 * np.log(2))) if len(known) else 0.0


def mean_after(fitted: Repair, predictions: Predictions, labels: Labels) -> float:
    """Give the mean error of points that were predicted, once repaired."""
    known = np.isfinite(aligned(predictions, labels.skeleton)).all(-1)
    errors = np.where(known, error_of(repair(predictions, fitted).predictions, labels), np.nan)
    return float(np.nanmean(errors))
