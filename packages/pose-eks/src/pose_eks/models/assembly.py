"""From solved chains to what each view shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pose_eks.core.chain import Chain, Path, project
from pose_eks.core.fitting import Fit
from pose_eks.core.long import LongSolved
from pose_eks.core.solving import Solved
from pose_eks.ensemble import Consensus
from pose_eks.models.sights import Sight, View
from pose_eks.options import ObservationOptions
from pose_eks.smoothed import Smoothed

SHOWN = 5  # numbers that a view shows of each coordinate; see `smoothed_of`


@dataclass(frozen=True, eq=False)
class Point:
    """One keypoint: its number, what views show of it, and what was found."""

    number: int
    sight: Sight
    solved: Solved


def fit_of(solved: Mapping[int, Solved | LongSolved], keypoints: int) -> Fit:
    """Collect the parameters of all keypoints by their numbers, NaN where one is never seen."""
    s, b, value = (np.full(keypoints, np.nan) for _ in range(3))
    passes, converged = np.zeros(keypoints, int), np.ones(keypoints, bool)
    for k, one in solved.items():
        found = one.found
        s[k] = found["s"]
        b[k] = found.values[-1] if "b" not in found.names else found["b"]
        value[k], passes[k] = found.log_likelihood, found.passes
        converged[k] = found.converged and one.settled
    return Fit(s, b, value, passes, converged)


def shared_fit(solved: Solved | LongSolved, keypoints: int) -> Fit:
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
    values = shown_in(views, points)
    return {
        name: smoothed_of(values[name], view.consensus, fit, options)
        for name, view in views.items()
    }


def shown_in(views: Mapping[str, View], points: Sequence[Point]) -> dict[str, np.ndarray]:
    """Give what every view shows of the points on its own frames; see `smoothed_of`."""
    blank = {
        name: np.full((SHOWN, *view.consensus.center.shape), np.nan) for name, view in views.items()
    }
    for point in points:
        sight, solved = point.sight, point.solved
        values = shown(sight.offset, solved.chain, solved.path, solved.found.values)
        for number, (name, view) in enumerate(views.items()):
            rows = np.flatnonzero(sight.views == number)
            if len(rows):
                blank[name][:, :, point.number] = values[:, view.places[:, None], rows]
    return blank


def smoothed_together(
    view: View,
    there: Sequence[tuple[int, Sight]],
    whole: Sight,
    solved: Solved,
    options: ObservationOptions,
) -> Smoothed:
    """Give the smoothed keypoints of one view that are the rows of one chain.

    Args:
        view: the view.
        there: every keypoint that is seen, by its number.
        whole: these side by side, about the chain's mean.
        solved: the chain.
        options: of the model.
    """
    points = [
        Point(k, replace(sight, offset=whole.offset[2 * n : 2 * n + 2]), of_rows(solved, n))
        for n, (k, sight) in enumerate(there)
    ]
    fit = shared_fit(solved, view.consensus.center.shape[1])
    return smoothed_views({"": view}, points, fit, options)[""]


def shown(
    offset: np.ndarray,
    chain: Chain,
    path: Path,
    values: np.ndarray,
    usual: np.ndarray | None = None,
) -> np.ndarray:
    """Give what rows show of a path: what `smoothed_of` takes, (`SHOWN`, frames, rows).

    Args:
        offset: (rows,), that the chain is without.
        chain: the observations.
        path: of the chain's latents.
        values: of its parameters.
        usual: (rows,), the spread where a row is missing; None for the mean of the others.
    """
    found = project(chain, path, values, usual)
    weight = np.broadcast_to(chain.rows.weights[:, chain.rows.views], found.means.shape)
    variances = found.posterior_variance, found.predictive_variance
    each = (found.means, *variances, spread_used(chain, values), weight)
    own = np.stack([one[:, : len(offset)] for one in each])  # a chain may have rows of its own
    own[0] += offset
    return own


def smoothed_of(
    values: np.ndarray, consensus: Consensus, fit: Fit, options: ObservationOptions
) -> Smoothed:
    """Put together what a view shows.

    Args:
        values: (`SHOWN`, frames, keypoints, 2), position, posterior and predictive variance, spread
            as it was used, and robust weight.
        consensus: of the frames.
        fit: the parameters.
        options: of the model.
    """
    keypoints, posterior, predictive, spread, weight = values
    return Smoothed(
        keypoints=keypoints,
        confidence=consensus.confidence,
        posterior_variance=posterior,
        predictive_variance=predictive,
        center=consensus.center,
        spread=spread,
        fit=fit,
        center_name=options.pool,
        weight=weight[..., 0] if options.likelihood == "student" else None,
    )


def spread_used(chain: Chain, values: np.ndarray) -> np.ndarray:
    """Give the variance a v (times, rows), or b v of members alone; NaN where missing."""
    rows = chain.rows
    b = values[len(chain.motion.parameters) :][rows.floor]
    gain = np.where(rows.multiplies > 0, b, rows.gain)
    return np.where(np.isfinite(chain.observed), gain * chain.spread, np.nan)


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
