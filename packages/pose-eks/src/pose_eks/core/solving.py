"""From chains to paths: parameters, linearisation and robust weights, each until nothing moves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from pose_eks.core import compiled
from pose_eks.core.chain import Chain, Path
from pose_eks.core.climbing import Found, Search
from pose_eks.core.inference import smooth_all
from pose_eks.core.long_chain import LongNonlinear
from pose_eks.core.motion import Parameter
from pose_eks.core.nonlinear import Nonlinear, no_worse
from pose_eks.core.robust import Student, told, weights_of
from pose_eks.core.search import fit, middle
from pose_eks.core.threads import in_threads

B = TypeVar("B")
STILL = 1e-6  # of a standard deviation: a path that moves less has been found
NOTHING = 10.0  # times its lower bound: a parameter below is as good as 0
FINER = 0.2  # tolerance of the fit in each round, of that of the rounds
ROUNDS = 50  # linearisations, the most


@dataclass(frozen=True, eq=False)
class Solved:
    """A chain with all that was found about it.

    Attributes:
        chain: the chain, linearised about the path, with its weights.
        found: its parameters.
        path: its latents.
        rounds: how often path and weights were found anew.
        settled: False where the rounds were used up.
    """

    chain: Chain
    found: Found
    path: Path
    rounds: int
    settled: bool


def solve(
    models: Sequence[Chain | Nonlinear],
    groups: Sequence[int] | None = None,
    search: Search | None = None,
    ranges: Sequence[tuple[int, int]] | None = None,
    student: Student | None = None,
) -> list[Solved]:
    """Fit and smooth chains.

    Args:
        models: chains, or functions of chains' latents.
        groups: (models,), which share their parameters; see `fit`.
        search: how to fit.
        ranges: frames to fit on; see `fit`.
        student: robust weights per frame and view; None for a Gaussian likelihood.
    """
    search = search or Search()
    names = list(range(len(models))) if groups is None else list(groups)
    if not compiled.COMPILED:  # all chains go in step, so that numpy has much to do at a time
        return ended(Task(tuple(models), names, search, ranges, student))
    parts = [[i for i, own in enumerate(names) if own == name] for name in dict.fromkeys(names)]
    within = search if len(parts) == 1 else replace(search, workers=1)
    tasks = [
        Task(tuple(models[i] for i in part), [0] * len(part), within, ranges, student)
        for part in parts
    ]
    found = [one for end in in_threads(ended, tasks, workers=search.workers) for one in end]
    return [found[place] for place in np.argsort(np.concatenate(parts))]


def ended(task: "Task") -> list[Solved]:
    """Solve the chains of one group; the others' need not wait for them, nor they for those."""
    standing, rounds, settled = stood(task)
    return [solved(one, rounds, settled) for one in standing]


def stood(task: "Task") -> tuple[list["Standing"], int, bool]:
    """Give where the chains of one group end, after how many rounds, and if these were enough."""
    if not task.repeats:
        return task.paths(task.begin()), 1, True
    crop = task.cropped()
    if crop is None:
        standing, rounds, settled = task.settle(task.begin())
    else:
        known = [
            grown(one.found, whole.frames / part.frames)
            for one, whole, part in zip(
                crop.settle(crop.begin())[0], task.models, crop.models, strict=True
            )
        ]
        standing, rounds, settled = task.settle(task.begin(known), refit=False)
        standing = task.fitted(standing)
    return task.widened(task.paths(standing)), rounds, settled


def grown(found: Found, ratio: float) -> Found:
    """Give what is found of a crop as a start for so many times the frames."""
    return replace(found, curvature=ratio * found.curvature)


class Standing(NamedTuple):
    """Where one chain stands between rounds."""

    chain: Any  # a Chain, and its path a Path; in `pose_eks.core.long` LongChain and LongPath
    found: Found
    path: Any = None


def shift(parameters: Sequence[Parameter], old: Found, new: Found) -> float:
    """Give by how much the logarithm of a parameter moved, the most.

    What sinks to its lower bound, as a floor that the spread leaves no room for, stands still.
    """
    least = [NOTHING * one.scale * np.exp(one.bounds[0]) for one in parameters]
    before, after = (np.maximum(found.values, least) for found in (old, new))
    return float(np.abs(np.log(after / before)).max(initial=0.0))


def moves_between(old: Path, new: Path) -> np.ndarray:
    """Give how far a path moved, (frames, latent), in standard deviations."""
    spread = np.sqrt(np.einsum("tii->ti", new.covariances))
    return np.asarray(np.abs(new.means - old.means) / np.maximum(spread, 1e-300))


def is_nonlinear(model: Any) -> bool:
    """Say whether a model has to be linearised."""
    return isinstance(model, Nonlinear | LongNonlinear)


def solved(one: Standing, rounds: int, settled: bool) -> Solved:
    """Give the end of the rounds."""
    return Solved(one.chain, one.found, one.path, rounds, settled)


