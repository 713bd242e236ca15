"""Pupils and whole poses in recordings of any length, in memory for some frames at a time.

The same models and the same parameters as `pose_eks.models.pupil` and `pose_pca`, to rounding: one
chain, of which all keypoints of a shelf are rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.core.chain import Path as Track
from pose_eks.core.long import LongSolved
from pose_eks.core.stored import CHUNK, Stored
from pose_eks.errors import EksError
from pose_eks.models.assembly import shared_fit
from pose_eks.models.clock import checked_times
from pose_eks.models.long_points import (
    Clock,
    LongPoint,
    Show,
    laid_out,
    linear_point,
    solved_in_groups,
)
from pose_eks.models.long_sights import LongSight, Screen
from pose_eks.models.pose_pca import begun_pose, diagnosed
from pose_eks.models.pupil import SIGNALS, begun_pupil, sides_of, signals_of
from pose_eks.models.shelf import Shelf
from pose_eks.models.sights import Sight
from pose_eks.models.solution import Begin
from pose_eks.options import ObservationOptions, PosePcaOptions, PupilOptions
from pose_eks.smoothed import LongSmoothed, Smoothed


def smooth_long_pose(
    shelf: Shelf,
    folder: Path,
    options: PosePcaOptions,
    times: np.ndarray | None = None,
    size: int = CHUNK,
) -> LongSmoothed:
    """Smooth whole poses, however many frames there are; see `smooth_pose`.

    Args:
        shelf: what the members say.
        folder: for arrays, some 150 bytes per frame and keypoint; its user removes it.
        options: of the model.
        times: (frames,), increasing; None for frames 0, 1, 2, ...
        size: frames that are smoothed at a time.

    Raises:
        EksError: as `smooth_pose`.
    """
    clock = Clock(checked_times(times, shelf.frames), folder, size)
    found = together(shelf, lambda sight, few: begun_pose(sight, few, options), clock, options)
    return replace(found, chunks=lambda: map(diagnosed, found.chunks()))


def smooth_long_pupil(
    shelf: Shelf,
    names: Sequence[str],
    folder: Path,
    options: PupilOptions,
    times: np.ndarray | None = None,
    size: int = CHUNK,
) -> LongSmoothed:
    """Smooth the four points around a pupil, however many frames there are; see `smooth_pupil`.

    Args:
        shelf: what the members say.
        names: of its keypoints.
        folder: for arrays, some 200 bytes per frame and keypoint; its user removes it.
        options: of the model; those that need all frames at once are refused.
        times: (frames,), increasing; None for frames 0, 1, 2, ...
        size: frames that are smoothed at a time.

    Raises:
        EksError: for options that need all frames at once, or as `smooth_pupil`.
    """
    sides = sides_of(names)
    if options.compat is not None:
        raise EksError(
            "compat: needs all frames at once; leave it out, or raise --chunk above the number of "
            "frames"
        )
    seen = [side for side, never in zip(sides, shelf.never, strict=True) if not never]
    clock = Clock(checked_times(times, shelf.frames), folder, size)
    signals = Stored.made(folder / "signals", float, (shelf.frames, len(SIGNALS)))

    def keep(_: LongSolved, part: slice, path: Track) -> None:
        signals[part] = np.stack(list(signals_of(path).values()), axis=1)

    def begin(sight: Sight, few: np.ndarray) -> tuple[Sight, Chain]:
        return begun_pupil(sight, seen, few, options)

    found = together(shelf, begin, clock, options, keep)

    def chunks() -> Iterator[Smoothed]:
        start = 0
        for one in found.chunks():
            own = signals[start : start + len(one.keypoints)]
            yield replace(one, signals=dict(zip(SIGNALS, own.T, strict=True)))
            start += len(own)

    return replace(found, chunks=chunks)


def together(
    shelf: Shelf,
    begin: Begin,
    clock: Clock,
    options: ObservationOptions,
    also: Show = lambda *_: None,
) -> LongSmoothed:
    """Smooth a shelf's keypoints as the rows of one chain.

    Args:
        shelf: what the members say.
        begin: learns the chain.
        clock: the times.
        options: of the model.
        also: is told the path too.
    """
    screen = Screen.made(clock.folder / "shown", len(shelf.alone), len(clock.times))
    seen = LongSight.joined(shelf)

    def make(_: int, folder: Path) -> LongPoint:
        point = linear_point(seen, begin, [[screen]] * len(seen.shown), clock, folder)

        def show(solved: LongSolved, part: slice, path: Track) -> None:
            point.show(solved, part, path)
            also(solved, part, path)

        return replace(point, show=show)

    solved = solved_in_groups(make, [[0]], clock, options)[0]
    fit = shared_fit(solved, len(shelf.alone))
    return laid_out(screen, shelf.consensus, shelf.never, fit, options)
