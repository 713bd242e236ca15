"""Centre, variance and confidence of an ensemble as ensemble-kalman-smoother 4 takes them."""

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from pose_eks.core.fitting import Fit
from pose_eks.ensemble import checked_confidence
from pose_eks.errors import EksError
from pose_eks.smoothed import Smoothed

UNKNOWN_VARIANCE = 1000.0  # px², of what no member sees
LARGEST_VARIANCE = float(np.finfo(np.float32).max)
LEAST_VARIANCE = 1e-12  # px²
LEAST_CONFIDENCE = 1e-5  # of a single member


class Summary(NamedTuple):
    """What an ensemble says.

    Attributes:
        center: (frames, keypoints, 2); NaN where no member sees the point.
        variance: (frames, keypoints, 2), px².
        confidence: (frames, keypoints), the members' sum over their number.
    """

    center: np.ndarray
    variance: np.ndarray
    confidence: np.ndarray


def summarize(
    keypoints: np.ndarray,
    confidence: np.ndarray | None,
    center: str = "median",
    divide_by_confidence: bool = True,
) -> Summary:
    """Summarise (members, frames, keypoints, 2) with confidences; None: all are sure.

    Raises:
        EksError: if shapes do not fit.
    """
    known = checked_confidence(np.asarray(keypoints, dtype=float), confidence)
    if confidence is None:
        known = np.ones_like(known)
    elif np.isnan(known).all():
        known = np.zeros_like(known)  # no confidence above 0 anywhere
    surety = known.sum(axis=0) / len(known)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # no member sees a point
        middle = (np.nanmedian if center == "median" else np.nanmean)(keypoints, axis=0)
        variance = np.nanvar(keypoints, axis=0)
        if divide_by_confidence:
            variance = variance / surety[..., None]
    if len(keypoints) == 1:
        single = 1.0 / np.maximum(surety, LEAST_CONFIDENCE)
        variance = np.repeat(single[..., None], 2, axis=-1)
    variance = np.nan_to_num(variance, nan=UNKNOWN_VARIANCE, posinf=LARGEST_VARIANCE)
    return Summary(middle, variance, surety)


def summarize_views(
    views: Mapping[str, np.ndarray],
    confidences: Mapping[str, np.ndarray] | None,
    center: str,
    divide_by_confidence: bool,
) -> list[Summary]:
    """Summarise every view.

    Raises:
        EksError: if views differ in frames or keypoints, or have a point that no member sees.
    """
    found = [
        summarize(view, confidences[name] if confidences else None, center, divide_by_confidence)
        for name, view in views.items()
    ]
    for name, one in zip(views, found, strict=True):
        if one.center.shape != found[0].center.shape:
            raise EksError(
                f"view {name!r}: {one.center.shape[:2]} frames and keypoints, others have "
                f"{found[0].center.shape[:2]}; give the same of every view"
            )
        if np.isnan(one.center).any():
            frame, keypoint = np.argwhere(np.isnan(one.center))[0][:2]
            raise EksError(
                f"view {name!r}: no member sees keypoint {keypoint} in frame {frame}, which "
                "compat='eks4' cannot have; leave compat out"
            )
    return found


def parameters(s: float | np.ndarray, keypoints: int) -> np.ndarray:
    """Give s of every keypoint.

    Raises:
        EksError: if it is not one number or one per keypoint, or not positive and finite.
    """
    values = np.asarray(s, dtype=float)
    if values.shape not in ((), (keypoints,)):
        raise EksError(f"s: {values.size} values for {keypoints} keypoints; give one, or one each")
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise EksError(f"s: {values.tolist()!r} is not finite and above 0")
    return np.broadcast_to(values, keypoints).copy()


def result(
    summary: Summary,
    keypoints: np.ndarray,
    posterior: np.ndarray,
    predictive: np.ndarray,
    s: np.ndarray,
    log_likelihood: np.ndarray,
    center: str,
    spread: np.ndarray | None = None,
    signals: Mapping[str, np.ndarray] | None = None,
) -> Smoothed:
    """Put a result together; there is no floor b and no search."""
    count = len(s)
    fit = Fit(s, np.zeros(count), log_likelihood, np.ones(count, int), np.ones(count, bool))
    return Smoothed(
        keypoints=keypoints,
        confidence=summary.confidence,
        posterior_variance=posterior,
        predictive_variance=predictive,
        center=summary.center,
        spread=summary.variance if spread is None else spread,
        fit=fit,
        center_name=center,
        signals=signals or {},
    )