@dataclass(frozen=True, eq=False)
class Task:
    """What `solve` was asked for; see there."""

    models: tuple[Any, ...]
    groups: Sequence[int] | None
    search: Search
    ranges: Sequence[tuple[int, int]] | None
    student: Student | None

    @property
    def repeats(self) -> bool:
        """Whether one smoothing is not all."""
        return any(map(is_nonlinear, self.models)) or self.student is not None

    def cropped(self) -> "Task | None":
        """Give the same task on a crop, where that saves something."""
        frames = self.search.round_frames
        longest = max(model.frames for model in self.models)
        if self.ranges is not None or longest <= 2 * frames:
            return None
        return replace(self, models=tuple(middle(model, frames) for model in self.models))

    def begin(self, found: Sequence[Found] | None = None) -> list[Standing]:
        """Give the chains as they are, or linearised about their starts, and their parameters."""
        chains = [
            model.about(model.start) if is_nonlinear(model) else model for model in self.models
        ]
        found = found or fit(chains, self.groups, self.search, self.ranges)
        return [Standing(chain, one) for chain, one in zip(chains, found, strict=True)]

    def fitted(self, standing: Sequence[Standing]) -> list[Standing]:
        """Fit the parameters anew, from where they are."""
        chains, before = [one.chain for one in standing], [one.found for one in standing]
        search = self.search
        if self.student is not None:  # finer than the rounds are would be for nothing
            tolerance = max(search.tolerance, FINER * self.student.tolerance)
            search = replace(search, tolerance=tolerance)
        found = fit(chains, self.groups, search, self.ranges, before)
        return [one._replace(found=new) for one, new in zip(standing, found, strict=True)]

    def paths(self, standing: Sequence[Standing]) -> list[Standing]:
        """Smooth every chain; a nonlinear one goes no further than its posterior gets better."""
        items = [(one.chain, one.found.values) for one in standing]
        paths = smooth_all(items, self.search.workers)
        return self.in_threads(self.moved, self.models, standing, paths)

    def moved(self, model: Any, one: Standing, path: Any) -> Standing:
        """Go on to a new path."""
        if is_nonlinear(model):
            weighted = replace(model, chain=replace(model.chain, weights=one.chain.weights))
            path = self.shortened(weighted, one.path, path, one.found.values)
        return one._replace(path=path)

    def shortened(self, model: Any, old: Any, new: Any, values: np.ndarray) -> Any:
        """Give as much of a step as makes the posterior no smaller."""
        return no_worse(model, old, new, values)

    def renewed(self, model: Any, one: Standing) -> Standing:
        """Weigh the views by the path, and linearise about it."""
        chain = one.chain
        if is_nonlinear(model):
            chain = replace(model.about(one.path.means), weights=chain.weights)
        if self.student is not None:
            weights = self.weighed(chain, one.path, one.found.values, self.student.degrees)
            chain = replace(chain, weights=weights)
        return one._replace(chain=chain)

    def weighed(self, chain: Any, path: Any, values: np.ndarray, degrees: float) -> Any:
        """Give the views' weights for a path."""
        return weights_of(chain, path, values, degrees)

    def settle(
        self, standing: list[Standing], refit: bool = True
    ) -> tuple[list[Standing], int, bool]:
        """Alternate between paths, weights and parameters until none moves."""
        rounds = self.student.rounds if self.student else ROUNDS
        for number in range(1, rounds + 1):
            before = standing
            standing = self.in_threads(self.renewed, self.models, self.paths(standing))
            standing = self.fitted(standing) if refit else standing
            if all(map(self.still, before, standing)):
                return standing, number, True
        return standing, rounds, False

    def widened(self, standing: Sequence[Standing]) -> list[Standing]:
        """Give robust paths the covariances of weights that are guesses."""
        if self.student is None:
            return list(standing)
        degrees = self.student.degrees
        items = [
            (replace(one.chain, weights=told(one.chain, degrees)), one.found.values)
            for one in standing
        ]
        paths = smooth_all(items, self.search.workers)
        return [
            one._replace(path=replace(one.path, covariances=path.covariances))
            for one, path in zip(standing, paths, strict=True)
        ]

    def still(self, old: Standing, new: Standing) -> bool:
        """Say whether a round moved neither the parameters nor the path."""
        if old.path is None:
            return False
        width = self.student.tolerance if self.student else STILL
        if shift(new.chain.parameters, old.found, new.found) >= width:
            return False
        typical, most = self.step(old.path, new.path)
        if self.student is not None:  # a single frame may long waver between two views
            return typical < width / 3
        return most < 5 * width

    def step(self, old: Any, new: Any) -> tuple[float, float]:
        """Give how far a path moved, in standard deviations: root mean square, and the most."""
        moved = moves_between(old, new)
        return float(np.sqrt(np.mean(moved**2))), float(moved.max())

    def in_threads(self, task: Callable[..., B], *items: Sequence[Any]) -> list[B]:
        """Do a task for every item."""
        return in_threads(task, *items, workers=self.search.workers)
