"""Models of long recordings: points that are solved some frames at a time, and laid out.

A model says what its chain is like, from the few times that it is learned from, and nothing else
has to be written for it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pose_eks.core.chain import Path as Track
from pose_eks.core.climbing import Search
from pose_eks.core.fitting import Fit
from pose_eks.core.long import LongSolved, solve_long
from pose_eks.core.long_chain import LongChain, LongNonlinear
from pose_eks.core.stored import CHUNK, chunks_of
from pose_eks.core.threads import in_threads
from pose_eks.ensemble import Consensus
from pose_eks.models.assembly import shown, smoothed_of
from pose_eks.models.long_sights import LongSight, Screen
from pose_eks.models.sights import Sight
from pose_eks.models.solution import Begin, student_of
from pose_eks.options import ObservationOptions
from pose_eks.smoothed import LongSmoothed, Smoothed

GIVEN = 4096
"""Frames of a result that are given at a time."""

Show = Callable[[LongSolved, slice, Track], None]
"""Lays out what is shown of a path at some times."""


@dataclass(frozen=True, eq=False)
class Clock:
    """The times of a recording, and how it is smoothed.

    Attributes:
        times: (times,), increasing.
        folder: for arrays; its user removes it.
        size: frames that are smoothed at a time.
        done: is told how many points more are smoothed.
    """

    times: np.ndarray
    folder: Path
    size: int = CHUNK
    done: Callable[[int], None] = lambda _: None

    @property
    def gaps(self) -> np.ndarray:
        """(times,), since the time before."""
        return np.diff(self.times, prepend=self.times[:1])


@dataclass(frozen=True, eq=False)
class LongPoint:
    """What is smoothed by itself: a model, and what is done with its path."""

    model: LongChain | LongNonlinear
    show: Show


def solved_in_groups(
    make: Callable[[int, Path], LongPoint],
    groups: Sequence[Sequence[int]],
    clock: Clock,
    options: ObservationOptions,
) -> dict[int, LongSolved]:
    """Solve points by their numbers, those of one group with the same parameters.

    Args:
        make: makes a point, of a number, with a folder for its arrays.
        groups: numbers.
        clock: the times.
        options: of the model.
    """
    search = Search(tolerance=options.tolerance, passes=options.passes, workers=1)
    ranges = options.ranges(len(clock.times))

    def solve_group(numbers: Sequence[int]) -> dict[int, LongSolved]:
        with TemporaryDirectory(dir=clock.folder) as room:
            own = [Path(room) / str(number) for number in numbers]
            for folder in own:
                folder.mkdir()
            points = [make(*each) for each in zip(numbers, own, strict=True)]
            models = [point.model for point in points]
            solved = solve_long(models, search, ranges, student_of(options))
            for point, one in zip(points, solved, strict=True):
                one.follow(partial(point.show, one))
                clock.done(1)
        return dict(zip(numbers, solved, strict=True))

    found = in_threads(solve_group, groups, workers=None)
    return {k: one for group in found for k, one in group.items()}


def chain_of_sight(
    seen: LongSight, begin: Begin, clock: Clock, folder: Path
) -> tuple[Sight, LongChain]:
    """Learn the chain of what is seen; give what it was learned from about the chain's mean."""
    few = seen.few(len(clock.times))
    sight = seen.at(few)
    begun, chain = begin(sight, clock.times[few])
    moved = sight.offset - begun.offset

    def read(part: slice) -> tuple[np.ndarray, np.ndarray]:
        observed, spread = seen.rows(part)
        return observed + moved, spread

    return begun, LongChain(chain.cut(slice(0, 0)), clock.gaps, read, folder, clock.size)


def linear_point(
    seen: LongSight,
    begin: Begin,
    screens: Sequence[Sequence[Screen]],
    clock: Clock,
    folder: Path,
) -> LongPoint:
    """Make a point whose rows are linear images of its position.

    Args:
        seen: what views show of it.
        begin: learns its chain.
        screens: of every view that sees it.
        clock: the times.
        folder: for its arrays.
    """
    begun, chain = chain_of_sight(seen, begin, clock, folder)
    usual = seen.gathered("usual")

    def show(solved: LongSolved, part: slice, path: Track) -> None:
        rows = shown(begun.offset, solved.chain.cut(part), path, solved.found.values, usual)
        for place, (one, where) in enumerate(zip(seen.shown, screens, strict=True)):
            for screen in where:
                screen.write(one.k, part, rows[:, :, 2 * place : 2 * place + 2])

    return LongPoint(chain, show)


def laid_out(
    screen: Screen,
    consensus: Callable[[slice], Consensus],
    never: np.ndarray,
    fit: Fit,
    options: ObservationOptions,
) -> LongSmoothed:
    """Give what was laid out on a screen.

    Args:
        screen: with all points.
        consensus: what members say in some frames.
        never: (keypoints,), True for one that was not laid out.
        fit: the parameters.
        options: of the model.
    """

    def chunks() -> Iterator[Smoothed]:
        for part in chunks_of(screen.frames, GIVEN):
            values = screen.read(part)
            values[:, :, never] = np.nan
            yield smoothed_of(values, consensus(part), fit, options)

    return LongSmoothed(fit, screen.frames, chunks)


def grouped(there: Sequence[int], numbers: Sequence[int]) -> list[list[int]]:
    """Give the points of each group, of those that are there."""
    groups: dict[int, list[int]] = {}
    for point in there:
        groups.setdefault(numbers[point], []).append(point)
    return list(groups.values())
