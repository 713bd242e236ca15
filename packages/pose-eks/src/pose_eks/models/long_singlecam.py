"""One camera's recordings of any length, in memory for some frames at a time.

The same model and the same parameters as `pose_eks.models.singlecam`, to rounding: what members
say is gathered chunk by chunk and laid on a disk, one stretch per coordinate; the fit and the two
passes of the smoother read it from there, and what they find is given chunk by chunk again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_eks.core.chunks import smooth_lanes
from pose_eks.core.fitting import Fit, Task, fit
from pose_eks.core.lanes import Lanes
from pose_eks.core.stored import chunks_of
from pose_eks.ensemble import (
    Consensus,
    Ensemble,
    Tally,
    Totals,
    checked_confidence,
    concluded,
    counted,
)
from pose_eks.errors import EksError
from pose_eks.models.singlecam import (
    Setting,
    assembled,
    gaps_of,
    groups_of,
    mean_over_frames,
    task_of_lanes,
    to_lanes,
)
from pose_eks.options import SingleCameraOptions
from pose_eks.smoothed import Smoothed

KINDS = (np.float64, np.float64, np.int16, np.float64)
"""Of what is written of a tally: center, variance, members, surety."""

GIVEN = 4096
"""Frames of a result that are given at a time, the most."""

Chunks = Callable[[], Iterable[Ensemble]]
"""Gives the ensemble some frames at a time, from the beginning, as often as it is asked."""


@dataclass(frozen=True, eq=False)
class LongSmoothed:
    """A smoothed recording, of which some frames at a time are in memory.

    Attributes:
        fit: the parameters.
        frames: how many there are.
        chunks: gives the result of some frames at a time, from the beginning.
    """

    fit: Fit
    frames: int
    chunks: Callable[[], Iterator[Smoothed]]


def smooth_long(
    chunks: Chunks,
    folder: Path,
    options: SingleCameraOptions | None = None,
    times: np.ndarray | None = None,
    names: Sequence[str] = (),
    size: int = 65_536,
) -> LongSmoothed:
    """Smooth an ensemble's predictions of one camera, however many frames there are.

    Args:
        chunks: the ensemble, chunk by chunk.
        folder: for arrays, about 100 bytes per frame and keypoint; its user removes it.
        options: None for the defaults; the Gaussian likelihood alone.
        times: (frames,), increasing; None for frames 0, 1, 2, ...
        names: of the keypoints, for `options.groups`.
        size: frames that are smoothed at a time.

    Raises:
        EksError: for options that need all frames at once, or what `smooth` raises.
    """
    options = options or SingleCameraOptions()
    if options.likelihood != "gaussian" or options.compat is not None:
        raise EksError(
            "likelihood, compat: a recording that is smoothed in chunks can only have the plain "
            "gaussian model; raise --chunk above its number of frames"
        )
    shelf = Shelf.fill(chunks, folder, options)
    groups = groups_of(options, names, len(shelf.alone))
    setting = Setting(options, gaps_of(times, shelf.frames), shelf.offset, groups)
    task = task_of_lanes(shelf.center, shelf.spread, shelf.alone, setting)
    shared = fit(task, options.tolerance, options.passes)
    means, variances = smooth_on_disk(task, shared, folder, size)
    found = shared.chosen(groups)

    def results() -> Iterator[Smoothed]:
        for part in chunks_of(shelf.frames, min(size, GIVEN)):
            consensus = shelf.consensus(part)
            lanes = (means[:, part], variances[:, part])
            yield assembled(consensus, shelf.offset, *lanes, found, options, shelf.usual)

    return LongSmoothed(found, shelf.frames, results)


def smooth_on_disk(
    task: Task, found: Fit, folder: Path, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Smooth all lanes in chunks; give means and variances (lanes, frames), which lie on a disk."""
    lanes = task.lanes
    means, variances = (
        on_disk(folder / name, np.float64, lanes.observed.shape) for name in ("means", "variances")
    )
    noise = task.noise(np.stack([found.s, found.b], axis=1))
    frames = lanes.observed.shape[1]

    def source(part: slice) -> Lanes:
        observed, spread = lanes.observed[:, part].copy(), lanes.spread[:, part].copy()
        return lanes._replace(observed=observed, spread=spread, gaps=lanes.gaps[part])

    for part, *pair in smooth_lanes(source, noise, task.dynamics, frames, size):
        means[:, part], variances[:, part] = pair
    return means, variances


