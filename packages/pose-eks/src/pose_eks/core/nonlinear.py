"""Observations that are no linear function of the latents, by repeated linearisation.

About a path q0 with Jacobian J_t, the model y = f(q) + n is y - f(q0) + J q0 = J q + n, a chain
with a loading that changes from frame to frame. Smoothing it and linearising anew is Gauss-Newton
for the maximum a posteriori; steps that make the posterior smaller are shortened. There the
likelihood of the linearised chain is Laplace's approximation of the true one.

Source: Bell 1994 (the iterated smoother is Gauss-Newton); Biderman, Whiteway et al. 2024,
equations 26-28, and section 5.9.6.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pose_eks.core.chain import Chain, Path
from pose_eks.core.motion import moves_of

Observe = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Gives f(q) (frames, rows) and its Jacobian (frames, rows, latent) for q (frames, latent)."""
SHORTEST = 1e-4  # of a step: where even this much of it is no gain, the path stays


@dataclass(frozen=True, eq=False)
class Nonlinear:
    """A chain observed through a function.

    Attributes:
        chain: as usual, `observed` as it is; its `loading` only gives the numbers of rows and
            latents, (rows, latent) of anything.
        observe: the function.
        start: (frames, latent), a path to begin from, finite.
    """

    chain: Chain
    observe: Observe
    start: np.ndarray

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.chain.frames

    def cut(self, frames: slice) -> "Nonlinear":
        """Give a stretch of the frames."""
        return replace(self, chain=self.chain.cut(frames), start=self.start[frames])

    def about(self, means: np.ndarray) -> Chain:
        """Give the chain linearised about a path (frames, latent).

        Where f or its Jacobian is not finite, the row counts as missing.
        """
        values, jacobian = self.observe(means)
        shown = self.chain.observed - values + np.einsum("trd,td->tr", jacobian, means)
        usable = np.isfinite(shown) & np.isfinite(jacobian).all(axis=-1)
        loading = np.where(usable[..., None], jacobian, 0.0)
        return replace(self.chain, observed=np.where(usable, shown, np.nan), loading=loading)


def energy(model: Nonlinear, path: Path, values: np.ndarray, before: int = 0) -> float:
    """Give minus the log posterior of a path, but for a constant.

    It is infinite where the path leaves what can be observed.

    Args:
        model: the observations.
        path: of all its frames.
        values: of the parameters.
        before: frames at the beginning, 0 or 1, that only say where the path comes from.
    """
    chain = model.chain
    e = chain.observed - model.observe(path.means)[0]
    squares = np.nan_to_num(e**2 / chain.noise(values), nan=np.inf)
    squares = np.where(np.isfinite(chain.observed), squares, 0.0)[before:]
    first = 0.0 if before else first_energy(chain, path, values)
    return 0.5 * float(squares.sum()) + first + moving_energy(chain, path, values)


def first_energy(chain: Chain, path: Path, values: np.ndarray) -> float:
    """Give minus the log density of the first state under the prior, but for a constant."""
    z = np.concatenate([path.means[0] - chain.motion.mean, path.hidden[0]])
    first = chain.motion.first(values[: len(chain.motion.parameters)])
    return 0.5 * float(z @ np.linalg.pinv(first, hermitian=True) @ z)


def moving_energy(chain: Chain, path: Path, values: np.ndarray) -> float:
    """Give minus the log density of a path's moves, but for a constant."""
    gaps, which = chain.steps
    moves = moves_of(chain.motion, values[: len(chain.motion.parameters)], gaps)
    z = np.concatenate([path.means - chain.motion.mean, path.hidden], axis=1)
    e = (z[1:, :, None] - moves.F[which[1:]] @ z[:-1, :, None])[..., 0]
    inverse = np.linalg.pinv(moves.Q, hermitian=True)[which[1:]]
    return 0.5 * float(e.ravel() @ (inverse @ e[..., None]).ravel())


def between(old: Path, new: Path, share: float) -> Path:
    """Give the path some share of the way from an old to a new one, with the new covariances."""
    means, hidden = (
        a + share * (b - a) for a, b in ((old.means, new.means), (old.hidden, new.hidden))
    )
    return Path(means, new.covariances, hidden)


def share_of_step(energy_at: Callable[[float], float]) -> float:
    """Give how much of a step makes the posterior no smaller: all, half, a quarter, ... or 0.

    Args:
        energy_at: gives minus the log posterior after some share of the step.
    """
    before, share = energy_at(0.0), 1.0
    while share > SHORTEST:
        if energy_at(share) <= before + 1e-9 * abs(before):
            return share
        share *= 0.5
    return 0.0


def no_worse(model: Nonlinear, old: Path | None, new: Path, values: np.ndarray) -> Path:
    """Give as much of a Gauss-Newton step as makes the posterior no smaller."""
    if old is None:
        return new
    tried = {1.0: new, 0.0: old}  # the paths themselves, of which observations may be remembered

    def energy_at(share: float) -> float:
        tried.setdefault(share, between(old, new, share))
        return energy(model, tried[share], values)

    share = share_of_step(energy_at)
    return tried[share] if share else between(old, new, 0.0)
