"""Several views' recordings of any length, in memory for some frames at a time.

The same models and the same parameters as `pose_eks.models.multicam` and `asynchronous`, to
rounding. The chain of a point reads its rows from the views' shelves; what is found of it is laid
on a disk, to be given for all points together, some frames at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pose_eks.core.fitting import Fit
from pose_eks.core.stored import CHUNK
from pose_eks.ensemble import Consensus
from pose_eks.errors import EksError
from pose_eks.models.assembly import fit_of
from pose_eks.models.asynchronous import (
    asked_times,
    begun_on_clock,
    nothing,
    own_clocks,
    refuse_known,
    related_at_once,
)
from pose_eks.models.clock import checked_times
from pose_eks.models.long_points import (
    Clock,
    LongPoint,
    grouped,
    laid_out,
    linear_point,
    solved_in_groups,
)
from pose_eks.models.long_sights import LongSight, LongView, Screen, points_of
from pose_eks.models.multicam import begun_chain
from pose_eks.models.relation import related_in, thinned
from pose_eks.models.shelf import Shelf
from pose_eks.models.solution import Begin
from pose_eks.options import MultiCameraOptions
from pose_eks.smoothed import LongSmoothed


@dataclass(frozen=True, eq=False)
class LongViews:
    """What was found.

    Attributes:
        fit: the parameters of every point.
        shelves: the smoothed keypoints of every shelf, in the order of their first views.
        requested: the same at further times that were asked for.
    """

    fit: Fit
    shelves: list[LongSmoothed]
    requested: list[LongSmoothed] = field(default_factory=list)


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
    refuse_whole(options)
    clock = Clock(checked_times(times, views[0].shelf.frames), folder, size, done)
    few = [one.at(thinned(one.few(len(clock.times)))) for one in sights_in(views)]
    relation = related_in(few, options)

    def begin(label: str) -> Begin:
        return lambda sight, few: begun_chain(sight, label, few, options, relation)

    return smoothed_on(views, clock, begin, options, names)


def smooth_long_asynchronous(
    views: Mapping[str, LongView],
    times: Mapping[str, np.ndarray],
    folder: Path,
    options: MultiCameraOptions,
    names: Sequence[str] = (),
    at: np.ndarray | None = None,
    size: int = CHUNK // 4,
    done: Callable[[int], None] = lambda _: None,
) -> LongViews:
    """Smooth an ensemble's predictions of cameras that each have their own times.

    Args:
        views: by name, of the same points, each with a shelf of its own.
        times: of each view, (frames,), increasing.
        folder: see `smooth_long_views`, as for what follows.
        options: of the model.
        names: of the points.
        at: (times,), increasing, further times to say where the points are; None for none.
        size: times that are smoothed at a time; each gap between them has its own matrices.
        done: is told how many points more are smoothed.

    Raises:
        EksError: see `smooth_asynchronous`.
    """
    refuse_known(options)
    own = own_clocks({name: view.shelf.frames for name, view in views.items()}, times)
    clock = Clock(np.unique(np.concatenate([*own.values(), asked_times(at)])), folder, size, done)
    placed = [
        replace(view, places=np.searchsorted(clock.times, own[name]))
        for name, view in views.items()
    ]
    slowest = min(own.values(), key=len)
    each = ((one, one.few(len(clock.times))) for one in sights_in(placed))
    relation = related_at_once(
        ((one.at(few), clock.times[few]) for one, few in each), slowest, options
    )

    def begin(label: str) -> Begin:
        return lambda sight, few: begun_on_clock(sight, few, slowest, label, options, relation)

    return smoothed_on(placed, clock, begin, options, names, at)


def smoothed_on(
    views: Sequence[LongView],
    clock: Clock,
    begin: Callable[[str], Begin],
    options: MultiCameraOptions,
    names: Sequence[str],
    at: np.ndarray | None = None,
) -> LongViews:
    """Smooth every point of some views by itself.

    Args:
        views: of the same points.
        clock: their times, and those of `at`.
        begin: gives what learns the chain of a point, by its label.
        options: of the model.
        names: of the points; () for their numbers.
        at: times at which it is asked where the points are; None for none.
    """
    labels = list(names) or [f"keypoint {k}" for k in range(len(views[0].own))]
    screens = screens_of(views, clock, at)

    def make(k: int, folder: Path) -> LongPoint:
        seen = LongSight.of(views, k)
        where = [screens[id(one.shelf)] for one in seen.shown]
        return linear_point(seen, begin(labels[k]), where, clock, folder)

    there = [k for k in range(len(labels)) if any(view.has(k) for view in views)]
    groups = grouped(there, options.numbered(labels))
    fit = fit_of(solved_in_groups(make, groups, clock, options), len(labels))
    own, asked = [], []
    for shelf in shelves_of(views):
        found, first, *more = fit.chosen(points_of(shelf, views)), *screens[id(shelf)]
        own.append(laid_out(first, shelf.consensus, shelf.never, found, options))
        count = len(shelf.alone)
        asked += [laid_out(one, nobody(count), shelf.never, found, options) for one in more]
    return LongViews(fit, own, asked)


def sights_in(views: Sequence[LongView]) -> Iterator[LongSight]:
    """Give every point that some view sees."""
    for k in range(len(views[0].own)):
        if any(view.has(k) for view in views):
            yield LongSight.of(views, k)


def shelves_of(views: Sequence[LongView]) -> list[Shelf]:
    """Give every shelf once."""
    return list({id(view.shelf): view.shelf for view in views}.values())


def screens_of(
    views: Sequence[LongView], clock: Clock, at: np.ndarray | None = None
) -> dict[int, list[Screen]]:
    """Make a screen for every shelf, by its `id`, and one more for times that are asked for."""
    times = len(clock.times)
    screens: dict[int, list[Screen]] = {}
    for view in views:
        count, number = len(view.shelf.alone), len(screens)
        if id(view.shelf) in screens:
            continue
        name = clock.folder / f"{number}.shown"
        screens[id(view.shelf)] = [Screen.made(name, count, times, view.places)]
        if at is not None:
            name = clock.folder / f"{number}.asked"
            places = np.searchsorted(clock.times, at)
            screens[id(view.shelf)].append(Screen.made(name, count, times, places))
    return screens


def nobody(keypoints: int) -> Callable[[slice], Consensus]:
    """Give what is said of times at which nobody films."""
    return lambda part: nothing(part.stop - part.start, keypoints)


def refuse_whole(options: MultiCameraOptions) -> None:
    """Refuse what needs all frames at once.

    Raises:
        EksError: naming it.
    """
    if options.inflate or options.compat is not None:
        raise EksError(
            "inflate, compat: need all frames at once; leave them out, or raise --chunk above the "
            "number of frames"
        )
