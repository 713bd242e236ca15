"""Rows added to a chain: what is known of a point beside what cameras show."""

from dataclasses import replace

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.core.motion import Parameter

NOTHING = 1e-300  # a floor that is none; of 0 the logarithm could not be taken


def with_rows(
    chain: Chain, observed: np.ndarray, variance: np.ndarray, loading: np.ndarray
) -> Chain:
    """Add rows of known variance to a chain, as one more view, without a robust weight as yet.

    Args:
        chain: what they are added to.
        observed: (frames, rows), NaN where nothing is known.
        variance: of `observed`, of the same shape.
        loading: (frames, rows, latent), or (rows, latent) where the chain's is of that kind.
    """
    rows, count = chain.rows, observed.shape[1]
    shape = chain.frames, rows.views.max(initial=0) + 1
    weights = np.broadcast_to(rows.weights, shape)
    return replace(
        chain,
        observed=np.concatenate([chain.observed, observed], axis=1),
        spread=np.concatenate([chain.spread, variance], axis=1),
        loading=np.concatenate([chain.loading, loading], axis=-2),
        floors=(*chain.floors, Parameter("none", given=NOTHING)),
        floor=np.append(rows.floor, np.full(count, len(chain.floors))),
        gain=np.append(rows.gain, np.ones(count)),
        multiplies=np.append(rows.multiplies, np.zeros(count)),
        views=np.append(rows.views, np.full(count, shape[1])),
        weights=np.concatenate([weights, np.ones((chain.frames, 1))], axis=1),
    )
