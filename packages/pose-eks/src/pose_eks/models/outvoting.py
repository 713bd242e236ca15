"""Members that stray are outvoted by the others and by the movement before and after.

y_i = q + c + n_i,   c ~ N(0, b),   n_i ~ N(0, r / w_i):   all members share the error c, and each
has its own, Student-t with weight w_i. Given the weights, the members' weighted mean is all that a
lane needs: an observation of q, with the members' weighted variance in v, and b as it is. Given a
smoothed path, with c as the centre and the path have it,

    w_i = (nu + 2) / (nu + M_i),   M_i = (y_i - q - c)' r^-1 (y_i - q - c),

r being the weighted variance in that frame plus the keypoint's median one, so that a frame whose
few members agree by chance does not cast out the rest.

Source: `pose_eks.core.robust`, per member. Members as rows of a chain, with no error in common,
would outweigh the movement: their intervals held the truth in 81 of 100 cases.
"""

from dataclasses import dataclass, replace

import numpy as np

from pose_eks.core.threads import in_threads
from pose_eks.ensemble import Consensus

BLOCK = 4096  # frames at a time, so that intermediate results stay small
TYPICAL_FRAMES = 20_000  # enough for a median


@dataclass(frozen=True, eq=False)
class Votes:
    """The members of an ensemble, and how they are weighed.

    Attributes:
        keypoints: (members, frames, keypoints, 2), NaN where missing.
        equal: what they say with equal weights.
        center: (frames, keypoints, 2), their weighted mean.
        variance: (frames, keypoints, 2), their weighted variance, n in its denominator.
        first: the same with equal weights.
        weight: (frames, keypoints), mean of their weights.
    """

    keypoints: np.ndarray
    equal: Consensus
    center: np.ndarray
    variance: np.ndarray
    first: np.ndarray
    weight: np.ndarray

    @property
    def consensus(self) -> Consensus:
        """What they say now; the spread has become as much smaller as the variance."""
        usable = (self.first > 0) & (self.equal.members > 1)[..., None]
        ratio = np.divide(self.variance, self.first, out=np.ones_like(self.first), where=usable)
        return replace(self.equal, center=self.center, spread=self.equal.spread * ratio)


def equal_votes(keypoints: np.ndarray, confidence: np.ndarray | None, equal: Consensus) -> Votes:
    """Begin with equal weights, from the centre that the consensus has."""
    keypoints = np.asarray(keypoints, dtype=float)
    seen = np.isfinite(keypoints).all(axis=-1)
    if confidence is not None and (np.asarray(confidence) > 0).any():
        seen &= np.asarray(confidence) != 0
    keypoints = np.where(seen[..., None], keypoints, np.nan)
    _, variance = joined(keypoints, seen[..., None].astype(float))
    return Votes(keypoints, equal, equal.center, variance, variance, np.ones(equal.members.shape))


def joined(keypoints: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give weighted mean and variance over the first axis, NaN and 0 where all weights are 0."""
    total = weights.sum(axis=0)
    share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    there = np.where(share > 0, keypoints, 0.0)
    center = np.where(total > 0, (share * there).sum(axis=0), np.nan)
    return center, np.where(total > 0, (share * (there - center) ** 2).sum(axis=0), 0.0)


def voted(votes: Votes, path: np.ndarray, b: np.ndarray, degrees: float) -> Votes:
    """Weigh the members anew.

    Args:
        votes: as they are.
        path: (frames, keypoints, 2), smoothed.
        b: (keypoints,), variance of the error that members share.
        degrees: of freedom of each member's own error.
    """
    typical = typical_variance(votes)
    edges = range(0, len(path), BLOCK)
    parts = in_threads(
        lambda first: voted_in(slice(first, first + BLOCK), votes, path, b, typical, degrees),
        edges,
        workers=None,
    )
    center, variance, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    return replace(votes, center=center, variance=variance, weight=weight)


def typical_variance(votes: Votes) -> np.ndarray:
    """Give every keypoint's median variance (keypoints, 2), of frames with several members."""
    step = max(1, len(votes.variance) // TYPICAL_FRAMES)
    several = (votes.equal.members[::step] > 1)[..., None]
    values = np.where(several, votes.variance[::step], np.inf)
    middle = np.sort(values, axis=0)
    count = several.sum(axis=0)
    found = np.take_along_axis(middle, np.maximum(count // 2, 0)[None], axis=0)[0]
    return np.where(np.isfinite(found), found, 0.0)


def voted_in(
    frames: slice,
    votes: Votes,
    path: np.ndarray,
    b: np.ndarray,
    typical: np.ndarray,
    degrees: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give centre, variance and mean weight of some frames."""
    y, q, n = votes.keypoints[:, frames], path[frames], votes.equal.members[frames]
    own = votes.variance[frames] + typical
    own = np.where(own > 0, own, 1.0)  # all members are in one place, in every frame
    b = np.nan_to_num(b)[:, None]
    shared = b / (b + own / np.maximum(n, 1)[..., None]) * (votes.center[frames] - q)
    M = ((y - q - shared) ** 2 / own).sum(axis=-1)
    weights = np.nan_to_num((degrees + 2) / (degrees + M))
    mean = np.divide(weights.sum(axis=0), n, out=np.zeros(n.shape), where=n > 0)
    return (*joined(y, weights[..., None]), mean)
