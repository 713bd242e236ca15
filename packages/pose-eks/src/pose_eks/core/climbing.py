"""A bounded search for the maximum of a likelihood whose gradient is known.

BFGS on the logarithms of the parameters, as a generator: it asks for evaluations and is sent them,
so that many searches can run side by side and be evaluated together.

Source: Nocedal & Wright 2006, sections 6.1 (BFGS) and 18.3 (the damped update).
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pose_eks.core.motion import Parameter
from pose_eks.errors import EksError

FURTHEST = 2.0  # logarithms, the most of one step
LEAST_GAIN = 1e-9  # nats: where less is to be won, the search ends
WIDTH = 0.05  # logarithms, for the first curvature by differences
ROUGH = {"grid": 0.05, "crop": 0.01}  # tolerances of the stretches before the last


@dataclass(frozen=True)
class Search:
    """How to search.

    Attributes:
        tolerance: the search ends when no logarithm would move by more.
        passes: the most evaluations over all frames.
        grid_frames: length of the stretch for the grid, for recordings twice as long.
        crop_frames: length of the stretch for most of the search, for recordings twice as long.
        round_frames: length of the stretch for the rounds of robust and nonlinear chains, for
            recordings twice as long.
        workers: threads; None for one per processor.
    """

    tolerance: float = 1e-4
    passes: int = 100
    grid_frames: int = 2000
    crop_frames: int = 20_000
    round_frames: int = 4000
    workers: int | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """The parameters of a chain.

    Attributes:
        names: of the parameters.
        values: (parameters,), as `Chain.parameters` orders them.
        log_likelihood: of all that the fit saw of the chain's group, in nats.
        passes: evaluations over all frames.
        converged: False where the passes were used up.
        curvature: (free, free), minus the likelihood's second derivative in the logarithms of the
            parameters that were fitted, about; its inverse is their covariance.
    """

    names: tuple[str, ...]
    values: np.ndarray
    log_likelihood: float
    passes: int
    converged: bool
    curvature: np.ndarray

    def __getitem__(self, name: str) -> float:
        """Give a value by its name."""
        return float(self.values[self.names.index(name)])


class Slope(NamedTuple):
    """A log-likelihood in nats, and its gradient in the logarithms of all parameters."""

    value: float
    gradient: np.ndarray


Climb = Generator[tuple[str, np.ndarray], Slope, Found]
"""Asks for a stretch and values, is sent the likelihood there, returns what it found."""


@dataclass(frozen=True, eq=False)
class Box:
    """Where the free parameters may be, in logarithms, and the values of the others."""

    parameters: tuple[Parameter, ...]
    free: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @staticmethod
    def of(parameters: Sequence[Parameter]) -> "Box":
        """Give the box of parameters."""
        free = np.array([one.given is None for one in parameters], dtype=bool)
        sides = np.array([np.log(p.scale) + p.bounds for p in parameters if p.given is None])
        low, high = sides.reshape(-1, 2).T
        return Box(tuple(parameters), free, low, high)

    def values(self, logs: np.ndarray) -> np.ndarray:
        """Give all parameters from the logarithms of the free ones."""
        full = np.array([one.given or 0.0 for one in self.parameters])
        full[self.free] = np.exp(logs)
        return full

    def grid(self) -> list[np.ndarray]:
        """Give logarithms to try first: the motion's and the floors' parameters in step."""
        loose = [one for one in self.parameters if one.given is None]
        kinds = {one.grid: len(one.grid) for one in loose}
        choices = [dict(zip(kinds, which, strict=True)) for which in np.ndindex(*kinds.values())]
        return [
            np.array([np.log(one.scale) + one.grid[choice[one.grid]] for one in loose])
            for choice in choices
        ]


@dataclass(frozen=True, eq=False)
class Place:
    """A point of the search.

    Attributes:
        logs: (free,), logarithms of the free parameters.
        value: the log-likelihood.
        gradient: (free,).
        curvature: (free, free), positive definite, about minus the likelihood's second derivative.
        passes: evaluations so far on this stretch.
        done: whether it is the maximum.
    """

    logs: np.ndarray
    value: float
    gradient: np.ndarray
    curvature: np.ndarray
    passes: int = 1
    done: bool = False


def climb(
    parameters: Sequence[Parameter],
    stretches: Mapping[str, int],
    search: Search,
    start: Found | None = None,
) -> Climb:
    """Find the best parameters, on one stretch after the other.

    Args:
        parameters: of the group.
        stretches: their names and numbers of frames, the shortest first, "all" at the end.
        search: how.
        start: what was found for much the same data: with it the search begins on the last
            stretch, without a grid.
    """
    box = Box.of(parameters)
    names = tuple(one.name for one in parameters)
    first, *later = stretches if start is None else list(stretches)[-1:]
    if start is None:
        here = yield from best_of_grid(box, first)
    else:
        slope = yield first, start.values
        logs = np.log(start.values[box.free])
        here = Place(logs, slope.value, slope.gradient[box.free], start.curvature)
    here = yield from ascend(box, first, here, ROUGH.get(first, search.tolerance), search.passes)
    for before, stretch in pairwise((first, *later)):
        ratio = stretches[stretch] / stretches[before]
        slope = yield stretch, box.values(here.logs)
        here = Place(here.logs, slope.value, slope.gradient[box.free], ratio * here.curvature)
        tolerance = ROUGH.get(stretch, search.tolerance)
        here = yield from ascend(box, stretch, here, tolerance, search.passes)
    values = box.values(here.logs)
    return Found(names, values, here.value, here.passes, here.done, here.curvature)


def best_of_grid(box: Box, stretch: str) -> Generator[tuple[str, np.ndarray], Slope, Place]:
    """Give the best of a coarse grid, with the curvature there by differences.

    Raises:
        EksError: if the likelihood is finite nowhere.
    """
    best, tried = None, 0
    for logs in box.grid():
        slope = yield stretch, box.values(logs)
        tried += 1
        if best is None or slope.value > best.value or np.isnan(best.value):
            best = Place(logs, slope.value, slope.gradient[box.free], np.empty((0, 0)))
    if best is None or not np.isfinite(best.value):
        names = ", ".join(one.name for one in box.parameters)
        value = "nan" if best is None else f"{best.value:g}"
        raise EksError(
            f"fit of {names}: the log-likelihood is {value}; look for infinite or absurd "
            "observations, times or parameters"
        )
    rows = []
    for unit in np.eye(len(best.logs)):
        slope = yield stretch, box.values(best.logs + WIDTH * unit)
        rows.append((best.gradient - slope.gradient[box.free]) / WIDTH)
    curvature = positive(np.array(rows).reshape(len(rows), len(rows)))
    return replace(best, curvature=curvature, passes=tried + len(rows))


def positive(matrix: np.ndarray) -> np.ndarray:
    """Give a matrix with the same axes whose eigenvalues are positive."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    least = max(1e-3 * np.abs(values).max(initial=0.0), 1e-6)
    return (vectors * np.maximum(np.abs(values), least)) @ vectors.T


