"""How the views of one time relate, learned from all keypoints together.

Cameras that are far away map positions affinely, and alike for all keypoints: what two of them show
lies in one subspace of the rows of all views, whatever the keypoint. Learned from one keypoint
alone, its principal axes follow confident mistakes that are in one view only, a paw taken for
another; over all keypoints these are outvoted. Each keypoint may then bend the relation a little:
near cameras are not quite affine.

Source: the affine epipolar constraint, Shapiro, Zisserman & Brady 1995; random minimal subsets by
their median residual, Rousseeuw 1984; the weights of a Student likelihood, Lange, Little & Taylor
1989.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pose_eks.models.sights import Refine, Sight
from pose_eks.models.subspace import Subspace
from pose_eks.options import MultiCameraOptions

EACH = 4096  # times of every keypoint that are looked at
MOST = 20_000  # of all together
SUBSETS = 300
ROUNDS = 30
DEGREES = 4.0  # of the Student likelihood
FAR = 25.0  # times the variance of what agrees: what is further takes no part
PRIOR = 100.0  # frames of a keypoint's own that the relation of all counts as


@dataclass(frozen=True, eq=False)
class Relation:
    """What the views agree in.

    Attributes:
        views: their numbers.
        covariance: (rows, rows), of what agrees, rows x, y of the first view, of the second, ...
        noise: variance of the agreement, px².
    """

    views: Sequence[int]
    covariance: np.ndarray
    noise: float

    def among(self, views: Sequence[int]) -> "Relation":
        """Give that of some of the views."""
        places = np.array([self.views.index(view) for view in views])
        rows = (2 * places[:, None] + np.arange(2)).reshape(-1)
        return Relation(views, self.covariance[np.ix_(rows, rows)], self.noise)


def related_in(few: Sequence[Sight], options: MultiCameraOptions) -> Relation | None:
    """Learn how views relate, from some times of the points that all of them see.

    Args:
        few: of every point that somebody sees, rows that are of one time, `thinned`.
        options: latent dimensions, and the share of times, the most certain ones, to learn from.

    Returns:
        None where there is nothing to learn from, or views need not agree in anything.
    """
    views = np.unique(np.concatenate([sight.views for sight in few])).tolist() if few else []
    shown = [sight for sight in few if len(sight.offset) == 2 * len(views)]
    return related([certain(one, options.quantile) for one in shown], views, options.latent)


def refining(relation: Relation | None, sight: Sight) -> Refine | None:
    """Say how a point's subspace is fitted, where there is a relation of the views that see it."""
    if relation is None:
        return None
    return partial(refined, relation=relation.among(np.unique(sight.views).tolist()))


