"""What is too long to be in memory: arrays in files."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

CHUNK = 131_072  # frames
USUAL = 6  # rows or numbers of a state, up to which so many frames are in memory


def chunks_of(frames: int, size: int = CHUNK) -> list[slice]:
    """Give the chunks of a recording."""
    return [slice(*edge) for edge in pairwise([*range(0, frames, size), frames])]


def fewer(size: int, wide: int) -> int:
    """Give frames of a chunk where matrices of so many rows come with each."""
    return max(1, size * USUAL * (USUAL + 1) // max(wide * (wide + 1), USUAL * (USUAL + 1)))


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
        """Make a file of zeros, which takes no room until it is written, unless it is there."""
        with path.open("ab") as file:
            file.truncate(int(np.prod(shape)) * np.dtype(kind).itemsize)
        return Stored(path, kind, shape)

    def opened(self, mode: Any = "r+") -> np.ndarray:
        """Map all of it for as long as the result is held."""
        if 0 in self.shape:  # of which no map can be made
            return np.empty(self.shape, self.kind)
        return np.asarray(np.memmap(self.path, self.kind, mode, shape=self.shape))

    def __getitem__(self, part: Any) -> np.ndarray:
        """Read some of it."""
        return np.array(self.opened("r")[part])

    def __setitem__(self, part: Any, values: np.ndarray) -> None:
        """Write some of it."""
        self.opened()[part] = values