def ascend(
    box: Box, stretch: str, here: Place, tolerance: float, passes: int
) -> Generator[tuple[str, np.ndarray], Slope, Place]:
    """Go up from a place until no step is worth it, or the passes are used up."""
    reach = FURTHEST
    while True:
        step = newton(box, here, reach)
        gain = 0.5 * float(step @ here.gradient)
        if np.abs(step).max(initial=0.0) < tolerance or gain < LEAST_GAIN:
            return replace(here, done=True)
        if here.passes >= passes:
            return here
        logs = here.logs + step
        slope = yield stretch, box.values(logs)
        there = Place(logs, slope.value, slope.gradient[box.free], here.curvature, here.passes + 1)
        better = slope.value >= here.value + 0.2 * gain - 1e-12 * abs(here.value)
        reach = min(FURTHEST, 2 * reach) if better else 0.3 * float(np.abs(step).max())
        if np.isfinite(slope.value) and np.isfinite(slope.gradient).all():
            there = replace(there, curvature=updated(here, there))
        here = there if better else replace(here, curvature=there.curvature, passes=there.passes)


def newton(box: Box, here: Place, reach: float) -> np.ndarray:
    """Give the step to the maximum of the quadratic, inside the box and within reach."""
    stuck = ((here.logs <= box.low) & (here.gradient < 0)) | (
        (here.logs >= box.high) & (here.gradient > 0)
    )
    loose = np.flatnonzero(~stuck)
    step = np.zeros(len(here.logs))
    step[loose] = np.linalg.solve(here.curvature[np.ix_(loose, loose)], here.gradient[loose])
    step *= min(1.0, reach / max(np.abs(step).max(initial=0.0), 1e-300))
    return np.clip(here.logs + step, box.low, box.high) - here.logs


def updated(here: Place, there: Place) -> np.ndarray:
    """Give the curvature after a step (BFGS), damped so that it stays positive definite."""
    s, y = there.logs - here.logs, here.gradient - there.gradient
    B = here.curvature
    Bs = B @ s
    bend, seen = float(s @ Bs), float(s @ y)
    if seen < 0.2 * bend:
        share = 0.8 * bend / (bend - seen)
        y = share * y + (1 - share) * Bs
        seen = float(s @ y)
    return B + np.outer(y, y) / seen - np.outer(Bs, Bs) / bend