def related(points: Sequence[np.ndarray], views: Sequence[int], latent: int) -> Relation | None:
    """Learn how views relate.

    Args:
        points: of every keypoint that all views see, (times, rows) in pixels of the views, nothing
            missing.
        views: their numbers.
        latent: dimensions of a position.

    Returns:
        None where there is nothing to learn from, or views need not agree in anything.
    """
    points = [rows for rows in points if len(rows)]
    together = np.concatenate(points) if points else np.zeros((0, 0))
    count, width = together.shape
    if width <= latent or count < 2 * width:
        return None
    thin = together[:: -(-count // MOST)]
    mean, normals = of_subsets(thin, latent)
    mean, normals, noise = agreed(thin, mean, normals)
    kept = [rows[agreeing(rows @ normals.T, noise)] for rows in points]
    centred = np.concatenate(kept) - mean
    return Relation(views, centred.T @ centred / max(len(centred), 1), noise)


def of_subsets(rows: np.ndarray, latent: int) -> tuple[np.ndarray, np.ndarray]:
    """Give a point and the normals of the subspace through a few rows that half of all are near."""
    rng = np.random.default_rng(0)
    best = (np.inf, rows[0], np.eye(rows.shape[1])[latent:])
    for _ in range(SUBSETS):
        few = rows[rng.choice(len(rows), latent + 1, replace=False)]
        mean = few.mean(axis=0)
        normals = np.linalg.svd(few - mean)[2][latent:]
        score = float(np.median((((rows - mean) @ normals.T) ** 2).sum(axis=1)))
        if score < best[0]:
            best = (score, mean, normals)
    return best[1:]


def agreed(
    rows: np.ndarray, mean: np.ndarray, normals: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit a subspace to the rows near it; give a point of it, its normals and the noise."""
    noise = 1.0
    for _ in range(ROUNDS):
        squares = (((rows - mean) @ normals.T) ** 2).sum(axis=1)
        noise = max(float(np.median(squares)) / usual_square(len(normals)), 1e-12)
        weights = student(squares, noise, len(normals))
        mean = weights @ rows / weights.sum()
        normals = least_axes(scatter(rows - mean, weights), len(normals))
    return mean, normals, noise


def agreeing(along: np.ndarray, noise: float) -> np.ndarray:
    """Say which rows of one keypoint agree as most of its rows do, (times,)."""
    away = (along - np.median(along, axis=0)) ** 2
    return np.asarray((away < 9 * noise).all(axis=1))


def refined(rows: np.ndarray, latent: int, relation: Relation) -> Subspace:
    """Fit a keypoint's own subspace, its mean free, its directions held by those of all.

    Args:
        rows: (times, rows), nothing missing.
        latent: dimensions of a position, fewer than rows.
        relation: of the views that see it.
    """
    normals = least_axes(relation.covariance, rows.shape[1] - latent)
    mean = np.median(rows, axis=0)
    mean = mean + normals.T @ (np.median(rows @ normals.T, axis=0) - normals @ mean)
    for _ in range(ROUNDS):
        squares = (((rows - mean) @ normals.T) ** 2).sum(axis=1)
        weights = student(squares, relation.noise, len(normals))
        if np.count_nonzero(weights) < 2 * rows.shape[1]:
            break
        mean = weights @ rows / weights.sum()
        own = scatter(rows - mean, weights)
        normals = least_axes(own + PRIOR * relation.covariance, len(normals))
    basis = np.linalg.svd(normals)[2][len(normals) :].T
    variance, turned = np.linalg.eigh(np.atleast_2d(np.cov(((rows - mean) @ basis).T)))
    return Subspace(mean, basis @ turned[:, ::-1], variance[::-1], relation.noise)


def student(squares: np.ndarray, noise: float, dimensions: int) -> np.ndarray:
    """Weigh rows by their squared distance; far ones take no part."""
    weights = (DEGREES + dimensions) / (DEGREES + squares / noise)
    return np.asarray(weights * (squares < FAR * noise * dimensions))


def scatter(centred: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum the weighted outer products of rows."""
    return np.asarray((centred * weights[:, None]).T @ centred)


def least_axes(covariance: np.ndarray, count: int) -> np.ndarray:
    """Give the axes (count, rows) of the least variance."""
    return np.asarray(np.linalg.eigh(covariance)[1][:, :count].T)


def usual_square(dimensions: int) -> float:
    """Give the median of the squares of so many standard normal numbers, added up.

    Source: Wilson & Hilferty 1931; exact to a percent from two on, 0.455 for one.
    """
    return 0.455 if dimensions == 1 else dimensions * (1 - 2 / (9 * dimensions)) ** 3


def thinned(few: np.ndarray) -> np.ndarray:
    """Choose times of one keypoint to look at, `EACH` at most, of those that it is learned from."""
    return few[:: -(-len(few) // EACH) or 1]


def certain(sight: Sight, quantile: float) -> np.ndarray:
    """Give what all views of a point show at the most certain times, in pixels, (times, rows)."""
    whole = np.isfinite(sight.observed).all(axis=1)
    doubt = sight.spread[whole].max(axis=1, initial=0.0)
    limit = np.quantile(doubt, quantile) if len(doubt) else 0.0
    return np.asarray((sight.observed + sight.offset)[whole][doubt <= limit])
