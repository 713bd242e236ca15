"""Chains that are too long to be in memory: parameters, paths and robust weights, part by part.

The rounds are those of `pose_eks.core.solving`. What they find of every frame lies on a disk.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pose_eks.core.chain import Path as Track
from pose_eks.core.chunks import trace
from pose_eks.core.climbing import Found, Search
from pose_eks.core.long_chain import LongChain, LongNonlinear, LongPath
from pose_eks.core.nonlinear import between, energy, share_of_step
from pose_eks.core.robust import Student, weights_of
from pose_eks.core.solving import Standing, Task, moves_between, stood
from pose_eks.core.stored import Stored

Take = Callable[[slice, Track], None]
"""Takes the path of some frames."""
SIDES = ("one", "other")
"""Names of two paths, the second of which is found while the first is still asked for."""


@dataclass(frozen=True, eq=False)
class LongSolved:
    """A long chain with what was found about it.

    Attributes:
        chain: the chain, with its weights, linearised about the path.
        found: its parameters.
        settled: False where the rounds were used up.
        path: where rounds have found it; None where one pass does.
    """

    chain: LongChain
    found: Found
    settled: bool
    path: LongPath | None

    def follow(self, take: Take) -> None:
        """Hand over the path, in any order of the parts; a part may come twice."""
        if self.path is None:
            return trace(self.chain, self.found.values, take, self.chain.size)
        for part in self.chain.parts:
            take(part, self.path.cut(part))
        return None


def solve_long(
    models: Sequence[LongChain | LongNonlinear],
    search: Search,
    ranges: Sequence[tuple[int, int]] | None,
    student: Student | None,
) -> list[LongSolved]:
    """Fit models that share their parameters; see `pose_eks.core.solving.solve`.

    Args:
        models: chains, or functions of chains' latents.
        search: how to fit.
        ranges: frames to fit on, which have to fit into memory.
        student: robust weights per frame and view; None for a Gaussian likelihood.
    """
    task = LongTask(tuple(models), [0] * len(models), search, ranges, student)
    standing, _, settled = stood(task)
    return [LongSolved(one.chain, one.found, settled, one.path) for one in standing]


@dataclass(frozen=True, eq=False)
class LongTask(Task):
    """A task whose paths are never whole."""

    def cropped(self) -> Task | None:
        """Give the same task on a crop, which is in memory."""
        crop = super().cropped()
        return crop and Task(crop.models, crop.groups, crop.search, crop.ranges, crop.student)

    def paths(self, standing: Sequence[Standing]) -> list[Standing]:
        """Smooth every chain; where that is all, it is left to `LongSolved.follow`."""
        if not self.repeats:
            return list(standing)
        paths = [traced(one.chain, one.found.values, one.path) for one in standing]
        return [self.moved(*each) for each in zip(self.models, standing, paths, strict=True)]

    def shortened(self, model: Any, old: Any, new: Any, values: np.ndarray) -> Any:
        """Give as much of a step as makes the posterior no smaller."""
        if old is None:
            return new
        share = share_of_step(lambda share: energy_along(model, old, new, values, share))
        if share < 1:
            for part in model.chain.parts:
                new.write(part, between(old.cut(part), new.cut(part), share))
        return new

    def weighed(self, chain: Any, path: Any, values: np.ndarray, degrees: float) -> Stored:
        """Give the views' weights for a path."""
        weights: Stored = chain.room("weights", int(chain.like.rows.views.max(initial=0)) + 1)
        for part in chain.parts:
            weights[part] = weights_of(chain.cut(part), path.cut(part), values, degrees)
        return weights

    def widened(self, standing: Sequence[Standing]) -> list[Standing]:
        """Give robust paths the covariances of weights that are guesses."""
        if self.student is not None:
            for one in standing:
                guessed = replace(one.chain, degrees=self.student.degrees)
                trace(guessed, one.found.values, self.covariances_of(one), one.chain.size)
        return list(standing)

    def covariances_of(self, one: Standing) -> Take:
        """Give what replaces a path's covariances."""

        def take(part: slice, path: Track) -> None:
            one.path.covariances[part] = path.covariances

        return take

    def step(self, old: Any, new: Any) -> tuple[float, float]:
        """Give how far a path moved, in standard deviations: root mean square, and the most."""
        squares, most = 0.0, 0.0
        for part in new.parts:
            moved = moves_between(old.cut(part), new.cut(part))
            squares, most = squares + float((moved**2).sum()), max(most, float(moved.max()))
        return float(np.sqrt(squares / np.prod(new.means.shape))), most


def traced(chain: LongChain, values: np.ndarray, old: LongPath | None) -> LongPath:
    """Smooth a chain; give its path, beside an old one that is still asked for."""
    side = SIDES[0] if old is None or old.name == SIDES[1] else SIDES[1]
    path = LongPath.made(chain, side)
    trace(chain, values, path.write, chain.size)
    return path


def energy_along(
    model: LongNonlinear, old: LongPath, new: LongPath, values: np.ndarray, share: float
) -> float:
    """Give minus the log posterior of a path between two others; see `nonlinear.energy`."""
    total = 0.0
    for part in model.chain.parts:
        before = min(part.start, 1)  # where the first frame comes from
        wider = slice(part.start - before, part.stop)
        path = between(old.cut(wider), new.cut(wider), share)
        total += energy(model.cut(wider), path, values, before)
    return total
