"""What several views show of one point: observations on one clock, and where their rows lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.core.motion import Motion, Parameter, Velocity, Walk
from pose_eks.ensemble import Consensus
from pose_eks.errors import EksError
from pose_eks.models.subspace import Subspace, principal_axes
from pose_eks.options import MultiCameraOptions, ObservationOptions, SmoothingOptions

Refine = Callable[[np.ndarray, int], Subspace]
"""Fits a subspace of so many dimensions to rows, none of them missing."""

WIDE = 10.0  # times the positions' variance: of the first one
FLOOR_GRID = (-6.0, -3.0, 0.0)  # logarithms of b over a typical squared move, to try first
STEP_GRID = (-9.0, -5.0, -2.0, 0.0)  # logarithms of s over its scale
FAR = 25.0  # times the median squared move: what is further is a mistake, not a move
LEAST_SHARE = 1e-3  # of the mean move along every axis
MOST = 100_000  # times from which the views' relation and the scales are learned
STRETCH = 1000  # times of one stretch of these


@dataclass(frozen=True, eq=False)
class View:
    """One view's consensus, and where on the common clock its frames are, (frames,)."""

    consensus: Consensus
    places: np.ndarray


@dataclass(frozen=True, eq=False)
class Sight:
    """One point as the views show it, rows x, y of the first view that has it, of the second, ...

    Attributes:
        observed: (times, rows), without `offset`; NaN where missing.
        spread: (times, rows), v.
        offset: (rows,), in pixels.
        views: (rows,), which view a row is of.
        alone: (rows,), True where its view never has two members.
    """

    observed: np.ndarray
    spread: np.ndarray
    offset: np.ndarray
    views: np.ndarray
    alone: np.ndarray

    def few(self) -> np.ndarray:
        """Choose times to learn from."""
        return few_of(np.isfinite(self.observed).any(axis=1))

    def at(self, places: np.ndarray) -> "Sight":
        """Give some of the times."""
        return replace(self, observed=self.observed[places], spread=self.spread[places])

    def about(self, offset: np.ndarray) -> "Sight":
        """Give the same without another offset."""
        return replace(self, observed=self.observed + (self.offset - offset), offset=offset)


