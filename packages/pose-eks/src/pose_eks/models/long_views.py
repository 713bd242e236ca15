"""Several views' recordings of any length, in memory for some frames at a time.

The same model and the same parameters as `pose_eks.models.multicam`, to rounding. The chain of a
point reads its rows from the views' shelves; what is found of it is laid on a disk, to be given for
all points together, some frames at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pose_eks.core.chain import Path as Track
from pose_eks.core.climbing import Search
from pose_eks.core.fitting import Fit
from pose_eks.core.long import LongSolved, solve_long
from pose_eks.core.stored import CHUNK, LongChain, Stored, chunks_of
from pose_eks.core.threads import in_threads
from pose_eks.errors import EksError
from pose_eks.models.assembly import SHOWN, fit_of, shown, smoothed_of
from pose_eks.models.clock import checked_times
from pose_eks.models.multicam import begun_chain
from pose_eks.models.shelf import Shelf
from pose_eks.models.sights import Sight, few_of
from pose_eks.models.solution import student_of
from pose_eks.options import MultiCameraOptions
from pose_eks.smoothed import LongSmoothed, Smoothed

GIVEN = 4096
"""Frames of a result that are given at a time."""


@dataclass(frozen=True, eq=False)
class LongView:
    """One view of a long recording.

    Attributes:
        shelf: what its members say.
        own: (points,), which of the shelf's keypoints shows a point; -1 for none.
    """

    shelf: Shelf
    own: np.ndarray

    def has(self, point: int) -> bool:
        """Say whether it ever sees a point."""
        return self.own[point] >= 0 and not self.shelf.never[self.own[point]]


@dataclass(frozen=True, eq=False)
class LongSight:
    """What views show of one point; see `pose_eks.models.sights.Sight`.

    Attributes:
        shelves: of each view that sees it: its number, its shelf, the keypoint there.
    """

    shelves: tuple[tuple[int, Shelf, int], ...]

    def gathered(self, name: str) -> np.ndarray:
        """Give what shelves say of the keypoint, (rows,)."""
        each = [np.broadcast_to(getattr(one, name)[k], 2) for _, one, k in self.shelves]
        return np.concatenate(each)

    def rows(self, part: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read some frames: what is observed, without the mean, and its spread, (frames, rows)."""
        observed, spread = (
            [getattr(one, name)[2 * k : 2 * k + 2, part] for _, one, k in self.shelves]
            for name in ("center", "spread")
        )
        return tuple(np.ascontiguousarray(np.concatenate(a).T) for a in (observed, spread))  # type: ignore[return-value]

    def sight(self) -> tuple[np.ndarray, Sight]:
        """Give the frames to learn from, and what they show."""
        seen = np.any([one.count[k] > 0 for _, one, k in self.shelves], axis=0)
        few = few_of(seen)
        views = np.repeat([number for number, _, _ in self.shelves], 2)
        offset, alone = self.gathered("offset"), self.gathered("alone")
        return few, Sight(*self.rows(few), offset, views, alone)


@dataclass(frozen=True, eq=False)
class LongPoint:
    """One point: what views show of it, the mean that its chain is without, and the chain."""

    seen: LongSight
    offset: np.ndarray
    chain: LongChain


@dataclass(frozen=True, eq=False)
class LongViews:
    """What was found.

    Attributes:
        fit: the parameters of every point.
        shelves: the smoothed keypoints of every shelf, in the order of their first views.
    """

    fit: Fit
    shelves: list[LongSmoothed]


