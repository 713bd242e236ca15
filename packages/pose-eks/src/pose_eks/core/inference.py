"""What the core knows of a chain at given parameters: likelihood, gradient, smoothed path."""

from typing import NamedTuple

import numpy as np

from pose_eks.core import dense
from pose_eks.core.chain import Chain, Path, Rows
from pose_eks.core.dense import Step
from pose_eks.core.motion import moves_of, slopes_of


class Evaluation(NamedTuple):
    """Log-likelihood in nats, and its gradient in the logarithm of every parameter."""

    value: float
    gradient: np.ndarray


def log_likelihood(chain: Chain, values: np.ndarray) -> float:
    """Give the exact log-likelihood of `chain.parameters` at values."""
    return dense.forward(*filtering(chain, values), *room(chain))


def evaluate(chain: Chain, values: np.ndarray) -> Evaluation:
    """Give the exact log-likelihood and its gradient, by a pass forward and one back."""
    rows, step, b = filtering(chain, values)
    means, covariances = room(chain)
    value = dense.forward(rows, step, b, means, covariances)
    first, F, Q, floors = dense.backward(rows, step, b, means, covariances)
    slopes = slopes_of(chain.motion, values[: len(chain.motion.parameters)], chain.steps[0])
    moving = [
        (first * slope.first).sum() + (F * slope.F).sum() + (Q * slope.Q).sum() for slope in slopes
    ]
    return Evaluation(value, np.concatenate([moving, floors]))


def smooth(chain: Chain, values: np.ndarray) -> Path:
    """Give the posterior of the latents in every frame.

    Args:
        chain: the observations.
        values: of `chain.parameters`.
    """
    rows, step, b = filtering(chain, values)
    means, covariances = room(chain)
    dense.forward(rows, step, b, means, covariances)
    dense.rts(step, means, covariances)
    latent = len(rows.mean)
    hidden = means[:, latent:].copy()
    covariances = covariances[:, :latent, :latent].copy()
    return Path(means[:, :latent] + rows.mean, covariances, hidden)


def filtering(chain: Chain, values: np.ndarray) -> tuple[Rows, Step, np.ndarray]:
    """Give what the kernels take."""
    own = len(chain.motion.parameters)
    gaps, which = chain.steps
    values = np.asarray(values, dtype=float)
    return chain.rows, Step(*moves_of(chain.motion, values[:own], gaps), which), values[own:]


def room(chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    """Give empty means and covariances of the whole state."""
    own = [one.scale if one.given is None else one.given for one in chain.motion.parameters]
    state = len(chain.motion.first(np.array(own)))
    return np.empty((chain.frames, state)), np.empty((chain.frames, state, state))
