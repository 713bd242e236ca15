"""One camera's recordings of any length, in memory for some frames at a time.

The same model and the same parameters as `pose_eks.models.singlecam`, to rounding: what members
say is gathered chunk by chunk and laid on a disk, one stretch per coordinate; the fit and the two
passes of the smoother read it from there, and what they find is given chunk by chunk again.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pose_eks.core.chunks import smooth_lanes
from pose_eks.core.fitting import Fit, Task, fit
from pose_eks.core.lanes import Lanes
from pose_eks.core.stored import Stored, chunks_of
from pose_eks.errors import EksError
from pose_eks.models.shelf import Chunks, Shelf
from pose_eks.models.singlecam import (
    Setting,
    assembled,
    gaps_of,
    groups_of,
    task_of_lanes,
)
from pose_eks.options import SingleCameraOptions
from pose_eks.smoothed import LongSmoothed, Smoothed

GIVEN = 4096
"""Frames of a result that are given at a time, the most."""


def smooth_long(
    chunks: Chunks,
    folder: Path,
    options: SingleCameraOptions | None = None,
    times: np.ndarray | None = None,
    names: Sequence[str] = (),
    size: int = 16_384,
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
    center, spread = shelf.center.opened("c"), shelf.spread.opened("c")  # a kind kernels know
    groups = groups_of(options, names, len(shelf.alone))
    setting = Setting(options, gaps_of(times, shelf.frames), shelf.offset, groups)
    task = task_of_lanes(center, spread, shelf.alone, setting)
    shared = fit(task, options.tolerance, options.passes)
    means, variances = smooth_on_disk(task, shared, folder, size)
    found = shared.chosen(groups)

    def results() -> Iterator[Smoothed]:
        for part in chunks_of(shelf.frames, min(size, GIVEN)):
            consensus = shelf.consensus(part)
            lanes = (means[:, part], variances[:, part])
            yield assembled(consensus, shelf.offset, *lanes, found, options, shelf.usual)

    return LongSmoothed(found, shelf.frames, results)


def smooth_on_disk(task: Task, found: Fit, folder: Path, size: int) -> tuple[Stored, Stored]:
    """Smooth all lanes in chunks; give means and variances (lanes, frames)."""
    lanes = task.lanes
    means, variances = (
        Stored.made(folder / name, float, lanes.observed.shape) for name in ("means", "variances")
    )
    noise = task.noise(np.stack([found.s, found.b], axis=1))
    frames = lanes.observed.shape[1]

    def source(part: slice) -> Lanes:
        observed, spread = lanes.observed[:, part].copy(), lanes.spread[:, part].copy()
        return lanes._replace(observed=observed, spread=spread, gaps=lanes.gaps[part])

    for part, *pair in smooth_lanes(source, noise, task.dynamics, frames, size):
        means[:, part], variances[:, part] = pair
    return means, variances
