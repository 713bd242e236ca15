"""From what views show to solved points, as the options say: what models have in common."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.core.climbing import Search
from pose_eks.core.nonlinear import Nonlinear
from pose_eks.core.robust import Student
from pose_eks.core.solving import Solved, solve
from pose_eks.models.assembly import Point
from pose_eks.models.sights import Sight
from pose_eks.options import ObservationOptions, SmoothingOptions

Make = Callable[[Sight, str], tuple[Sight, Chain]]
"""Makes the chain of a point from what views show of it and its label; may move its offset."""

Begin = Callable[[Sight, np.ndarray], tuple[Sight, Chain]]
"""Learns the chain of a point from what views show of it at some times; may move its offset."""


def learned_chain(sight: Sight, times: np.ndarray, begin: Begin) -> tuple[Sight, Chain]:
    """Learn a chain from a few of the times; give the point about its mean, and its chain."""
    few = sight.few()
    begun, chain = begin(sight.at(few), times[few])
    sight = sight.about(begun.offset)
    gaps = np.diff(times, prepend=times[:1])
    return sight, replace(chain, observed=sight.observed, spread=sight.spread, gaps=gaps)


def solve_as(
    models: Sequence[Chain | Nonlinear],
    frames: int,
    options: ObservationOptions,
    groups: Sequence[int] | None = None,
) -> list[Solved]:
    """Fit and smooth models of so many frames as options say; see `solve`.

    Raises:
        EksError: if a range of frames to fit on goes beyond the end.
    """
    search = Search(tolerance=options.tolerance, passes=options.passes)
    return solve(models, groups, search, options.ranges(frames), student_of(options))


def student_of(options: ObservationOptions) -> Student | None:
    """Say how heavy the tails are; None for a Gaussian likelihood."""
    return Student(options.degrees) if options.likelihood == "student" else None


def solved_points(
    there: Sequence[tuple[int, Sight]],
    labels: Sequence[str],
    frames: int,
    make: Make,
    options: SmoothingOptions,
) -> list[Point]:
    """Make and solve the chains of keypoints, each by itself.

    Args:
        there: keypoints that some view sees, with their numbers.
        labels: of the keypoints.
        frames: of the common clock.
        make: makes a chain.
        options: of the model.

    Raises:
        EksError: if a group has a keypoint that is not there, or what `make` raises.
    """
    made = [make(sight, labels[k]) for k, sight in there]
    groups = options.numbered(labels)
    solved = solve_as([chain for _, chain in made], frames, options, [groups[k] for k, _ in there])
    return [
        Point(k, sight, one) for (k, _), (sight, _), one in zip(there, made, solved, strict=True)
    ]
