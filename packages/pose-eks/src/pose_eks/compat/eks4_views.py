"""Several cameras as ensemble-kalman-smoother 4 smooths them: linear, in principal axes.

Views that a mirror puts into one file, split by the caller, are smoothed in the same way.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from pose_eks.compat.eks4_ensemble import (
    LEAST_VARIANCE,
    Summary,
    parameters,
    result,
    summarize_views,
)
from pose_eks.compat.eks4_filter import Series, States, linear, smooth
from pose_eks.errors import EksError
from pose_eks.models.inflation import inflate as inflate_one
from pose_eks.smoothed import Smoothed, SmoothedViews


def multicam(
    views: Mapping[str, np.ndarray],
    confidences: Mapping[str, np.ndarray] | None,
    s: float | np.ndarray,
    names: Sequence[str] = (),
    latent: int = 3,
    quantile_keep: float = 95.0,
    inflate: bool = True,
    center: str = "median",
    divide_by_confidence: bool = True,
) -> SmoothedViews:
    """Smooth synchronous views of one animal; the defaults are those of the original's command.

    Variances in the output are the original's, B P B' + R, in both columns: it knows no other.

    Args:
        views: (members, frames, keypoints, 2) of each view by name, in px; nothing missing.
        confidences: (members, frames, keypoints) of each view; None: all members are sure.
        s: process noise, one, or one per keypoint; without a unit.
        names: of the keypoints; none: "0", "1", ...
        latent: number of principal axes.
        quantile_keep: percentage of frames, those with the least variance, that give the axes.
        inflate: whether the variance of a view that disagrees is raised.
        center: "median" or "mean".
        divide_by_confidence: whether the members' variance is divided by their confidence.

    Raises:
        EksError: if there are fewer than two views, shapes do not fit, something is missing, or
            there are fewer frames or directions than principal axes.
    """
    refuse_too_few(views, latent)
    found = summarize_views(views, confidences, center, divide_by_confidence)
    s = parameters(s, found[0].center.shape[1])
    observed, variance = stacked([one.center for one in found]), stacked_variance(found)
    good = frames_kept(variance, quantile_keep)
    fewest = min(len(frames) for frames in good)
    offset = np.stack(
        [y[frames[:fewest]].mean(axis=0) for y, frames in zip(observed, good, strict=True)]
    )
    centred = observed - offset[:, None]
    if inflate:
        variance = np.stack(
            [inflate_one(*pair, latent) for pair in zip(centred, variance, strict=True)]
        )
    starts = [start(y, g, fewest, latent) for y, g in zip(centred, good, strict=True)]
    loading, first, step = (np.stack(parts) for parts in zip(*starts, strict=True))
    series = Series(
        observed=centred,
        variance=np.maximum(variance, LEAST_VARIANCE),
        mean=np.zeros((len(s), latent)),
        covariance=first,
        keeps=np.ones(latent),
        step=s[:, None, None] * step,
    )
    states = smooth(series, linear(loading))
    position = states.means @ np.swapaxes(loading, 1, 2) + offset[:, None]
    wide = np.einsum("kod,ktde,koe->kto", loading, states.covariances, loading) + variance
    labelled = tuple(names) or tuple(str(k) for k in range(len(s)))
    return of_views(tuple(views), found, labelled, position, wide, variance, states, s, center)


def refuse_too_few(views: Mapping[str, np.ndarray], latent: int) -> None:
    """Raise EksError where there are too few views for the latents."""
    if len(views) < 2:
        raise EksError(f"views: {len(views)} of them; several cameras need at least two")
    if not 1 <= latent <= 2 * len(views):
        raise EksError(
            f"latent: {latent} axes of {2 * len(views)} coordinates; give 1 to {2 * len(views)}"
        )


def stacked(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Turn (frames, keypoints, 2) of each view into (keypoints, frames, 2 views)."""
    return np.swapaxes(np.concatenate(arrays, axis=2), 0, 1)


def stacked_variance(found: Sequence[Summary]) -> np.ndarray:
    """Give the variances as (keypoints, frames, 2 views)."""
    return stacked([one.variance for one in found])


def frames_kept(variance: np.ndarray, quantile: float) -> list[np.ndarray]:
    """Give for each keypoint the frames whose largest variance is small."""
    largest = variance.max(axis=2)
    limits = np.percentile(largest, quantile, axis=1, keepdims=True)
    return [np.flatnonzero(kept) for kept in largest <= limits]


def start(
    centred: np.ndarray, good: np.ndarray, fewest: int, latent: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give one keypoint's principal axes, first covariance, and step covariance (largest 1).

    The axes are of the first `fewest` good frames, the covariances of all good frames, whose gaps
    are not minded: all as in the original.

    Raises:
        EksError: if there are too few frames.
    """
    if fewest <= latent:
        raise EksError(f"quantile: leaves {fewest} frames for {latent} axes; give a higher one")
    sample = centred[good[:fewest]]
    axes = np.linalg.svd(sample - sample.mean(axis=0), full_matrices=False)[2][:latent].T
    scores = (centred[good] - sample.mean(axis=0)) @ axes
    step = np.cov(np.diff(scores, axis=0).T).reshape(latent, latent)
    largest = np.abs(step).max()
    return axes, np.diag(scores.var(axis=0)), step / largest if largest > 0 else step


def of_views(
    view_names: Sequence[str],
    found: Sequence[Summary],
    names: tuple[str, ...],
    position: np.ndarray,
    wide: np.ndarray,
    variance: np.ndarray,
    states: States,
    s: np.ndarray,
    center: str,
) -> SmoothedViews:
    """Put (keypoints, frames, 2 views) back into views."""
    views: dict[str, Smoothed] = {}
    for number, (name, one) in enumerate(zip(view_names, found, strict=True)):
        place, width, spread = (view_of(a, number) for a in (position, wide, variance))
        views[name] = result(
            one, place, width, width, s, states.log_likelihood, center, spread=spread
        )
    return SmoothedViews(
        views=views,
        names=names,
        positions=np.swapaxes(states.means, 0, 1),
        covariance=np.swapaxes(states.covariances, 0, 1),
        times=np.arange(position.shape[1]),
    )


def view_of(values: np.ndarray, number: int) -> np.ndarray:
    """Give (frames, keypoints, 2) of one view of (keypoints, frames, 2 views)."""
    return np.swapaxes(values[..., 2 * number : 2 * number + 2], 0, 1)
