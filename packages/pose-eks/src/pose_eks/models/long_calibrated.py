"""Calibrated cameras' recordings of any length, in memory for some frames at a time.

The same model and the same parameters as `pose_eks.models.calibrated`, to rounding. Points are
triangulated part by part first, and then each is solved by itself, which needs its triangulated
path, 24 bytes per frame, in memory for a moment.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from pose_eks.cameras.rig import Rig
from pose_eks.core.chain import Path as Track
from pose_eks.core.fitting import Fit
from pose_eks.core.long import LongSolved
from pose_eks.core.long_chain import LongChain, LongNonlinear
from pose_eks.core.stored import CHUNK, Stored, chunks_of
from pose_eks.errors import EksError
from pose_eks.models.assembly import SHOWN, fit_of, shown
from pose_eks.models.calibrated import begun_in_world, observer, reprojected
from pose_eks.models.clock import checked_times
from pose_eks.models.long_points import (
    GIVEN,
    Clock,
    LongPoint,
    grouped,
    laid_out,
    solved_in_groups,
)
from pose_eks.models.long_sights import LongSight, LongView, Screen, points_of
from pose_eks.models.placing import (
    Scene,
    in_scene,
    interpolated,
    on_rays,
    placed,
    scene_of,
    scene_rows,
    usual_of,
)
from pose_eks.models.shelf import ROWS
from pose_eks.models.sights import few_of
from pose_eks.options import CalibratedOptions
from pose_eks.smoothed import LongSmoothed

UPPER = np.triu_indices(3)


@dataclass(frozen=True, eq=False)
class LongPositions:
    """Points in space, of which some frames at a time are in memory.

    Attributes:
        room: (keypoints, frames, 9): x, y, z and the covariances xx, xy, xz, yy, yz, zz.
        never: (keypoints,), True for one that nobody ever sees.
    """

    room: Stored
    never: np.ndarray

    def chunks(self) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Give frames, positions (frames, keypoints, 3) and covariances (..., 6) of these."""
        for part in chunks_of(self.room.shape[1], GIVEN):
            values = self.room[:, part].swapaxes(0, 1)
            values[:, self.never] = np.nan
            yield part, values[..., :3], values[..., 3:]


@dataclass(frozen=True, eq=False)
class LongCalibrated:
    """What was found.

    Attributes:
        fit: the parameters of every point.
        views: the smoothed keypoints of every camera.
        positions: of the points in space.
    """

    fit: Fit
    views: list[LongSmoothed]
    positions: LongPositions


def smooth_long_calibrated(
    rig: Rig,
    views: Mapping[str, LongView],
    folder: Path,
    options: CalibratedOptions,
    times: np.ndarray | None = None,
    names: Sequence[str] = (),
    size: int = CHUNK,
    done: Callable[[int], None] = lambda _: None,
) -> LongCalibrated:
    """Smooth an ensemble's predictions of calibrated cameras, however many frames there are.

    Args:
        rig: the cameras; may hold more than are given here.
        views: by the camera's name; all have the same frames and points.
        folder: for arrays, some 250 bytes per frame, keypoint and camera; its user removes it.
        options: of the model; those that need all frames at once are refused.
        times: (frames,), increasing; None for frames 0, 1, 2, ...
        names: of the points, for `options.groups`.
        size: frames that are smoothed at a time.
        done: is told how many points more are smoothed.

    Raises:
        EksError: for options that need all frames at once, or what `smooth_calibrated` raises.
    """
    if options.limbs or options.compat is not None:
        raise EksError(
            "limbs, compat: need all frames at once; leave them out, or raise --chunk above the "
            "number of frames"
        )
    each, rig = list(views.values()), rig.choose(list(views))
    points, frames = len(each[0].own), each[0].shelf.frames
    clock = Clock(checked_times(times, frames), folder, size, done)
    labels = list(names) or [f"keypoint {k}" for k in range(points)]
    scene = LongScene.of(rig, each, clock, options)
    screens = [
        Screen.made(folder / f"{n}.shown", len(view.shelf.alone), frames)
        for n, view in enumerate(each)
    ]
    space = Stored.made(folder / "space", float, (points, frames, 3 + len(UPPER[0])))

    def make(k: int, own: Path) -> LongPoint:
        def show(solved: LongSolved, part: slice, path: Track) -> None:
            pictures = scene.pictured(k, solved, part, path)
            for view, screen, values in zip(each, screens, pictures, strict=True):
                if view.own[k] >= 0:
                    screen.write(int(view.own[k]), part, values[:, :, 0])
            covariances = path.covariances[:, UPPER[0], UPPER[1]]
            space[k, part] = np.concatenate([path.means, covariances], axis=1)

        return LongPoint(scene.model(k, own), show)

    there = [k for k in range(points) if any(view.has(k) for view in each)]
    solved = solved_in_groups(make, grouped(there, options.numbered(labels)), clock, options)
    fit, never = fit_of(solved, points), ~np.isin(np.arange(points), there)
    found = []
    for view, screen in zip(each, screens, strict=True):
        own = points_of(view.shelf, each)
        consensus = view.shelf.consensus
        found.append(laid_out(screen, consensus, never[own], fit.chosen(own), options))
    return LongCalibrated(fit, found, LongPositions(space, never))


