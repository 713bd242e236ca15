"""Chains that are too long to be in memory: parameters and robust weights, chunk by chunk.

The rounds are those of `pose_eks.core.solving`. What a round finds of every frame, weights and
path, lies on a disk, and beside it what the round before has found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pose_eks.core.chain import Path as Track
from pose_eks.core.chunks import trace
from pose_eks.core.climbing import Found, Search
from pose_eks.core.robust import Student, weights_of
from pose_eks.core.solving import Standing, Task, shift, stood
from pose_eks.core.stored import CHUNK, LongChain, Stored

Take = Callable[[slice, Track], None]
"""Takes the path of some frames."""


@dataclass(frozen=True, eq=False)
class LongSolved:
    """A long chain with what was found about it.

    Attributes:
        chain: the chain, with its weights.
        found: its parameters.
        settled: False where the rounds were used up.
        degrees: of freedom of robust weights; None for a Gaussian likelihood.
    """

    chain: LongChain
    found: Found
    settled: bool
    degrees: float | None

    def follow(self, take: Take, folder: Path, size: int = CHUNK) -> None:
        """Hand over the path, the last chunk first; a chunk may come twice.

        Args:
            take: is given frames and their path.
            folder: for the means of robust paths.
            size: frames of a chunk.
        """
        if self.degrees is None:
            return trace(self.chain, self.found.values, take, size)
        means = Stored.made(folder / "means", float, (self.chain.frames, latents(self.chain)))

        def keep(part: slice, path: Track) -> None:
            means[part] = path.means

        def widen(part: slice, path: Track) -> None:
            take(part, replace(path, means=means[part]))

        trace(self.chain, self.found.values, keep, size)
        guessed = replace(self.chain, degrees=self.degrees)
        return trace(guessed, self.found.values, widen, size)


def solve_long(
    chains: Sequence[LongChain],
    search: Search,
    ranges: Sequence[tuple[int, int]] | None,
    student: Student | None,
    folder: Path,
    size: int = CHUNK,
) -> list[LongSolved]:
    """Fit chains that share their parameters; see `pose_eks.core.solving.solve`.

    Args:
        chains: linear ones.
        search: how to fit.
        ranges: frames to fit on, which have to fit into memory.
        student: robust weights per frame and view; None for a Gaussian likelihood.
        folder: for weights and paths, which its user removes.
        size: frames of a chunk.
    """
    models: Any = tuple(chains)  # which are cut as chains are
    task = LongTask(models, [0] * len(chains), search, ranges, student, folder, size)
    standing, _, settled = stood(task)
    degrees = None if student is None else student.degrees
    return [LongSolved(one.chain, one.found, settled, degrees) for one in standing]


@dataclass(frozen=True, eq=False)
class Round:
    """What a round finds of every frame of a chain: weights (frames, views), means of the path."""

    weights: Stored
    means: Stored

    @staticmethod
    def made(folder: Path, name: str, chain: LongChain) -> "Round":
        """Make room for one."""
        views = int(chain.like.rows.views.max(initial=0)) + 1
        return Round(
            Stored.made(folder / f"{name}.weights", float, (chain.frames, views)),
            Stored.made(folder / f"{name}.means", float, (chain.frames, latents(chain))),
        )


def latents(chain: LongChain) -> int:
    """Give the number of a chain's latents."""
    return int(chain.like.loading.shape[1])


@dataclass(frozen=True, eq=False)
class LongTask(Task):
    """A task whose paths are never whole: `Standing.path` stays None."""

    folder: Path
    size: int

    def cropped(self) -> Task | None:
        """Give the same task on a crop, which is in memory."""
        crop = super().cropped()
        return crop and Task(crop.models, crop.groups, crop.search, crop.ranges, crop.student)

    def paths(self, standing: Sequence[Standing]) -> list[Standing]:
        """Leave the paths to `LongSolved.follow`."""
        return list(standing)

    def widened(self, standing: Sequence[Standing]) -> list[Standing]:
        """Leave the covariances to it as well."""
        return list(standing)

    def settle(
        self, standing: list[Standing], refit: bool = True
    ) -> tuple[list[Standing], int, bool]:
        """Alternate between paths, weights and parameters until none moves."""
        assert self.student is not None  # without, there is nothing to repeat
        rooms = [
            [Round.made(self.folder, f"{n}.{side}", one.chain) for side in "ab"]
            for n, one in enumerate(standing)
        ]
        for number in range(1, self.student.rounds + 1):
            before = standing
            sides = [(room[number % 2], room[1 - number % 2]) for room in rooms]
            steps = [self.weighed(one, *pair) for one, pair in zip(standing, sides, strict=True)]
            standing = [
                one._replace(chain=replace(one.chain, weights=now.weights))
                for one, (now, _) in zip(standing, sides, strict=True)
            ]
            standing = self.fitted(standing) if refit else standing
            if number > 1 and self.moved_little(before, standing, steps):
                return standing, number, True
        return standing, self.student.rounds, False

    def weighed(self, one: Standing, now: Round, last: Round) -> float:
        """Find path and weights anew; give the root mean square of the moves, in deviations."""
        assert self.student is not None
        degrees, values = self.student.degrees, one.found.values
        squares: dict[int, float] = {}

        def take(part: slice, path: Track) -> None:
            spread = np.sqrt(np.einsum("tii->ti", path.covariances))
            moved = (path.means - last.means[part]) / np.maximum(spread, 1e-300)
            squares[part.start] = float((moved**2).sum())
            now.means[part] = path.means
            now.weights[part] = weights_of(one.chain.cut(part), path, values, degrees)

        trace(one.chain, values, take, self.size)
        return float(np.sqrt(sum(squares.values()) / np.prod(now.means.shape)))

    def moved_little(
        self, before: Sequence[Standing], standing: Sequence[Standing], steps: Sequence[float]
    ) -> bool:
        """Say whether a round moved neither parameters nor paths; see `Task.still`."""
        assert self.student is not None
        width = self.student.tolerance
        pairs = zip(before, standing, strict=True)
        logs = [shift(new.chain.parameters, old.found, new.found) for old, new in pairs]
        return max(logs) < width and max(steps) < width / 3