@dataclass(frozen=True, eq=False)
class Shelf:
    """The consensus of all frames, on a disk.

    Attributes:
        center: (lanes, frames), without `offset`.
        spread: (lanes, frames).
        confidence: (keypoints, frames).
        count: (keypoints, frames).
        alone: (keypoints,).
        offset: (keypoints, 2), 0 for a keypoint that is never seen.
        usual: (keypoints, 2), mean of the spread over frames.
    """

    center: np.ndarray
    spread: np.ndarray
    confidence: np.ndarray
    count: np.ndarray
    alone: np.ndarray
    offset: np.ndarray
    usual: np.ndarray

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.center.shape[1]

    def consensus(self, part: slice) -> Consensus:
        """Give that of some frames."""
        keypoints = len(self.alone)
        center, spread = (
            np.ascontiguousarray(a[:, part].T).reshape(-1, keypoints, 2)
            for a in (self.center, self.spread)
        )
        return Consensus(
            center + self.offset,
            spread,
            self.confidence[:, part].T,
            self.count[:, part].T,
            self.alone,
        )

    @staticmethod
    def fill(chunks: Chunks, folder: Path, options: SingleCameraOptions) -> "Shelf":
        """Gather what members say, chunk by chunk.

        Raises:
            EksError: if there are no frames, or arrays do not fit.
        """
        files = [folder / name for name in ("center", "variance", "count", "surety")]
        totals, frames, keypoints = gathered(chunks, files, options)
        shapes = [(frames, keypoints, 2)] * 2 + [(frames, keypoints)] * 2
        center, variance, count, surety = (
            np.memmap(file, kind, "r", shape=shape)
            for file, kind, shape in zip(files, KINDS, shapes, strict=True)
        )
        lanes = [on_disk(folder / name, np.float64, (2 * keypoints, frames)) for name in "ab"]
        sure = on_disk(folder / "c", np.float64, (keypoints, frames))
        counts = on_disk(folder / "d", np.int16, (keypoints, frames))
        alone = np.zeros(keypoints, bool)
        for part in chunks_of(frames):
            tally = Tally(center[part], variance[part], count[part], surety[part], totals.ever)
            one = concluded(tally, totals, options.divide_by_confidence)
            lanes[0][:, part], lanes[1][:, part] = to_lanes(one.center), to_lanes(one.spread)
            sure[:, part], counts[:, part], alone = one.confidence.T, one.members.T, one.alone
        for file in files:
            file.unlink()
        offset = np.array([np.nan_to_num(mean_over_frames(lane)) for lane in lanes[0]])
        for lane, mean in zip(lanes[0], offset, strict=True):
            lane -= mean
        usual = np.array([mean_over_frames(lane) for lane in lanes[1]]).reshape(-1, 2)
        return Shelf(lanes[0], lanes[1], sure, counts, alone, offset.reshape(-1, 2), usual)


def gathered(
    chunks: Chunks, files: list[Path], options: SingleCameraOptions
) -> tuple[Totals, int, int]:
    """Write what members say of each chunk to files; give totals, frames and keypoints."""
    totals, frames, keypoints = None, 0, 0
    known = any((np.nan_to_num(one) > 0).any() for one in confidences(chunks))
    with ExitStack() as stack:
        opened = [stack.enter_context(file.open("wb")) for file in files]
        for one in chunks():
            points = np.ascontiguousarray(one.keypoints, dtype=np.float64)
            confidence = checked_confidence(points, one.confidence if known else None)
            tally = counted(points, confidence, options.pool)
            totals = Totals.of(tally) if totals is None else totals.and_of(tally)
            for file, array, kind in zip(opened, tally[:4], KINDS, strict=True):
                array.astype(kind).tofile(file)
            frames, keypoints = frames + points.shape[1], points.shape[2]
    if totals is None:
        raise EksError("predictions: no frames; give at least one")
    return totals, frames, keypoints


def confidences(chunks: Chunks) -> Iterator[np.ndarray]:
    """Give the confidences of the chunks that have some."""
    return (one.confidence for one in chunks() if one.confidence is not None)


def on_disk(path: Path, kind: type, shape: tuple[int, ...]) -> np.ndarray:
    """Make an array that lies in a file; the system keeps in memory what it has room for."""
    return np.asarray(np.memmap(path, kind, "w+", shape=shape))