@dataclass(frozen=True, eq=False)
class LongScene:
    """Where the points of a recording roughly are.

    Attributes:
        rig: the cameras.
        views: what each shows.
        clock: their times.
        options: of the model.
        few: frames to learn from.
        points: (keypoints, frames, 3), triangulated; NaN where unknown.
        trust: (keypoints, frames, cameras), robust weights.
    """

    rig: Rig
    views: Sequence[LongView]
    clock: Clock
    options: CalibratedOptions
    few: np.ndarray
    points: Stored
    trust: Stored

    @staticmethod
    def of(
        rig: Rig, views: Sequence[LongView], clock: Clock, options: CalibratedOptions
    ) -> "LongScene":
        """Triangulate all that is seen."""
        points, frames = len(views[0].own), len(clock.times)
        places = Stored.made(clock.folder / "points", float, (points, frames, 3))
        trust = Stored.made(clock.folder / "trust", float, (points, frames, len(views)))
        lost = np.all([lost_in(views, k, frames) for k in range(points)], axis=0)
        few = few_of(~lost)
        usual = np.array([usual_of(spread_of(views, k, few)) for k in range(points)])
        for part in chunks_of(frames, ROWS):
            found = placed(rig, *stacked_in(views, part), usual, options)
            places[:, part], trust[:, part] = (one.swapaxes(0, 1) for one in found)
        return LongScene(rig, views, clock, options, few, places, trust)

    @cached_property
    def scene(self) -> Scene:
        """Where all of them are.

        Raises:
            EksError: if no point at all is known.
        """
        return scene_of(self.points[:, self.few])

    def model(self, k: int, folder: Path) -> LongNonlinear:
        """Make the model of a point that some camera sees, with a folder for its arrays."""
        frames, few, times = len(self.clock.times), self.few, self.clock.times
        start = Stored.made(folder / "start", float, (frames, 3))
        start[:] = self.path(k)
        seen, lost = LongSight.of(self.views, k), lost_in(self.views, k, frames)
        sight = seen.at(few)
        chain = begun_in_world(sight, self.points[k, few], start[few], times[few], self.options)
        if lost.any():
            chain = in_scene(chain, lost[few], self.scene)
        like = chain.cut(slice(0, 0))

        def read(part: slice) -> tuple[np.ndarray, np.ndarray]:
            rows = seen.rows(part)
            if not lost.any():
                return rows
            more = scene_rows(lost[part], self.scene)
            observed, spread = (
                np.concatenate(pair, axis=1) for pair in zip(rows, more, strict=True)
            )
            return observed, spread

        long = LongChain(like, self.clock.gaps, read, folder, self.clock.size)
        if self.options.likelihood == "student":  # from where a mistake is already outvoted
            long = replace(long, weights=self.trusted(k, seen, long))
        return LongNonlinear(long, observer(self.rig, sight, chain), start)

    def path(self, k: int) -> np.ndarray:
        """Give the path of a point without gaps, (frames, 3); see `placing.complete`."""
        path = self.points[k]
        if not np.isfinite(path).all(axis=1).any():
            amid, parts = self.scene.middle, chunks_of(len(path), ROWS)
            pixels = (stacked_in(self.views, part)[0][:, k] for part in parts)
            path = np.concatenate([on_rays(self.rig, one, amid) for one in pixels])
        return interpolated(path, self.clock.times)

    def trusted(self, k: int, seen: LongSight, chain: LongChain) -> Stored:
        """Lay out the weights that cameras begin with, 1 for what is known of the scene."""
        views = int(chain.like.rows.views.max()) + 1
        weights = chain.room("weights", views)
        for part in chain.parts:
            own = self.trust[k, part][:, list(seen.views)]
            weights[part] = np.pad(own, ((0, 0), (0, views - own.shape[1])), constant_values=1.0)
        return weights

    def pictured(self, k: int, solved: LongSolved, part: slice, path: Track) -> list[np.ndarray]:
        """Give what every camera shows of a point's path; see `reprojected`."""
        seen, chain = LongSight.of(self.views, k), solved.chain.cut(part)
        usual = np.zeros(chain.observed.shape[1])  # what is known of the scene is not shown
        usual[: 2 * len(seen.views)] = seen.gathered("usual")
        rows = shown(seen.gathered("offset"), chain, path, solved.found.values, usual)
        each = [np.full((SHOWN, len(path.means), 1, 2), np.nan) for _ in self.views]
        for place, number in enumerate(seen.views):
            each[number][:, :, 0] = rows[:, :, 2 * place : 2 * place + 2]
        return reprojected(self.rig, each, path.means[:, None], path.covariances[:, None])


def lost_in(views: Sequence[LongView], k: int, frames: int) -> np.ndarray:
    """Say in which frames fewer than two cameras see a point, (frames,)."""
    count = np.zeros(frames, np.int16)
    for view in views:
        if view.has(k):
            count += view.shows(k).seen(frames)
    return count < 2


def spread_of(views: Sequence[LongView], k: int, few: np.ndarray) -> np.ndarray:
    """Give the spread of a point in all cameras in some frames, NaN where it is not seen."""
    seen = LongSight.of(views, k)
    return seen.rows(few)[1] if seen.views else np.zeros((0, 2))


def stacked_in(views: Sequence[LongView], part: slice) -> tuple[np.ndarray, np.ndarray]:
    """Give what cameras show in some frames; see `placing.stacked`."""
    shape = (part.stop - part.start, len(views[0].own), len(views), 2)
    pixels, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    for number, view in enumerate(views):
        consensus, has = view.shelf.consensus(part), view.own >= 0
        pixels[:, has, number] = consensus.center[:, view.own[has]]
        spread[:, has, number] = consensus.spread[:, view.own[has]]
    return pixels, spread
