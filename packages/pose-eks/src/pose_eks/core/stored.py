"""What is too long to be in memory: arrays in files, and chains whose observations lie there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.core.motion import Motion, Parameter
from pose_eks.core.robust import told

CHUNK = 131_072  # frames


def chunks_of(frames: int, size: int = CHUNK) -> list[slice]:
    """Give the chunks of a recording."""
    return [slice(*edge) for edge in pairwise([*range(0, frames, size), frames])]


@dataclass(frozen=True)
class Stored:
    """An array in a file, which is mapped only while some of it is read or written.

    What stays mapped would count as memory of the process, although the system may take it back.
    """

    path: Path
    kind: type
    shape: tuple[int, ...]

    @staticmethod
    def made(path: Path, kind: type, shape: tuple[int, ...]) -> "Stored":
        """Make a file of zeros, which takes no room until it is written."""
        with path.open("wb") as file:
            file.truncate(int(np.prod(shape)) * np.dtype(kind).itemsize)
        return Stored(path, kind, shape)

    def opened(self, mode: Any = "r+") -> np.ndarray:
        """Map all of it for as long as the result is held."""
        return np.asarray(np.memmap(self.path, self.kind, mode, shape=self.shape))

    def __getitem__(self, part: Any) -> np.ndarray:
        """Read some of it."""
        return np.array(self.opened("r")[part])

    def __setitem__(self, part: Any, values: np.ndarray) -> None:
        """Write some of it."""
        self.opened()[part] = values


@dataclass(frozen=True, eq=False)
class LongChain:
    """A chain of which some frames at a time are in memory.

    Attributes:
        like: all of it but what there is per frame.
        gaps: (frames,), time since the frame before.
        read: gives what was observed in some frames, and its spread, both (frames, rows).
        weights: (frames, views), what R is divided by; None for 1.
        degrees: of freedom, where weights are to be those of `told`; None for the weights as they
            are.
    """

    like: Chain
    gaps: np.ndarray
    read: Callable[[slice], tuple[np.ndarray, np.ndarray]]
    weights: Stored | None = None
    degrees: float | None = None

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

    def cut(self, frames: slice) -> Chain:
        """Give a stretch of the frames, which begins anew from the prior."""
        observed, spread = self.read(frames)
        gaps = self.gaps[frames].copy()
        gaps[:1] = 0.0
        weights = None if self.weights is None else self.weights[frames]
        chain = replace(self.like, observed=observed, spread=spread, gaps=gaps, weights=weights)
        if self.degrees is None:
            return chain
        return replace(chain, weights=told(chain, self.degrees))
