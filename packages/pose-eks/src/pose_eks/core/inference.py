"""What the core knows of a chain at given parameters: likelihood, gradient, smoothed path."""

from typing import NamedTuple

import numpy as np

from pose_eks.core.chain import Chain, Path
from pose_eks.core.forms import Dense, Form, form_of
from pose_eks.core.motion import moves_of, slopes_of


class Evaluation(NamedTuple):
    """Log-likelihood in nats, and its gradient in the logarithm of every parameter."""

    value: float
    gradient: np.ndarray


def log_likelihood(chain: Chain, values: np.ndarray) -> float:
    """Give the exact log-likelihood of `chain.parameters` at values."""
    return prepared(chain, values).filter()


def evaluate(chain: Chain, values: np.ndarray) -> Evaluation:
    """Give the exact log-likelihood and its gradient, by a pass forward and one back."""
    form = prepared(chain, values)
    value = form.filter()
    form.back()
    own = np.asarray(values, dtype=float)[: len(chain.motion.parameters)]
    moving = [form.slope(slope) for slope in slopes_of(chain.motion, own, chain.steps[0])]
    return Evaluation(value, np.concatenate([moving, form.floors]))


def smooth(chain: Chain, values: np.ndarray) -> Path:
    """Give the posterior of the latents in every frame.

    Args:
        chain: the observations.
        values: of `chain.parameters`.
    """
    form = prepared(chain, values)
    form.filter()
    if isinstance(form, Dense) or form.back():
        return form.path()
    form = Dense(chain, form.moves, form.b)
    form.filter()
    return form.path()


def prepared(chain: Chain, values: np.ndarray) -> Form:
    """Give the kernels for a chain, with what they need."""
    own, values = len(chain.motion.parameters), np.asarray(values, dtype=float)
    moves = moves_of(chain.motion, values[:own], chain.steps[0])
    return form_of(chain, moves, values[own:])
