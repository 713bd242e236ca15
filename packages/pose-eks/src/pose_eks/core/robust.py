"""Heavy tails: a view that is confidently wrong is outvoted.

Each view's rows of one frame are Student-t together: given a weight w ~ Gamma(nu/2, nu/2) they are
N(H q, R / w). Variational Bayes alternates between the smoothed path and the weights' means,

    w = (nu + n) / (nu + M),   M = E (y - H q)' R^-1 (y - H q),   n rows seen.

The weights are not known, only guessed from the same residuals, so that a posterior that takes them
as given is too narrow. A view tells (nu + n) / (nu + n + 2) of what it would if they were: that is
the Fisher information of Student's t over that of the mixture's normals. The posterior's covariance
is that of weights so much smaller.

Source: Tipping & Lawrence 2005; Piché, Särkkä & Hartikainen 2012 (Student-t smoothing); Lange,
Little & Taylor 1989, appendix (the information); Louis 1982 (what is missing of it).
"""

from dataclasses import dataclass

import numpy as np

from pose_eks.core.chain import Chain, Path, seen_through


@dataclass(frozen=True)
class Student:
    """How heavy the tails are.

    Attributes:
        degrees: of freedom, nu; the fewer the heavier.
        rounds: the most alternations between parameters, path and weights.
        tolerance: they end when no logarithm of a parameter moves by more from round to round.
    """

    degrees: float = 4.0
    rounds: int = 50
    tolerance: float = 0.01


def distances(chain: Chain, path: Path, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give M and the number of rows seen, both (frames, views)."""
    views = chain.rows.views
    means, spread = seen_through(chain.rows.loading, path)
    error = chain.observed - means
    seen = np.isfinite(chain.observed)
    squares = np.where(seen, (error**2 + spread) / unweighted(chain, values), 0.0)
    member = (views[:, None] == np.arange(views.max(initial=0) + 1)).astype(float)
    return squares @ member, seen @ member


def unweighted(chain: Chain, values: np.ndarray) -> np.ndarray:
    """Give R (frames, rows) without the weights."""
    rows = chain.rows
    return chain.noise(values) * rows.weights[:, rows.views]


def weights_of(chain: Chain, path: Path, values: np.ndarray, degrees: float) -> np.ndarray:
    """Give the weights (frames, views) for a path; 1 where a view sees nothing."""
    M, n = distances(chain, path, values)
    return np.where(n > 0, (degrees + n) / (degrees + M), 1.0)


def told(chain: Chain, degrees: float) -> np.ndarray:
    """Give weights (frames, views) of what each view tells, its own weight being a guess."""
    rows = chain.rows
    member = rows.views[:, None] == np.arange(rows.weights.shape[1])
    n = np.isfinite(rows.observed).astype(float) @ member.astype(float)
    return rows.weights * (degrees + n) / (degrees + n + 2)