def few_of(seen: np.ndarray) -> np.ndarray:
    """Choose times to learn from: all, or at most `MOST` of those seen, in stretches spread evenly.

    Args:
        seen: (times,), whether anything is observed.
    """
    if len(seen) <= MOST:
        return np.arange(len(seen))
    places = np.flatnonzero(seen)
    if len(places) <= MOST:
        return places
    starts = np.linspace(0, len(places) - STRETCH, MOST // STRETCH).astype(int)
    return places[(starts[:, None] + np.arange(STRETCH)).reshape(-1)]


def sight_of(views: Sequence[View], k: int, times: int) -> Sight | None:
    """Collect the rows of keypoint k on a clock of so many times; None where nobody sees it."""
    having = [n for n, view in enumerate(views) if view.consensus.members[:, k].any()]
    if not having:
        return None
    observed = np.full((times, 2 * len(having)), np.nan)
    spread = np.full_like(observed, np.nan)
    for place, number in enumerate(having):
        view, rows = views[number], slice(2 * place, 2 * place + 2)
        observed[view.places, rows] = view.consensus.center[:, k]
        spread[view.places, rows] = view.consensus.spread[:, k]
    offset = np.nanmean(observed, axis=0)
    return Sight(
        observed=observed - offset,
        spread=spread,
        offset=offset,
        views=np.repeat(having, 2),
        alone=np.repeat([views[n].consensus.alone[k] for n in having], 2),
    )


def sights_of(views: Sequence[View], keypoints: int, times: int) -> list[tuple[int, Sight]]:
    """Collect every keypoint that somebody sees, with its number."""
    sights = [(k, sight_of(views, k, times)) for k in range(keypoints)]
    return [(k, sight) for k, sight in sights if sight is not None]


def joined(sights: Sequence[Sight]) -> Sight:
    """Put the rows of several points side by side; each point is a view of its own."""
    return Sight(
        observed=np.concatenate([sight.observed for sight in sights], axis=1),
        spread=np.concatenate([sight.spread for sight in sights], axis=1),
        offset=np.concatenate([sight.offset for sight in sights]),
        views=np.repeat(np.arange(len(sights)), 2),
        alone=np.concatenate([sight.alone for sight in sights]),
    )


def learned(
    paired: np.ndarray,
    spread: np.ndarray,
    options: MultiCameraOptions,
    label: str,
    refine: Refine | None = None,
) -> tuple[Subspace, np.ndarray]:
    """Learn how views relate, from observations that are of one time.

    Args:
        paired: (times, rows), NaN where missing.
        spread: (times, rows), v.
        options: latent dimensions, and the share of times, the most certain ones, to learn from.
        label: the keypoint, for errors.
        refine: fits the subspace to times that show all rows, where there are enough of them; None
            for principal axes.

    Returns:
        The subspace, and coordinates (times, latent) of the times it was learned from, NaN else.

    Raises:
        EksError: if too few times show the point in two views.
    """
    rows = paired.shape[1]
    if rows == 2:  # one view alone: its own plane
        plane = Subspace(np.zeros(2), np.eye(2), np.nanvar(paired, axis=0), 0.0)
        return plane, plane.coordinates(paired)
    latent = min(options.latent, rows)
    shown = np.isfinite(paired).sum(axis=1) >= min(latent, rows - 1)
    certainty = np.where(np.isfinite(paired), spread, 0.0).max(axis=1)
    limit = np.quantile(certainty[shown], options.quantile) if shown.any() else 0.0
    good = shown & (certainty <= limit)
    if good.sum() < 2 * rows or np.isnan(paired[good]).all(axis=0).any():
        raise EksError(
            f"{label}: {int(good.sum())} frames show it well in two views at once; the principal "
            f"axes of {rows // 2} views need {2 * rows} of each view; raise the quantile, or leave "
            "the keypoint or a view out"
        )
    whole = good & np.isfinite(paired).all(axis=1)
    if refine is not None and latent < rows and whole.sum() >= 2 * rows:
        found = refine(paired[whole], latent)
    else:
        found = principal_axes(paired[good], latent)
    coordinates = np.full((len(paired), latent), np.nan)
    coordinates[good] = found.coordinates(paired[good], spread[good])
    return found, coordinates


def motion_of(
    z: np.ndarray, times: np.ndarray, options: SmoothingOptions, isotropic: bool = False
) -> Motion:
    """Make the motion of a position whose coordinates (times, latent) are roughly known.

    The shape of its moves is that between neighbours, per time between them; far ones are left
    out. In a plane of pixels it is isotropic, as for one camera.
    """
    seen = np.isfinite(z).all(axis=1)
    z, times = z[seen], times[seen]
    gaps = np.diff(times)
    near = gaps <= 1.5 * np.median(gaps) if len(gaps) else np.zeros(0, bool)
    moves, gaps = np.diff(z, axis=0)[near], gaps[near]
    squares = (moves**2).mean(axis=1)
    kept = squares <= FAR * np.median(squares) if len(squares) else near[:0]
    shape = shape_of(moves[kept] / np.sqrt(gaps[kept])[:, None], z.shape[1])
    shape = np.eye(len(shape)) if isotropic else shape
    order = 3 if options.dynamics == "velocity" else 1
    rate = positive(squares / gaps**order)
    s = Parameter("s", rate, options.s, STEP_GRID)
    mean, covariance = z.mean(axis=0), np.diag(WIDE * (z.var(axis=0) + positive(squares)))
    if options.dynamics == "walk":
        return Walk(mean, covariance, shape, s)
    quick = positive(squares / gaps**2)
    return Velocity(mean, covariance, WIDE * quick * np.eye(len(mean)), shape, s)


def shape_of(moves: np.ndarray, latent: int) -> np.ndarray:
    """Give the covariance of moves, scaled to a mean of 1 along the axes, none of them without."""
    covariance = moves.T @ moves
    size = np.trace(covariance) / latent
    if not size > 0:
        return np.eye(latent)
    return np.asarray((1 - LEAST_SHARE) * covariance / size + LEAST_SHARE * np.eye(latent))


def positive(squares: np.ndarray) -> float:
    """Give the median, the mean where that is 0, 1 where there is nothing."""
    if not len(squares):
        return 1.0
    return float(np.median(squares) or squares.mean() or 1.0)


def chain_of(
    sight: Sight, axes: np.ndarray, motion: Motion, times: np.ndarray, options: ObservationOptions
) -> Chain:
    """Make the chain of a point whose rows are linear images of its position.

    The floor of members that are alone is a factor of 1 / confidence, apart from that of others.
    """
    floors = [
        name for name, there in (("b", ~sight.alone), ("b alone", sight.alone)) if there.any()
    ]
    scale = typical_move(sight.observed)
    return Chain(
        observed=sight.observed,
        spread=sight.spread,
        loading=axes,
        gaps=np.diff(times, prepend=times[:1]),
        motion=motion,
        floors=tuple(Parameter(n, scale, options.b, FLOOR_GRID, (-10.0, 10.0)) for n in floors),
        floor=np.where(sight.alone, len(floors) - 1, 0),
        gain=np.full(len(axes), options.a),
        multiplies=sight.alone.astype(float),
        views=np.unique(sight.views, return_inverse=True)[1].reshape(-1),
    )


def typical_move(observed: np.ndarray) -> float:
    """Give the median squared move of a row from one observation to its next, in px²."""
    moves = [np.diff(row[np.isfinite(row)]) ** 2 for row in observed.T]
    return positive(np.concatenate(moves))
