"""Chains of which some frames at a time are in memory, and what is found of them on a disk."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.core.chain import Path as Track
from pose_eks.core.motion import Motion, Parameter
from pose_eks.core.nonlinear import Nonlinear, Observe
from pose_eks.core.robust import told
from pose_eks.core.stored import CHUNK, Stored, chunks_of, fewer

Read = Callable[[slice], tuple[np.ndarray, np.ndarray]]
"""Gives what was observed in some frames, and its spread, both (frames, rows)."""


@dataclass(frozen=True, eq=False)
class LongChain:
    """A chain of which some frames at a time are in memory.

    Attributes:
        like: all of it but what there is per frame.
        gaps: (frames,), time since the frame before.
        read: gives what was observed in some frames.
        folder: for what is found of its frames; its user removes it.
        size: frames that are in memory at a time.
        weights: (frames, views), what R is divided by; None for 1.
        degrees: of freedom, where weights are to be those of `told`; None for the weights as they
            are.
        loading: (frames, rows, latent), where it changes; None for that of `like`.
    """

    like: Chain
    gaps: np.ndarray
    read: Read
    folder: Path
    size: int = CHUNK
    weights: Stored | None = None
    degrees: float | None = None
    loading: Stored | None = None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What may be fitted."""
        return self.like.parameters

    @property
    def motion(self) -> Motion:
        """How the latents move."""
        return self.like.motion

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.gaps)

    @property
    def parts(self) -> list[slice]:
        """Its frames, some at a time."""
        return chunks_of(self.frames, fewer(self.size, self.like.wide))

    def cut(self, frames: slice) -> Chain:
        """Give a stretch of the frames, which begins anew from the prior."""
        observed, spread = self.read(frames)
        gaps = self.gaps[frames].copy()
        gaps[:1] = 0.0
        chain = replace(
            self.like,
            observed=observed,
            spread=spread,
            gaps=gaps,
            loading=self.like.loading if self.loading is None else self.loading[frames],
            weights=None if self.weights is None else self.weights[frames],
        )
        if self.degrees is None:
            return chain
        return replace(chain, weights=told(chain, self.degrees))

    def room(self, name: str, *axes: int) -> Stored:
        """Give an array (frames, ...) in its folder, zeros unless it is there."""
        return Stored.made(self.folder / name, float, (self.frames, *axes))


@dataclass(frozen=True, eq=False)
class LongNonlinear:
    """A long chain observed through a function; see `pose_eks.core.nonlinear.Nonlinear`.

    Attributes:
        chain: of which `read` gives what was observed as it is.
        observe: the function.
        start: (frames, latent), a path to begin from.
    """

    chain: LongChain
    observe: Observe
    start: Stored

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.chain.frames

    def cut(self, frames: slice) -> Nonlinear:
        """Give a stretch of the frames."""
        return Nonlinear(self.chain.cut(frames), self.observe, self.start[frames])

    def about(self, means: Stored) -> LongChain:
        """Give the chain linearised about a path; see `Nonlinear.about`."""
        chain = self.chain
        rows, latent = chain.like.loading.shape[-2:]
        observed, loading = chain.room("observed", rows), chain.room("loading", rows, latent)
        for part in chain.parts:
            lines = self.cut(part).about(means[part])
            observed[part], loading[part] = lines.observed, lines.loading

        def read(frames: slice) -> tuple[np.ndarray, np.ndarray]:
            return observed[frames], chain.read(frames)[1]

        return replace(chain, read=read, loading=loading)


@dataclass(frozen=True, eq=False)
class LongPath:
    """A path on a disk; see `pose_eks.core.chain.Path`.

    Attributes:
        name: of its files.
        parts: of its frames, which are in memory at a time.
        means: as in `Path`, as are the others.
        covariances: of the latents.
        hidden: the rest of the state.
    """

    name: str
    parts: list[slice]
    means: Stored
    covariances: Stored
    hidden: Stored

    @staticmethod
    def made(chain: LongChain, name: str) -> "LongPath":
        """Make room for one."""
        latent, state = chain.like.loading.shape[-1], chain.like.state
        return LongPath(
            name,
            chain.parts,
            chain.room(f"{name}.means", latent),
            chain.room(f"{name}.covariances", latent, latent),
            chain.room(f"{name}.hidden", state - latent),
        )

    def cut(self, part: slice) -> Track:
        """Read a stretch of it."""
        return Track(self.means[part], self.covariances[part], self.hidden[part])

    def write(self, part: slice, path: Track) -> None:
        """Write a stretch of it."""
        self.means[part], self.hidden[part] = path.means, path.hidden
        self.covariances[part] = path.covariances
