"""Limbs of constant length.

For points q_k and limbs (j, k) of length L with tolerance τ, equation 29's penalty is

    sum over limbs of (|q_j - q_k| - L)² / (2 τ²),   λ = 1 / (2 τ²),

as if each length were observed in every frame with standard deviation τ. Two ways to use it:

`fit_to_lengths`: one frame by itself. With q ~ N(m, P), P from anything that came before and
independent between keypoints, the most probable pose minimises

    (q - m)' P^-1 (q - m) / 2 + sum g(q)² / (2 τ²),   g = |q_j - q_k| - L.

About q_i, with G the slope of g (the unit vector u along the limb for j, -u for k), that is a
linear observation, and the next iterate is (the iterated Kalman update, which is Gauss-Newton)

    q = m - P G' (G P G' + τ²)^-1 (g(q_i) + G (m - q_i)),   cov = P - P G' (G P G' + τ²)^-1 G P,

one small system per frame, as large as there are limbs; a keypoint with infinite variance or a limb
without tolerance does no harm. Given smoothed means and covariances, this is the posterior of the
frame given all pixels and this frame's lengths.

`pulls`: in alternation with smoothers. With all q_j held, the penalty of k's limbs is a row of
observations along u of L + u'q_j with variance τ², beside the pixels. A path of every keypoint that
stays where it is when each is smoothed with such rows is a stationary point of equations 26-29
together, since there each keypoint's gradient is 0: rows, not means and covariances adjusted
afterwards, are what has to go between frames and smoothers. Adjusted means given back as
observations would count every pixel twice. Covariances of smoothers with such rows say too little,
since they take the neighbours as known: take the smoothers' without the rows, and `fit_to_lengths`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pose_eks.cameras.triangulation import inverse, product
from pose_eks.errors import EksError

LEAST_TOLERANCE = 0.01  # of a limb's length, where the tolerance is measured
CHUNK = 2048  # frames at a time
STEPS = 50
CLOSE = 1e-7  # of the longest limb, how far the last step moves a point


@dataclass(frozen=True, eq=False)
class Limbs:
    """Pairs of keypoints whose distance does not change.

    Attributes:
        edges: (limbs, 2), numbers of keypoints.
        lengths: (limbs,), in the world's unit; NaN where it is unknown: no limb then.
        tolerances: (limbs,), standard deviations of the lengths, in the world's unit.
    """

    edges: np.ndarray
    lengths: np.ndarray
    tolerances: np.ndarray


def limbs_of(
    edges: Sequence[tuple[int, int]],
    means: np.ndarray,
    covariances: np.ndarray,
    lengths: Sequence[float] | None = None,
    tolerance: float | None = None,
) -> Limbs:
    """Give limbs, with lengths and tolerances measured where they are not given.

    A length is the median over the half of the frames where it is surest; of each distance the
    part is taken off that errors across the limb add. A tolerance is what the lengths vary by
    beyond their own errors, but at least a hundredth of the length.

    Args:
        edges: numbers of keypoints.
        means: (frames, keypoints, 3), NaN where missing.
        covariances: (frames, keypoints, 3, 3), of `means`.
        lengths: in the world's unit, one per edge.
        tolerance: a share of the length.

    Raises:
        EksError: if an edge is no pair of keypoints, or a number cannot be.
    """
    pairs = checked_edges(edges, means.shape[1])
    series = measured(pairs, means, covariances)
    found = [robust(*each) for each in zip(*(values.T for values in series), strict=True)]
    middle, spread = np.array(found).reshape(-1, 2).T
    if lengths is not None:
        middle = np.asarray(lengths, dtype=float)
        if middle.shape != (len(pairs),) or not (middle > 0).all() or np.isinf(middle).any():
            raise EksError(f"lengths: {lengths!r} is not a positive number for each limb")
    if tolerance is not None and not 0 < tolerance < np.inf:
        raise EksError(f"tolerance: {tolerance!r} is not a finite share of the length above 0")
    least = LEAST_TOLERANCE * middle
    return Limbs(pairs, middle, np.fmax(spread, least) if tolerance is None else tolerance * middle)


def checked_edges(edges: Sequence[tuple[int, int]], keypoints: int) -> np.ndarray:
    """Give edges as an array.

    Raises:
        EksError: if one is not a pair of two different keypoints.
    """
    for edge in edges:
        first, second = edge
        if first == second or not (0 <= first < keypoints and 0 <= second < keypoints):
            raise EksError(f"limb {tuple(edge)}: is not two of the keypoints 0 to {keypoints - 1}")
    return np.array(edges, dtype=int).reshape(-1, 2)


def measured(
    edges: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give every frame's lengths, and the ends' variances along and across, (frames, limbs) each.

    Of d + e with an error e of covariance P the length is |d| + (tr P - u'Pu) / (2 |d|) in the
    mean, to second order.
    """
    distance, u = directions(edges, means)
    P = covariances[:, edges[:, 0]] + covariances[:, edges[:, 1]]
    along = np.einsum("tei,teij,tej->te", u, P, u)
    across = np.einsum("teii->te", P) - along
    return distance - across / (2 * distance), along, across


