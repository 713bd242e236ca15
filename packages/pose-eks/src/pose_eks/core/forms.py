"""Which kernels a chain's motion allows: written out for up to three latents, or of any form.

A form packs a motion's tables for its kernels, runs them, and unpacks what they give. Which one
fits is read off the tables, so that a motion need not say.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pose_eks.core import dense, diagonal, integrated, wide
from pose_eks.core.chain import Chain, Path
from pose_eks.core.motion import Moves
from pose_eks.core.wide import State

UPPER = np.triu_indices(3)
TWICE = np.array([1.0, 2.0, 2.0, 1.0, 2.0, 1.0])  # how often a packed entry is in the matrix
TWICE_ALL = np.concatenate([TWICE, np.full(9, 2.0), TWICE])


@dataclass
class Form(ABC):
    """A family of kernels for one chain at given parameters.

    Attributes:
        chain: the observations.
        moves: of the motion.
        b: (floors,), the noise floors.
        more: whether the chain's last frame is of the chunk that follows; of it only the gap before
            it is used.
        score: after `back`, what this chunk and all that follow say of the state before.
        start: the first frame that is filtered, 1 where a state was given.
        floors: (floors,), derivatives in log b, after `back`.
    """

    chain: Chain
    moves: Moves
    b: np.ndarray
    more: bool = False

    score: np.ndarray = field(init=False)
    floors: np.ndarray = field(init=False)
    start: int = field(init=False, default=0)

    @property
    def frames(self) -> int:
        """How many it goes over."""
        return self.chain.frames - self.more

    @abstractmethod
    def read(self, t: int) -> State:
        """Give mean (state,) and covariance (state, state) of a frame, after `filter`."""

    @abstractmethod
    def write(self, t: int, mean: np.ndarray, P: np.ndarray) -> None:
        """Put them in their place."""

    @abstractmethod
    def filter(self, state: State | None = None) -> float:
        """Run forward; give the log-likelihood and keep what was filtered.

        Where a state is given, it is the filtered one of the first frame, which is then passed
        over.
        """

    @abstractmethod
    def back(self, score: np.ndarray | None = None) -> bool:
        """Run back, after `filter`; say whether no smoothed variance was lost to rounding.

        Where chunks follow, `score` is that of the next one.
        """

    @abstractmethod
    def slope(self, change: Moves) -> float:
        """Give the likelihood's change for a change of first, F and Q, after `back`."""

    @abstractmethod
    def path(self) -> Path:
        """Give the smoothed path, once, after `back`."""


def form_of(chain: Chain, moves: Moves, b: np.ndarray, more: bool = False) -> Form:
    """Give the quickest form for a motion."""
    latent, state = len(chain.rows.mean), len(moves.first)
    if latent <= 3 and state == latent and is_diagonal(moves.F):
        return Diagonal(chain, moves, b, more)
    if latent <= 3 and state == 2 * latent and is_integrated(moves.F):
        return Integrated(chain, moves, b, more)
    return Dense(chain, moves, b, more)


def filtered(form: Form, forward: Callable[[int], tuple[float, int]], state: State | None) -> float:
    """Run a kernel from the first frame to the last, over frames that are too wide for it."""
    frames, form.start = form.frames, 0 if state is None else 1
    if state is not None:
        form.write(0, *state)
    total, t = forward(form.start)
    while t < frames:
        total += across(form, t)
        value, t = forward(t + 1)
        total += value
    return total


def across(form: Form, t: int) -> float:
    """Take in one frame with a wide prediction; give its log-likelihood."""
    first, F, Q = form.moves
    mean, P = np.zeros(len(first)), first
    if t > 0:
        g = form.chain.steps[1][t]
        mean, P = form.read(t - 1)
        mean, P = F[g] @ mean, F[g] @ P @ F[g].T + Q[g]
    value, mean, P = wide.taken_in(form.chain, form.b, t, mean, P)
    form.write(t, mean, P)
    return value


