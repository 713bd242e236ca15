"""From solved chains to what each view shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pose_eks.core.chain import project
from pose_eks.core.fitting import Fit
from pose_eks.core.solving import Solved
from pose_eks.models.sights import Sight, View
from pose_eks.options import ObservationOptions
from pose_eks.smoothed import Smoothed


@dataclass(frozen=True, eq=False)
class Point:
    """One keypoint: its number, what views show of it, and what was found."""

    number: int
    sight: Sight
    solved: Solved


def fit_of(points: Sequence[Point], keypoints: int) -> Fit:
    """Collect the parameters of all keypoints, NaN where one is never seen."""
    s, b, value = (np.full(keypoints, np.nan) for _ in range(3))
    passes, converged = np.zeros(keypoints, int), np.ones(keypoints, bool)
    for point in points:
        found, k = point.solved.found, point.number
        s[k] = found["s"]
        b[k] = found.values[-1] if "b" not in found.names else found["b"]
        value[k], passes[k] = found.log_likelihood, found.passes
        converged[k] = found.converged and point.solved.settled
    return Fit(s, b, value, passes, converged)


def shared_fit(solved: Solved, keypoints: int) -> Fit:
    """Give the parameters of one chain of which all keypoints are rows."""
    found = solved.found
    floors = found.values[len(solved.chain.motion.parameters) :]
    return Fit(
        s=np.full(keypoints, found["s"] if "s" in found.names else np.nan),
        b=np.full(keypoints, floors[0]),
        log_likelihood=np.full(keypoints, found.log_likelihood),
        passes=np.full(keypoints, found.passes),
        converged=np.full(keypoints, found.converged and solved.settled),
        shared={name: found[name] for name in found.names},
    )


def of_rows(solved: Solved, number: int) -> Solved:
    """Give the solved chain with the rows of one point alone, to project."""
    rows = slice(2 * number, 2 * number + 2)
    chain = solved.chain
    return replace(
        solved,
        chain=replace(
            chain,
            observed=chain.observed[:, rows],
            spread=chain.spread[:, rows],
            loading=chain.loading[rows],
            floor=None if chain.floor is None else chain.floor[rows],
            gain=None if chain.gain is None else chain.gain[rows],
            multiplies=None if chain.multiplies is None else chain.multiplies[rows],
            views=np.zeros(2, int),
            weights=None if chain.weights is None else chain.weights[:, number : number + 1],
        ),
    )


def smoothed_views(
    views: Mapping[str, View], points: Sequence[Point], fit: Fit, options: ObservationOptions
) -> dict[str, Smoothed]:
    """Give every view's smoothed keypoints on its own frames."""
    shape = {name: view.consensus.center.shape for name, view in views.items()}
    blank = {name: np.full((4, *shape[name]), np.nan) for name in views}
    weights = {name: np.full(shape[name][:2], np.nan) for name in views}
    for point in points:
        sight, solved = point.sight, point.solved
        shown = project(solved.chain, solved.path, solved.found.values)
        for number, (name, view) in enumerate(views.items()):
            rows = np.flatnonzero(sight.views == number)
            if not len(rows):
                continue
            taken = np.ix_(view.places, rows)
            blank[name][0][:, point.number] = shown.means[taken] + sight.offset[rows]
            blank[name][1][:, point.number] = shown.posterior_variance[taken]
            blank[name][2][:, point.number] = shown.predictive_variance[taken]
            blank[name][3][:, point.number] = spread_used(solved, rows)[view.places]
            weights[name][:, point.number] = weight_of(solved, rows[0])[view.places]
    return {
        name: Smoothed(
            keypoints=blank[name][0],
            confidence=view.consensus.confidence,
            posterior_variance=blank[name][1],
            predictive_variance=blank[name][2],
            center=view.consensus.center,
            spread=blank[name][3],
            fit=fit,
            center_name=options.pool,
            weight=weights[name] if options.likelihood == "student" else None,
        )
        for name, view in views.items()
    }


def spread_used(solved: Solved, rows: np.ndarray) -> np.ndarray:
    """Give the variance a v of rows (times, rows), or b v of members alone; NaN where missing."""
    chain = solved.chain
    b = solved.found.values[len(chain.motion.parameters) :][chain.rows.floor[rows]]
    gain = np.where(chain.rows.multiplies[rows] > 0, b, chain.rows.gain[rows])
    return np.where(np.isfinite(chain.observed[:, rows]), gain * chain.spread[:, rows], np.nan)


def weight_of(solved: Solved, row: int) -> np.ndarray:
    """Give the robust weight (times,) of the view that a row is of."""
    chain = solved.chain
    if chain.weights is None:
        return np.ones(chain.frames)
    return np.asarray(chain.weights[:, chain.rows.views[row]])


def positions_of(
    points: Sequence[Point], keypoints: int, latent: int, times: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give positions (times, keypoints, latent) and their covariances, NaN where unknown."""
    means = np.full((times, keypoints, latent), np.nan)
    covariances = np.full((times, keypoints, latent, latent), np.nan)
    for point in points:
        path = point.solved.path
        size = path.means.shape[1]
        means[:, point.number, :size] = path.means
        covariances[:, point.number, :size, :size] = path.covariances
    return means, covariances
