"""Signals and events in bins of time."""

import numpy as np

from pose_analysis.errors import AnalysisError

APART = 3.0
"""Usual distances between frames beyond which nothing is said of the time between two."""

ROUNDING = 1e-9
"""Seconds by which a frame may lie before an edge and still count as on it."""


def binned(values: np.ndarray, times: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Give a signal in bins of time.

    A bin, from one edge to just before the next, has the mean of the known frames in it. One
    without a frame has the straight line between the frames before and after at its middle; NaN
    where one of these is missing, or they are further apart than frames usually are (`APART`).

    Args:
        values: (frames,), or (frames, signals), NaN where missing.
        times: (frames,), in seconds, rising.
        edges: (..., bins + 1), rising.

    Returns:
        (..., bins), or (..., bins, signals).
    """
    if values.ndim > 1:
        return np.stack([binned(one, times, edges) for one in values.T], axis=-1)
    known = np.isfinite(values)
    level = values[known].mean() if known.any() else 0.0  # sums of small numbers are exact ones
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values - level, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    places = np.searchsorted(times, edges - ROUNDING)
    count, frames = np.diff(counts[places]), np.diff(places)
    mean = level + np.diff(sums[places]) / np.maximum(count, 1)
    between = interpolated(values, times, (edges[..., :-1] + edges[..., 1:]) / 2)
    return np.where(count > 0, mean, np.where(frames == 0, between, np.nan))


def interpolated(values: np.ndarray, times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Give a signal between its frames, by straight lines.

    Args:
        values: (frames,), NaN where missing.
        times: (frames,), in seconds, rising.
        at: (...), when.

    Returns:
        As `at`; NaN outside the recording, beside a missing frame, and where frames are further
        apart than they usually are, times `APART`.
    """
    if len(times) < 2:
        return np.full(np.shape(at), np.nan)
    steps = np.diff(times)
    after = np.clip(np.searchsorted(times, at), 1, len(steps))
    near = steps[after - 1] <= APART * np.median(steps)
    line = np.interp(at, times, values, left=np.nan, right=np.nan)
    return np.where(near, line, np.nan)


def counted(times: np.ndarray, units: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Count events in bins of time, such as spikes of neurons.

    Args:
        times: (events,), in any order.
        units: (events,), whose each is; columns are in the order of the sorted units.
        edges: (..., bins + 1), rising.

    Returns:
        (..., bins, units).
    """
    order = np.argsort(times, kind="stable")
    times, units = times[order], units[order]
    own = [times[units == unit] for unit in np.unique(units)]
    counts = [np.diff(np.searchsorted(one, edges - ROUNDING)) for one in own]
    return np.stack(counts, axis=-1).astype(float)


def edges_around(events: np.ndarray, window: tuple[float, float], rate: float) -> np.ndarray:
    """Give the edges of bins around events.

    Args:
        events: (events,), in seconds.
        window: from when to when, relative to an event.
        rate: bins per second.

    Returns:
        (events, bins + 1).

    Raises:
        AnalysisError: if the window is empty, or the bins do not fill it.
    """
    start, stop = window
    if not (np.isfinite([start, stop, rate]).all() and stop > start and rate > 0):
        raise AnalysisError(f"window: {start:g} to {stop:g} s at {rate:g} bins/s holds no bin")
    bins = round((stop - start) * rate)
    if bins < 1 or abs(bins / rate - (stop - start)) > 1e-6 * (stop - start):
        raise AnalysisError(
            f"window: {start:g} to {stop:g} s is {(stop - start) * rate:.6g} bins of {1 / rate:g} "
            "s; choose a window and bins that make it a whole number"
        )
    return np.asarray(events)[:, None] + start + np.arange(bins + 1) / rate


def checked_times(times: np.ndarray, frames: int) -> np.ndarray:
    """Give the times of frames.

    Raises:
        AnalysisError: if they are not as many, or do not rise.
    """
    times = np.asarray(times, dtype=float)
    if times.shape != (frames,):
        raise AnalysisError(
            f"times: {times.size} for {frames} frames; give one time per frame of the signal"
        )
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise AnalysisError("times: do not rise from each frame to the next; give them in seconds")
    return times