def is_diagonal(F: np.ndarray) -> bool:
    """Say whether the latents move one by one."""
    return np.count_nonzero(F) == np.count_nonzero(np.einsum("gii->gi", F))


def is_integrated(F: np.ndarray) -> bool:
    """Say whether F is (1, h; 0, 1)."""
    latent = F.shape[-1] // 2
    one, h = np.eye(latent), F[:, :1, latent : latent + 1]
    expected = np.zeros(F.shape)
    expected[:, :latent, :latent] = expected[:, latent:, latent:] = one
    expected[:, :latent, latent:] = h * one
    return np.array_equal(F, expected)


def packed(S: np.ndarray) -> np.ndarray:
    """Give (..., 6) of symmetric matrices (..., n, n), n up to 3, zeros added."""
    return widened(S)[..., UPPER[0], UPPER[1]]


def unpacked(values: np.ndarray, latent: int) -> np.ndarray:
    """Give (..., latent, latent) of packed matrices (..., 6)."""
    places = np.empty((3, 3), np.int64)
    places[UPPER] = places.T[UPPER] = np.arange(6)
    return values[..., places[:latent, :latent]]


def widened(A: np.ndarray, axes: int = 2) -> np.ndarray:
    """Add zeros until the last axes have length 3."""
    if A.shape[-axes:] == (3,) * axes:
        return A
    more = [(0, 0)] * (A.ndim - axes) + [(0, 3 - A.shape[-1])] * axes
    return np.pad(A, more)


def blocks(S: np.ndarray) -> np.ndarray:
    """Give (..., 21), the blocks qq, qu and uu of symmetric matrices over (q, u)."""
    n = S.shape[-1] // 2
    cross = widened(S[..., :n, n:])
    return np.concatenate(
        [packed(S[..., :n, :n]), cross.reshape(*cross.shape[:-2], 9), packed(S[..., n:, n:])],
        axis=-1,
    )


@dataclass
class Diagonal(Form):
    """Up to three latents that move one by one."""

    def __post_init__(self) -> None:
        first, F, Q = self.moves
        self.steps = diagonal.Steps(packed(first), diagonal_of(F), packed(Q), self.chain.steps[1])

    def filter(self, state: State | None = None) -> float:
        """Run forward."""
        self.kept = np.zeros((self.frames, 9))
        rows = self.chain.rows_of_three
        return filtered(
            self, lambda t: diagonal.forward(rows, self.steps, self.b, self.kept, t), state
        )

    def read(self, t: int) -> State:
        """Give a filtered state."""
        latent = len(self.moves.first)
        return self.kept[t, :latent], unpacked(self.kept[t, 3:], latent)

    def write(self, t: int, mean: np.ndarray, P: np.ndarray) -> None:
        """Put a filtered state in its place."""
        self.kept[t, : len(mean)], self.kept[t, 3:] = mean, packed(P)

    def back(self, score: np.ndarray | None = None) -> bool:
        """Run back."""
        self.score = np.zeros(9) if score is None else score.copy()
        rows = self.chain.rows_of_three
        found = diagonal.backward(rows, self.steps, self.b, self.kept, self.score, self.start)
        self.first, self.F, self.Q, self.floors, sound = found
        return sound

    def slope(self, change: Moves) -> float:
        """Contract with a change."""
        return float(
            (self.first * TWICE * packed(change.first)).sum()
            + (self.F * diagonal_of(change.F)).sum()
            + (self.Q * TWICE * packed(change.Q)).sum()
        )

    def path(self) -> Path:
        """Unpack."""
        latent = len(self.chain.rows.mean)
        means = self.kept[:, :latent] + self.chain.rows.mean
        return Path(means, unpacked(self.kept[:, 3:], latent), np.empty((len(means), 0)))


def diagonal_of(F: np.ndarray) -> np.ndarray:
    """Give (gaps, 3), the diagonals, zeros added."""
    return widened(np.einsum("gii->gi", F), axes=1)


