"""Times of frames: checked, and laid on one clock."""

import numpy as np

from pose_eks.errors import EksError


def checked_times(times: np.ndarray | None, frames: int, where: str = "times") -> np.ndarray:
    """Give the time of every frame, 0, 1, 2, ... where none is given.

    Raises:
        EksError: if times are not one per frame, finite and increasing.
    """
    if times is None:
        return np.arange(frames, dtype=float)
    times = np.asarray(times, dtype=float)
    if times.shape != (frames,):
        raise EksError(f"{where}: {times.shape} for {frames} frames; give one per frame")
    if not np.isfinite(times).all():
        odd = int(np.flatnonzero(~np.isfinite(times))[0])
        raise EksError(f"{where}: {times[odd]} of frame {odd} is not a time")
    if len(late := np.flatnonzero(~(np.diff(times) > 0))):
        worst = int(late[0]) + 1
        raise EksError(f"{where}: {times[worst]} of frame {worst} is not after the one before")
    return times