def directions(edges: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give distances (frames, limbs) and unit vectors (frames, limbs, 3), second to first."""
    apart = means[:, edges[:, 0]] - means[:, edges[:, 1]]
    distance = np.sqrt((apart**2).sum(axis=-1))
    distance = np.where(distance > 0, distance, np.nan)  # no direction, so no pull
    return distance, apart / distance[..., None]


def robust(lengths: np.ndarray, along: np.ndarray, across: np.ndarray) -> tuple[float, float]:
    """Give the median of the surer half of the lengths, and their spread beyond their errors."""
    known = np.isfinite(lengths) & np.isfinite(along + across)
    if not known.any():
        return np.nan, np.nan
    total = np.where(known, along + across, np.inf)
    sure = total <= np.median(total[known])
    middle = np.median(lengths[sure])
    wide = (1.4826 * np.median(np.abs(lengths[sure] - middle))) ** 2
    return float(middle), float(np.sqrt(max(wide - np.median(along[sure]), 0.0)))


def fit_to_lengths(
    means: np.ndarray, covariances: np.ndarray, limbs: Limbs
) -> tuple[np.ndarray, np.ndarray]:
    """Bring every frame's pose to its limbs' lengths, as far as its covariances let it.

    Args:
        means: (frames, keypoints, 3), NaN where missing; limbs with a missing end are left out.
        covariances: (frames, keypoints, 3, 3), of `means`.
        limbs: which lengths are to be kept.

    Returns:
        Most probable poses, and the covariances of every keypoint about them, shaped as given;
        errors of keypoints that share a limb are no longer independent, which these do not say.
    """
    if not limbs.edges.size or not len(means):
        return means.copy(), covariances.copy()
    chunks = [slice(first, first + CHUNK) for first in range(0, len(means), CHUNK)]
    parts = [fit_chunk(means[chunk], covariances[chunk], limbs) for chunk in chunks]
    poses, spreads = zip(*parts, strict=True)
    return np.concatenate(poses), np.concatenate(spreads)


def fit_chunk(
    means: np.ndarray, covariances: np.ndarray, limbs: Limbs
) -> tuple[np.ndarray, np.ndarray]:
    """Do `fit_to_lengths` on a few frames."""
    known = np.isfinite(means).all(axis=-1) & np.isfinite(covariances).all(axis=(-1, -2))
    spreads = np.where(known[..., None, None], covariances, 0.0)
    with np.errstate(all="ignore"):
        prior = Prior(np.where(known[..., None], means, np.nan), spreads, inverse(spreads))
    poses, left = prior.means.copy(), np.arange(len(means))
    reach = CLOSE * np.nanmax(limbs.lengths, initial=0.0)
    for _ in range(STEPS):
        moved = stepped(prior.some(left), poses[left], limbs)
        poses[left] += moved
        left = left[np.abs(np.nan_to_num(moved)).max(axis=(1, 2)) > reach]
        if not left.size:
            break
    spreads = updated(prior, poses, limbs)[1]
    return (
        np.where(known[..., None], poses, means),
        np.where(known[..., None, None], spreads, covariances),
    )


class Prior(NamedTuple):
    """What is known of a few frames before their lengths.

    Attributes:
        means: (frames, keypoints, 3), NaN where missing.
        covariances: (frames, keypoints, 3, 3), 0 where missing.
        precisions: their inverses; not finite where missing.
    """

    means: np.ndarray
    covariances: np.ndarray
    precisions: np.ndarray

    def some(self, which: np.ndarray) -> "Prior":
        """Give some of the frames."""
        return Prior(*(part[which] for part in self))


def stepped(prior: Prior, poses: np.ndarray, limbs: Limbs) -> np.ndarray:
    """Give a Gauss-Newton step of every frame, halved until it makes the posterior no smaller."""
    cost = energy(prior, poses, limbs)
    step = updated(prior, poses, limbs)[0] - poses
    for _ in range(10):
        worse = ~(energy(prior, poses + step, limbs) <= cost + 1e-12 * np.abs(cost))
        if not worse.any():
            return step
        step = np.where(worse[:, None, None], 0.5 * step, step)
    return np.where(worse[:, None, None], 0.0, step)


def energy(prior: Prior, poses: np.ndarray, limbs: Limbs) -> np.ndarray:
    """Give minus the log posterior of every frame (frames,), but for a constant."""
    off = poses - prior.means
    with np.errstate(invalid="ignore"):
        pixels = (off * product(prior.precisions, off)).sum(axis=-1)
    distance = directions(limbs.edges, poses)[0]
    return 0.5 * (
        np.nansum(pixels, axis=1)
        + np.nansum(((distance - limbs.lengths) / limbs.tolerances) ** 2, axis=1)
    )


def updated(prior: Prior, poses: np.ndarray, limbs: Limbs) -> tuple[np.ndarray, np.ndarray]:
    """Give means and covariances given the lengths, made linear about poses."""
    distance, u = directions(limbs.edges, poses)
    off = distance - limbs.lengths
    active = np.isfinite(off) & (limbs.tolerances > 0)
    G = slopes(limbs.edges, np.where(active[..., None], u, 0.0), poses.shape[1])
    ahead = np.nan_to_num(prior.means - poses)
    short = np.where(active, off, 0.0) + np.einsum("teki,tki->te", G, ahead)
    PG = np.einsum("tkij,tekj->teki", prior.covariances, G)
    S = np.einsum("teki,tfki->tef", G, PG)
    own = np.where(active, limbs.tolerances**2, 1.0)
    S[:, range(len(limbs.edges)), range(len(limbs.edges))] += own
    gain = np.linalg.solve(S, PG.reshape(*PG.shape[:2], -1)).reshape(PG.shape)
    means = prior.means - np.einsum("teki,te->tki", gain, short)
    return means, prior.covariances - np.einsum("teki,tekj->tkij", PG, gain)


def slopes(edges: np.ndarray, u: np.ndarray, keypoints: int) -> np.ndarray:
    """Give the derivatives of all lengths, (frames, limbs, keypoints, 3)."""
    G = np.zeros((*u.shape[:2], keypoints, 3))
    each = np.arange(len(edges))
    G[:, each, edges[:, 0]] = u
    G[:, each, edges[:, 1]] = -u
    return G


class Pull(NamedTuple):
    """What the limbs of one keypoint say of it, with the other ends held.

    Attributes:
        observed: (frames, limbs of the keypoint), in the world's unit; NaN where nothing is said.
        variance: of `observed`, of the same shape.
        loading: (frames, limbs of the keypoint, 3), unit vectors.
    """

    observed: np.ndarray
    variance: np.ndarray
    loading: np.ndarray


def pulls(means: np.ndarray, limbs: Limbs) -> list[Pull]:
    """Give every keypoint's rows of observations; see above.

    Args:
        means: (frames, keypoints, 3), where the points are; NaN where unknown.
        limbs: whose lengths are to be kept.
    """
    _, u = directions(limbs.edges, means)
    found = []
    for keypoint in range(means.shape[1]):
        first, second = (np.flatnonzero(limbs.edges[:, side] == keypoint) for side in (0, 1))
        which = np.concatenate([first, second])
        others = np.concatenate([limbs.edges[first, 1], limbs.edges[second, 0]])
        loading = np.concatenate([u[:, first], -u[:, second]], axis=1)
        observed = limbs.lengths[which] + np.einsum("tei,tei->te", loading, means[:, others])
        variance = np.broadcast_to(limbs.tolerances[which] ** 2, observed.shape)
        found.append(Pull(observed, variance, np.nan_to_num(loading)))
    return found
