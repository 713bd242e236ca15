"""Signals that points make: how fast one moves."""

import numpy as np

from pose_analysis.bins import checked_times
from pose_analysis.errors import AnalysisError


def speed(points: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Give how fast a point moves, by its places one frame before and after.

    Args:
        points: (frames, 2), in pixels; NaN where missing.
        times: (frames,), in seconds, rising; they need not be equally far apart.

    Returns:
        (frames,), in pixels per second; NaN where a place that it is told by is missing. Smooth the
        points first: errors of a place count twice, and the more the higher the frame rate.

    Raises:
        AnalysisError: if there is one frame alone, or times do not fit or rise.
    """
    points = np.asarray(points, dtype=float)
    times = checked_times(times, len(points))
    if len(points) < 2:
        raise AnalysisError(f"speed: {len(points)} frame; it is told of two or more")
    return np.asarray(np.linalg.norm(np.gradient(points, times, axis=0), axis=-1))