def smooth_long_views(
    views: Sequence[LongView],
    folder: Path,
    options: MultiCameraOptions,
    times: np.ndarray | None = None,
    names: Sequence[str] = (),
    size: int = CHUNK,
    done: Callable[[int], None] = lambda _: None,
) -> LongViews:
    """Smooth an ensemble's predictions of several synchronous views, however many frames there are.

    Args:
        views: all have the same frames and points; mirrored ones share a shelf.
        folder: for arrays, some 150 bytes per frame, keypoint and view; its user removes it.
        options: of the model; those that need all frames at once are refused.
        times: (frames,), increasing; None for frames 0, 1, 2, ...
        names: of the points, for errors.
        size: frames that are smoothed at a time.
        done: is told how many points more are smoothed.

    Raises:
        EksError: for options that need all frames at once, or what `smooth_views` raises.
    """
    if options.inflate or options.compat is not None:
        raise EksError(
            "inflate, compat: need all frames at once; leave them out, or raise --chunk above the "
            "number of frames"
        )
    points, frames = len(views[0].own), views[0].shelf.frames
    labels = list(names) or [f"keypoint {k}" for k in range(points)]
    times = checked_times(times, frames)
    gaps = np.diff(times, prepend=times[:1])
    shelves = list({id(view.shelf): view.shelf for view in views}.values())
    rooms = {
        id(shelf): Stored.made(folder / f"{n}.shown", float, (len(shelf.alone), 2, SHOWN, frames))
        for n, shelf in enumerate(shelves)
    }

    def solve_group(numbers: Sequence[int]) -> dict[int, LongSolved]:
        made = [long_point(views, k, labels[k], times, gaps, options) for k in numbers]
        with TemporaryDirectory(dir=folder) as own:
            solved = solved_together([one.chain for one in made], Path(own), options, size)
            for point, one in zip(made, solved, strict=True):
                lay_out(point, one, rooms, Path(own), size)
                done(1)
        return dict(zip(numbers, solved, strict=True))

    groups = grouped(views, options.numbered(labels))
    solved = in_threads(solve_group, groups, workers=None)
    fit = fit_of({k: one for group in solved for k, one in group.items()}, points)
    each = [
        given(shelf, rooms[id(shelf)], fit.chosen(points_of(shelf, views)), options)
        for shelf in shelves
    ]
    return LongViews(fit, each)


def grouped(views: Sequence[LongView], numbers: Sequence[int]) -> list[list[int]]:
    """Give the points of each group, of those that some view has."""
    groups: dict[int, list[int]] = {}
    for point, group in enumerate(numbers):
        if any(view.has(point) for view in views):
            groups.setdefault(group, []).append(point)
    return list(groups.values())


def points_of(shelf: Shelf, views: Sequence[LongView]) -> np.ndarray:
    """Give the point that each of a shelf's keypoints shows."""
    points = np.zeros(len(shelf.alone), int)
    for view in views:
        if view.shelf is shelf:
            there = view.own >= 0
            points[view.own[there]] = np.flatnonzero(there)
    return points


def long_point(
    views: Sequence[LongView],
    k: int,
    label: str,
    times: np.ndarray,
    gaps: np.ndarray,
    options: MultiCameraOptions,
) -> LongPoint:
    """Learn how the views of a point relate, and make its chain."""
    seen = LongSight(tuple((n, v.shelf, int(v.own[k])) for n, v in enumerate(views) if v.has(k)))
    few, sight = seen.sight()
    begun, chain = begun_chain(sight, label, times[few], options)
    moved = sight.offset - begun.offset

    def read(part: slice) -> tuple[np.ndarray, np.ndarray]:
        observed, spread = seen.rows(part)
        return observed + moved, spread

    return LongPoint(seen, begun.offset, LongChain(chain.cut(slice(0, 0)), gaps, read))


def solved_together(
    chains: Sequence[LongChain], folder: Path, options: MultiCameraOptions, size: int
) -> list[LongSolved]:
    """Solve the chains of one group."""
    search = Search(tolerance=options.tolerance, passes=options.passes, workers=1)
    ranges = options.ranges(chains[0].frames)
    return solve_long(chains, search, ranges, student_of(options), folder, size)


def lay_out(
    point: LongPoint, solved: LongSolved, rooms: Mapping[int, Stored], folder: Path, size: int
) -> None:
    """Write what every view shows of a point."""
    usual, values = point.seen.gathered("usual"), solved.found.values

    def take(part: slice, path: Track) -> None:
        rows = shown(point.offset, solved.chain.cut(part), path, values, usual)
        for place, (_, shelf, k) in enumerate(point.seen.shelves):
            own = rows[:, :, 2 * place : 2 * place + 2]
            rooms[id(shelf)][k, :, :, part] = own.transpose(2, 0, 1)

    solved.follow(take, folder, size)


def given(shelf: Shelf, room: Stored, fit: Fit, options: MultiCameraOptions) -> LongSmoothed:
    """Give what a shelf's keypoints were smoothed to."""

    def chunks() -> Iterator[Smoothed]:
        for part in chunks_of(shelf.frames, GIVEN):
            values = room[:, :, :, part].transpose(2, 3, 0, 1)
            values[:, :, shelf.never] = np.nan
            yield smoothed_of(values, shelf.consensus(part), fit, options)

    return LongSmoothed(fit, shelf.frames, chunks)
