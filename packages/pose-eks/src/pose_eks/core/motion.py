"""How the latent state of a chain moves: small objects that state their equation.

A motion gives transition F and noise Q over any gap: z_t = F z_{t-1} + e_t, e_t ~ N(0, Q),
and the covariance of the first state. The first entries of z are the latents that are observed, as
deviations from `mean`; further entries (a velocity, say) are hidden. Whatever has the four members
of `Motion` is one; derivatives in the parameters are taken from it by complex steps, so that F and
Q are all that has to be written down.

Source: Särkkä & Solin, Applied Stochastic Differential Equations (2019), chapter 6; Biderman,
Whiteway et al. 2024, equations 16-25. Squire & Trapp 1998 for the complex step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

GRID = (-9.0, -5.0, -2.0, 0.0)  # of process noise, below the typical squared move
FLOORS = (-6.0, -3.0, 0.0)  # of noise floors, below the same
Pair = tuple[np.ndarray, np.ndarray]
STEP = 1e-30  # of the complex step: so small that its square is nothing


@dataclass(frozen=True)
class Parameter:
    """A positive number that is fitted on its logarithm, unless given.

    Attributes:
        name: as it is reported.
        scale: its order of magnitude; the search begins around it.
        given: its value, where it is not to be fitted.
        grid: where to try first, in logarithms from the scale; parameters of one grid are tried
            together, so that the number of trials stays small.
        bounds: how far it may go, in logarithms from the scale.
    """

    name: str
    scale: float = 1.0
    given: float | None = None
    grid: tuple[float, ...] = (0.0,)
    bounds: tuple[float, float] = (-20.0, 10.0)


class Motion(Protocol):
    """What a motion must have; values are those of `parameters`, in their order.

    `first` and `moves` are called with real and with complex values: use numpy's functions, and let
    the results take the values' dtype. Where that cannot be, real results are differenced.
    """

    @property
    def mean(self) -> np.ndarray:
        """(latent,), what the latents deviate from; where the first one is expected."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its parameters."""

    def first(self, values: np.ndarray) -> np.ndarray:
        """Give the covariance (state, state) of the first state."""

    def moves(self, values: np.ndarray, gaps: np.ndarray) -> Pair:
        """Give F and Q, each (gaps, state, state)."""


@dataclass(frozen=True, eq=False)
class Walk:
    """The random walk: q_t = q_{t-1} + e_t, e_t ~ N(0, s Q0 gap).

    Attributes:
        mean: (latent,), of the first position.
        covariance: (latent, latent), of the first position.
        shape: (latent, latent), Q0; None for the identity.
        s: process noise, per time; its `given` is a value to keep.
    """

    mean: np.ndarray
    covariance: np.ndarray
    shape: np.ndarray | None = None
    s: Parameter = field(default_factory=lambda: Parameter("s", grid=GRID))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its one parameter s."""
        return (self.s,)

    def first(self, values: np.ndarray) -> np.ndarray:
        """Give the first position's covariance."""
        return self.covariance

    def moves(self, values: np.ndarray, gaps: np.ndarray) -> Pair:
        """Give F = 1, Q = s Q0 gap."""
        one = np.eye(len(self.mean))
        shape = one if self.shape is None else self.shape
        return np.tile(one, (len(gaps), 1, 1)), values[0] * gaps[:, None, None] * shape


@dataclass(frozen=True, eq=False)
class Velocity:
    """The integrated walk: dq = u dt, du ~ N(0, s Q0 dt); state (q, u), exact for any gap.

    Attributes:
        mean: (latent,), of the first position; that of the first velocity is 0.
        covariance: (latent, latent), of the first position.
        velocity_covariance: (latent, latent), of the first velocity.
        shape: (latent, latent), Q0; None for the identity.
        s: process noise, per time³; its `given` is a value to keep.
    """

    mean: np.ndarray
    covariance: np.ndarray
    velocity_covariance: np.ndarray
    shape: np.ndarray | None = None
    s: Parameter = field(default_factory=lambda: Parameter("s", grid=GRID))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its one parameter s."""
        return (self.s,)

    def first(self, values: np.ndarray) -> np.ndarray:
        """Give the first state's covariance."""
        n = len(self.mean)
        first = np.zeros((2 * n, 2 * n))
        first[:n, :n], first[n:, n:] = self.covariance, self.velocity_covariance
        return first

    def moves(self, values: np.ndarray, gaps: np.ndarray) -> Pair:
        """Give F = (1, h; 0, 1) and Q = s (h³/3, h²/2; h²/2, h), each times Q0."""
        one, h = np.eye(len(self.mean)), np.asarray(gaps)
        shape = one if self.shape is None else self.shape
        F = np.array([[h**0, h], [0 * h, h**0]])
        Q = values[0] * np.array([[h**3 / 3, h**2 / 2], [h**2 / 2, h]])
        return blocks(F, one), blocks(Q, shape)


