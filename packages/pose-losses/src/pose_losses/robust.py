"""Where the points of a pose are, when some of what a network says of them is wrong. numpy only.

Each point is either sound, a little off, or lost, and then anywhere on the animal. Which it is
shows in what the other points say of it under the Gaussian of the labels' poses.
"""

from dataclasses import dataclass

import numpy as np

from pose_losses.gaussian import Gaussian

ROUNDS = 10
"""Rounds at most; trust then moves by less than a hundredth or so."""
STEADY = 0.01
"""A row is done when no trust in it moves by more."""
STEP = 0.5
"""Part of the way that trust goes in a round: it would swing between rivals else."""
LEAST, MOST = 0.05, 0.9
"""How likely a point is sound by its confidence: rarely as little or as much as a network says."""
LOST = 0.5
"""Trust below which a point is more likely lost than sound."""
CHUNK = 1024
"""Rows solved at once."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is known of poses.

    Attributes:
        mean: (n, points, 2), in pixels.
        variance: (n, points), of a coordinate of each point, the mean of both.
        trust: (n, points), how likely what was said of a point is sound; 0 where nothing was.
    """

    mean: np.ndarray
    variance: np.ndarray
    trust: np.ndarray


def posterior(
    gaussian: Gaussian, points: np.ndarray, confidence: np.ndarray, noise: float, lost: float
) -> Posterior:
    """Weigh points by whether the others agree, and give the poses that are likely then.

    A point is compared with what all others say of it, its cavity: a lost one does not vouch for
    itself. Trust and poses are found in turn.

    Args:
        gaussian: of poses, coordinates x and y of each point in turn.
        points: (n, points, 2), measured; NaN where missing.
        confidence: (n, points), between 0 and 1; NaN counts as 0.
        noise: standard deviation of a coordinate of a sound point, in pixels.
        lost: that of a lost one.

    Source: Minka, Expectation Propagation (2001), for cavities; Jaynes, Probability Theory (2003),
    section 21.4, for the mixture of good and bad data.
    """
    belief = np.clip(np.nan_to_num(confidence), LEAST, MOST)
    parts = [
        solve(gaussian, points[part], belief[part], noise**2, lost**2)
        for part in (slice(n, n + CHUNK) for n in range(0, max(len(points), 1), CHUNK))
    ]
    return Posterior(*(np.concatenate(found) for found in zip(*parts, strict=True)))


def solve(
    gaussian: Gaussian, points: np.ndarray, belief: np.ndarray, noise: float, lost: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give mean, variance and trust of some rows; `noise` and `lost` are variances."""
    known = np.isfinite(points).all(-1)
    said, belief = np.where(known[..., None], points, 0.0), np.where(known, belief, 0.0)
    prior = np.linalg.inv(gaussian.covariance)
    trust, left = belief.copy(), np.arange(len(points))
    mean, spread = np.empty(points.shape), np.empty((*known.shape, 2, 2))
    for _ in range(ROUNDS):
        found = given(prior, gaussian.mean, said[left], trust[left] / noise)
        mean[left], spread[left] = found
        now = compare(*found, said[left], trust[left] / noise, belief[left], noise, lost)
        moved = STEP * (now - trust[left])
        trust[left] += moved
        left = left[np.abs(moved).max(1, initial=0.0) > STEP * STEADY]
        if not len(left):
            break
    return mean, np.trace(spread, axis1=-2, axis2=-1) / 2, trust


def given(
    prior: np.ndarray, centre: np.ndarray, said: np.ndarray, precision: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give each point's mean (n, points, 2) and covariance (n, points, 2, 2).

    Args:
        prior: inverse covariance of the poses.
        centre: mean of the poses.
        said: (n, points, 2), measured; anything where the precision is 0.
        precision: (n, points), of each measured coordinate.
    """
    weight = precision.repeat(2, axis=1)
    covariance = np.linalg.inv(prior + weight[..., None] * np.eye(len(centre)))
    shift = weight * (said.reshape(weight.shape) - centre)
    mean = centre + np.einsum("nij,nj->ni", covariance, shift)
    own = np.arange(said.shape[1])
    blocks = covariance.reshape(len(said), len(own), 2, len(own), 2)[:, own, :, own].swapaxes(0, 1)
    return mean.reshape(said.shape), blocks


def compare(
    mean: np.ndarray,
    spread: np.ndarray,
    said: np.ndarray,
    precision: np.ndarray,
    belief: np.ndarray,
    noise: float,
    lost: float,
) -> np.ndarray:
    """Give the trust (n, points) in what was said of each point, by what the others say of it."""
    inverse = np.linalg.inv(spread)
    own = precision[..., None, None] * np.eye(2)
    others = np.linalg.inv(inverse - own)
    told = np.einsum("nkij,nkj->nki", inverse, mean) - precision[..., None] * said
    away = said - np.einsum("nkij,nkj->nki", others, told)
    sound = logarithm(away, others + noise * np.eye(2))
    wrong = logarithm(away, others + (noise + lost) * np.eye(2))
    odds = (1 - belief) * np.exp(np.clip(wrong - sound, -500, 500))
    return np.divide(belief, belief + odds, out=np.zeros_like(belief), where=belief > 0)


def logarithm(away: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Give the logarithm of Gaussian densities in the plane, but for a constant."""
    distance = np.einsum("nki,nkij,nkj->nk", away, np.linalg.inv(covariance), away)
    return -(distance + np.log(np.linalg.det(covariance))) / 2