@dataclass
class Integrated(Form):
    """Up to three latents with velocities."""

    def __post_init__(self) -> None:
        first, F, Q = self.moves
        h = np.ascontiguousarray(F[:, 0, len(first) // 2])
        self.steps = integrated.Steps(blocks(first), h, blocks(Q), self.chain.steps[1])

    def filter(self, state: State | None = None) -> float:
        """Run forward."""
        self.kept = np.zeros((self.frames, 27))
        rows = self.chain.rows_of_three
        return filtered(
            self, lambda t: integrated.forward(rows, self.steps, self.b, self.kept, t), state
        )

    def read(self, t: int) -> State:
        """Give a filtered state."""
        n = len(self.moves.first) // 2
        kept = self.kept[t]
        C = kept[12:21].reshape(3, 3)[:n, :n]
        P = np.block([[unpacked(kept[6:12], n), C], [C.T, unpacked(kept[21:], n)]])
        return np.concatenate([kept[:n], kept[3 : 3 + n]]), P

    def write(self, t: int, mean: np.ndarray, P: np.ndarray) -> None:
        """Put a filtered state in its place."""
        n = len(mean) // 2
        self.kept[t, :n], self.kept[t, 3 : 3 + n], self.kept[t, 6:] = mean[:n], mean[n:], blocks(P)

    def back(self, score: np.ndarray | None = None) -> bool:
        """Run back."""
        self.score = np.zeros(27) if score is None else score.copy()
        rows = self.chain.rows_of_three
        found = integrated.backward(rows, self.steps, self.b, self.kept, self.score, self.start)
        self.first, self.Q, self.floors, sound = found
        return sound

    def slope(self, change: Moves) -> float:
        """Contract with a change; F has no parameter."""
        first, Q = blocks(change.first), blocks(change.Q)
        return float((self.first * TWICE_ALL * first).sum() + (self.Q * TWICE_ALL * Q).sum())

    def path(self) -> Path:
        """Unpack."""
        latent = len(self.chain.rows.mean)
        means = self.kept[:, :latent] + self.chain.rows.mean
        hidden = self.kept[:, 3 : 3 + latent].copy()
        return Path(means, unpacked(self.kept[:, 6:12], latent), hidden)


@dataclass
class Dense(Form):
    """Any number of latents and any F."""

    def __post_init__(self) -> None:
        self.steps = dense.Steps(*self.moves, self.chain.steps[1])

    def filter(self, state: State | None = None) -> float:
        """Run forward."""
        frames, size = self.frames, len(self.moves.first)
        self.means = np.empty((frames, size))
        self.covariances = np.empty((frames, size, size))
        most = (self.chain.rows, self.steps, self.b, self.means, self.covariances)
        return filtered(self, lambda t: dense.forward(*most, t), state)

    def read(self, t: int) -> State:
        """Give a filtered state."""
        return self.means[t], self.covariances[t]

    def write(self, t: int, mean: np.ndarray, P: np.ndarray) -> None:
        """Put a filtered state in its place."""
        self.means[t], self.covariances[t] = mean, P

    def back(self, score: np.ndarray | None = None) -> bool:
        """Run back."""
        size = len(self.moves.first)
        self.score = np.zeros((size, 1 + size)) if score is None else score.copy()
        most = (self.chain.rows, self.steps, self.b, self.means, self.covariances)
        found = dense.backward(*most, self.score, self.start)
        self.first, self.F, self.Q, self.floors = found
        return False  # its path comes from a pass of its own

    def smooth(self) -> None:
        """Turn what was filtered into what is smoothed; the last frame is taken as it is."""
        dense.rts(self.steps, self.means, self.covariances)

    def slope(self, change: Moves) -> float:
        """Contract with a change."""
        mine = (self.first, self.F, self.Q)
        return float(sum((a * b).sum() for a, b in zip(mine, change, strict=True)))

    def path(self) -> Path:
        """Smooth what was filtered."""
        self.smooth()
        mean = self.chain.rows.mean
        latent = len(mean)
        covariances = self.covariances[:, :latent, :latent].copy()
        return Path(self.means[:, :latent] + mean, covariances, self.means[:, latent:].copy())
