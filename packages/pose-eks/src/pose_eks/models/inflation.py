"""A rule that doubts a view which disagrees with the others: ensemble-kalman-smoother 4's."""

import numpy as np

from pose_eks.errors import EksError

LEAST = 1e-6  # px², added to a variance before it is inverted
THRESHOLD = 5.0  # of the squared distance of a view's residual
FACTOR = 10.0  # on the variance of a view beyond it
TOLERANCE = 0.01  # of the factor analysis' log-likelihood, in nats
ROUNDS = 1000


def inflate(observed: np.ndarray, variance: np.ndarray, latent: int) -> np.ndarray:
    """Give variances (frames, 2 views) of one keypoint, raised until no view is too far off.

    Args:
        observed: (frames, 2 views), x and y of each view.
        variance: (frames, 2 views).
        latent: number of factors.

    Raises:
        EksError: if the views vary in fewer directions.
    """
    while True:
        largest = variance.max(axis=1)
        sound = largest < np.percentile(largest, 50.0)
        loading, mean = factors(observed[sound], latent)
        if not loading.any(axis=0).all():
            shown = int(loading.any(axis=0).sum())
            raise EksError(
                f"inflate: sure frames vary in {shown} directions, latent is {latent}; give "
                "fewer latents, or inflate=False"
            )
        beyond = distances(observed - mean, variance, loading) > THRESHOLD
        if beyond.shape[1] == 2:  # of two views it cannot be told which one is off
            beyond = np.repeat(beyond.any(axis=1, keepdims=True), 2, axis=1)
        if not beyond.any():
            return variance
        variance = np.where(np.repeat(beyond, 2, axis=1), FACTOR * variance, variance)


def inflated(observed: np.ndarray, variance: np.ndarray, latent: int) -> np.ndarray:
    """Give variances of one keypoint like `inflate`; frames that lack a view keep theirs."""
    whole = np.isfinite(observed).all(axis=1)
    if whole.sum() < 2 * observed.shape[1]:
        return variance
    found = variance.copy()
    found[whole] = inflate(observed[whole], variance[whole], latent)
    return found


def distances(observed: np.ndarray, variance: np.ndarray, loading: np.ndarray) -> np.ndarray:
    """Give every view's squared Mahalanobis distance (frames, views) from what all say together."""
    precise = 1.0 / (variance + LEAST)
    uncertain = np.linalg.inv(np.einsum("oi,to,oj->tij", loading, precise, loading))
    state = np.einsum("tij,oj,to->ti", uncertain, loading, precise * observed)
    off = (observed - state @ loading.T).reshape(len(observed), -1, 2)
    pairs = loading.reshape(-1, 2, loading.shape[1])
    expected = pairs @ uncertain[:, None] @ np.swapaxes(pairs, -1, -2)
    expected = expected + variance.reshape(*off.shape)[..., None] * np.eye(2)
    solved = np.linalg.solve(expected, off[..., None])[..., 0]
    return np.asarray((off * solved).sum(axis=-1))


def factors(observed: np.ndarray, latent: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit a factor analysis: loadings (columns, latent) and the mean (columns,).

    Source: Barber, Bayesian Reasoning and Machine Learning (2012), algorithm 21.1.
    """
    frames, columns = observed.shape
    mean = observed.mean(axis=0)
    covariance = np.cov(observed.T, ddof=0)
    total = np.diag(covariance)
    own = np.ones(columns)
    loading = np.zeros((columns, latent))
    before = -np.inf
    for _ in range(ROUNDS):
        root = np.sqrt(own) + 1e-12
        values, vectors = np.linalg.eigh(covariance / root[:, None] / root)
        top, rest = values[::-1][:latent], values[::-1][latent:]
        axes = vectors[:, ::-1][:, :latent]
        loading = root[:, None] * axes * np.sqrt(np.maximum(top - 1.0, 0.0))
        logs = np.log(top).sum() + rest.sum() + np.log(own).sum()
        now = -0.5 * frames * (columns * np.log(2 * np.pi) + latent + logs)
        if now - before < TOLERANCE:
            break
        before = now
        own = np.maximum(total - (loading**2).sum(axis=1), 1e-12)
    return loading, mean