def blocks(coefficients: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Give (gaps, 2 n, 2 n) from coefficients (2, 2, gaps), each times a shape (n, n)."""
    rows, columns, gaps = coefficients.shape
    size = len(shape)
    laid = coefficients.transpose(2, 0, 1)[:, :, None, :, None] * shape[:, None, :]
    return laid.reshape(gaps, rows * size, columns * size)


@dataclass(frozen=True, eq=False)
class Autoregression:
    """AR(1) about a mean: q_t - m = exp(-gap / tau) (q_{t-1} - m) + e_t, stationary.

    The first state has the stationary variance. For gaps of 1, exp(-1 / tau) is the coefficient
    that is often called a.

    Attributes:
        mean: (latent,), m.
        tau: (latent,) parameters, in units of time; latents whose parameters have one name share
            it.
        variance: (latent,) parameters, the stationary variances; shared by name as well.
    """

    mean: np.ndarray
    tau: tuple[Parameter, ...]
    variance: tuple[Parameter, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Those of both, each name once."""
        return tuple({one.name: one for one in (*self.tau, *self.variance)}.values())

    def of(self, which: Sequence[Parameter], values: np.ndarray) -> np.ndarray:
        """Give the values (latent,) of one kind of parameter."""
        names = [one.name for one in self.parameters]
        return np.array([values[names.index(one.name)] for one in which])

    def first(self, values: np.ndarray) -> np.ndarray:
        """Give the stationary covariance."""
        return np.diag(self.of(self.variance, values))

    def moves(self, values: np.ndarray, gaps: np.ndarray) -> Pair:
        """Give F = exp(-gap / tau), Q = variance (1 - F²)."""
        rate = np.asarray(gaps)[:, None] / self.of(self.tau, values)
        one = np.eye(len(self.mean))
        Q = -np.expm1(-2 * rate) * self.of(self.variance, values)
        return np.exp(-rate)[:, :, None] * one, Q[:, :, None] * one


class Moves(NamedTuple):
    """A motion at given values, over the distinct gaps of a chain.

    Attributes:
        first: (state, state), covariance of the first state.
        F: (gaps, state, state), transitions.
        Q: (gaps, state, state), their noise.
    """

    first: np.ndarray
    F: np.ndarray
    Q: np.ndarray


def moves_of(motion: Motion, values: np.ndarray, gaps: np.ndarray) -> Moves:
    """Give first, F and Q; their dtype is whatever the motion makes of the values'."""
    F, Q = motion.moves(values, gaps)
    return Moves(*(np.ascontiguousarray(a) for a in (motion.first(values), F, Q)))


def slopes_of(motion: Motion, values: np.ndarray, gaps: np.ndarray) -> list[Moves]:
    """Give the derivatives of `moves_of` in the logarithm of every parameter."""
    return [slope(motion, values, gaps, number) for number in range(len(values))]


def slope(motion: Motion, values: np.ndarray, gaps: np.ndarray, number: int) -> Moves:
    """Give the derivative in one logarithm: by a complex step, or by differences."""
    aside = values.astype(complex)
    aside[number] *= 1 + 1j * STEP
    try:
        found = moves_of(motion, aside, gaps)
    except TypeError:  # something in it takes real numbers alone
        found = moves_of(motion, values, gaps)
    if any(np.iscomplexobj(part) for part in found):
        return Moves(*(np.ascontiguousarray(part.imag) / STEP for part in found))
    width = 1e-5 * np.eye(len(values))[number]
    ahead, behind = (moves_of(motion, values * np.exp(sign * width), gaps) for sign in (1, -1))
    return Moves(*((a - b) / 2e-5 for a, b in zip(ahead, behind, strict=True)))
