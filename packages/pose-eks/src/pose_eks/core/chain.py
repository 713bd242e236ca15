"""A chain: one independent state-space model, say of one keypoint seen by several cameras.

y_t = H_t q_t + n_t, n_t ~ N(0, R_t) with R_t diagonal: a v_t + b. The latent state q_t moves by one
of `pose_eks.core.motion`. Rows that are missing drop out; the cost depends on the number of rows
only by one sweep over them.

Source: Biderman, Whiteway et al. 2024, equations 14-15 and 18-28; R = a v + b is this package's.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pose_eks.core.motion import Motion, Parameter

FEW = 100
"""Frames among which all gaps are looked for first: mostly there are two kinds, and no need to
sort them all."""


@dataclass(frozen=True, eq=False)
class Chain:
    """Observations of one latent state over time.

    Attributes:
        observed: (frames, rows), NaN where missing.
        spread: (frames, rows), v; anything where missing.
        loading: (rows, latent), H; or (frames, rows, latent) where it changes.
        gaps: (frames,), time since the frame before; the first counts for nothing.
        motion: how the latents move, and about which mean.
        floors: the noise floors b there are, each a parameter (its `given` keeps a value, 0 too).
        floor: (rows,), which of `floors` a row has; None: all have the first.
        gain: (rows,), a in R = a v + b; None: 1.
        multiplies: (rows,), True where R = b v instead (one member alone shows no variance).
        views: (rows,), which view or member a row belongs to, from 0; None: all the first.
        weights: (frames, views), what R is divided by; None: 1. Robust smoothing sets it.
    """

    observed: np.ndarray
    spread: np.ndarray
    loading: np.ndarray
    gaps: np.ndarray
    motion: Motion
    floors: tuple[Parameter, ...]
    floor: np.ndarray | None = None
    gain: np.ndarray | None = None
    multiplies: np.ndarray | None = None
    views: np.ndarray | None = None
    weights: np.ndarray | None = None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What may be fitted: the motion's, then the floors."""
        return (*self.motion.parameters, *self.floors)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.observed)

    @cached_property
    def state(self) -> int:
        """Numbers of a state: the latents, and what is hidden."""
        motion = self.motion
        return len(motion.first(np.array([one.scale for one in motion.parameters])))

    @property
    def wide(self) -> int:
        """The rows or the numbers of a state, whatever are more."""
        return max(self.loading.shape[-2], self.state)

    def cut(self, frames: slice) -> "Chain":
        """Give a stretch of the frames, which begins anew from the prior."""
        gaps = self.gaps[frames].copy()
        gaps[:1] = 0.0
        fixed = self.loading.ndim == 2
        return replace(
            self,
            observed=self.observed[frames],
            spread=self.spread[frames],
            loading=self.loading if fixed else self.loading[frames],
            gaps=gaps,
            weights=None if self.weights is None else self.weights[frames],
        )

    def noise(self, values: np.ndarray) -> np.ndarray:
        """Give R (frames, rows) at values of the parameters; anything where a row is missing."""
        rows = self.rows
        b = values[len(self.motion.parameters) :][rows.floor]
        R = np.where(rows.multiplies > 0, b * rows.spread, rows.gain * rows.spread + b)
        return R / rows.weights[:, rows.views]

    @cached_property
    def rows(self) -> "Rows":
        """What kernels see of it."""
        count, latent = self.loading.shape[-2:]
        zeros, ones = np.zeros(count, np.int64), np.ones(count)
        loading = self.loading[None] if self.loading.ndim == 2 else self.loading
        views = zeros if self.views is None else np.asarray(self.views, np.int64)
        weights = np.ones((1, int(views.max(initial=0)) + 1))
        return Rows(
            observed=contiguous(self.observed),
            spread=contiguous(self.spread),
            loading=contiguous(loading),
            mean=contiguous(np.broadcast_to(self.motion.mean, latent)),
            floor=zeros if self.floor is None else np.asarray(self.floor, np.int64),
            gain=ones if self.gain is None else contiguous(self.gain),
            multiplies=contiguous(0 * ones if self.multiplies is None else self.multiplies),
            views=views,
            weights=weights if self.weights is None else contiguous(self.weights),
        )

    @cached_property
    def rows_of_three(self) -> "Rows":
        """The same with three latents, where there are fewer: the others load on no row."""
        more = 3 - len(self.rows.mean)
        loading = np.pad(self.rows.loading, ((0, 0), (0, 0), (0, more))) if more else None
        mean = np.pad(self.rows.mean, (0, more))
        return self.rows if loading is None else self.rows._replace(loading=loading, mean=mean)

    @cached_property
    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Distinct gaps, and (frames,) which of them comes before a frame."""
        gaps = np.unique(self.gaps[:FEW])
        which = np.minimum(np.searchsorted(gaps, self.gaps), len(gaps) - 1)
        if not np.array_equal(gaps[which], self.gaps):  # there are others further on
            gaps, which = np.unique(self.gaps, return_inverse=True)
        return gaps, which.reshape(-1).astype(np.int64, copy=False)


class Rows(NamedTuple):
    """A chain's observations as kernels see them, all contiguous.

    Attributes are those of `Chain`, with these shapes: loading (1 or frames, rows, latent), mean
    (latent,), weights (1 or frames, views), the others (frames, rows) or (rows,).
    """

    observed: np.ndarray
    spread: np.ndarray
    loading: np.ndarray
    mean: np.ndarray
    floor: np.ndarray
    gain: np.ndarray
    multiplies: np.ndarray
    views: np.ndarray
    weights: np.ndarray


def contiguous(values: np.ndarray) -> np.ndarray:
    """Give float64 in one piece of memory."""
    return np.ascontiguousarray(values, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Path:
    """Where the latents were, given all observations.

    Attributes:
        means: (frames, latent).
        covariances: (frames, latent, latent).
        hidden: (frames, state - latent), means of the rest of the state, such as velocities.
    """

    means: np.ndarray
    covariances: np.ndarray
    hidden: np.ndarray

    def cut(self, frames: slice) -> "Path":
        """Give a stretch of it."""
        return Path(self.means[frames], self.covariances[frames], self.hidden[frames])


@dataclass(frozen=True, eq=False)
class Projected:
    """A path as the rows show it, each (frames, rows), finite in every frame.

    Attributes:
        means: H q.
        posterior_variance: H P H', of where the point is.
        predictive_variance: with R, of where it would be observed; R is its row's mean where
            the row is missing.
    """

    means: np.ndarray
    posterior_variance: np.ndarray
    predictive_variance: np.ndarray


def project(
    chain: Chain, path: Path, values: np.ndarray, usual: np.ndarray | None = None
) -> Projected:
    """Give a path in the rows' coordinates.

    Args:
        chain: the observations.
        path: of the chain's latents.
        values: of `chain.parameters`.
        usual: (rows,), the spread where a row is missing; None for the mean of the others.
    """
    means, variance = seen_through(chain.rows.loading, path)
    return Projected(means, variance, variance + expected_noise(chain, values, usual))


def seen_through(H: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Give H q and the diagonal of H P H', both (frames, rows), for H (1 or frames, rows, latent).

    Where H stays the same, both are products of two matrices.
    """
    if len(H) != 1:
        means = np.einsum("trd,td->tr", H, path.means)
        return means, ((H @ path.covariances) * H).sum(axis=-1)
    squares = H[0, :, :, None] * H[0, :, None, :]
    flat = path.covariances.reshape(len(path.covariances), -1)
    return path.means @ H[0].T, flat @ squares.reshape(len(squares), -1).T


def expected_noise(chain: Chain, values: np.ndarray, usual: np.ndarray | None) -> np.ndarray:
    """Give R (frames, rows), its row's mean where it is missing; without the weights."""
    seen = np.isfinite(chain.observed)
    if usual is None:
        usual = np.where(seen, chain.spread, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    spread = np.where(seen, chain.spread, usual)
    return replace(chain, spread=spread, weights=None).noise(values)
