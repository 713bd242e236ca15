"""Signals around events: aligned trials, their average, and how alike they are.

Consistency is the variance over time of the mean trace, over the variance of what the trials differ
from it by. It is 0 where nothing repeats, and infinite where all trials are the same. Trials that
have nothing in common give 1 / (trials - 1) on average, since a mean of few is not 0.

Source: Biderman, Whiteway et al. 2024, section 2.6 and figure 5E-F.
"""

from dataclasses import dataclass

import numpy as np

from pose_analysis.bins import binned, checked_times, edges_around
from pose_analysis.errors import AnalysisError


@dataclass(frozen=True, eq=False)
class Trials:
    """A signal around events.

    Attributes:
        values: (trials, bins), NaN where missing.
        times: (bins,), middle of every bin, in seconds after the event.
        events: (trials,), when they were.
        places: (trials,), which of the events given they are.
        outside: events whose window leaves the recording, or that have no time.
        unseen: events in whose window the signal is never known.
    """

    values: np.ndarray
    times: np.ndarray
    events: np.ndarray
    places: np.ndarray
    outside: int
    unseen: int

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class Average:
    """What trials have in common; all are (bins,), NaN where no trial is known.

    Attributes:
        times: in seconds after the event.
        mean: of the trials.
        median: of the trials.
        error: standard error of the mean; NaN where one trial is known.
        trials: that are known.
    """

    times: np.ndarray
    mean: np.ndarray
    median: np.ndarray
    error: np.ndarray
    trials: np.ndarray


def align(
    values: np.ndarray,
    times: np.ndarray,
    events: np.ndarray,
    window: tuple[float, float] = (-0.2, 1.0),
    rate: float = 50.0,
) -> Trials:
    """Cut a signal into trials around events.

    Args:
        values: (frames,), NaN where missing.
        times: (frames,), in seconds, rising.
        events: (events,), in seconds; NaN for one that did not happen.
        window: from when to when, relative to an event.
        rate: bins per second; `pose_analysis.bins.binned` says what a bin has.

    Raises:
        AnalysisError: if times do not fit or rise, or no event has its window in the recording and
            anything known in it.
    """
    values = np.asarray(values, dtype=float)
    times, events = checked_times(times, len(values)), np.asarray(events, dtype=float).ravel()
    inside = (events + window[0] >= times[0]) & (events + window[1] <= times[-1] + spacing(times))
    if not inside.any():
        raise AnalysisError(
            f"events: none of {len(events)} has its window of {window[0]:g} to {window[1]:g} s "
            f"inside the recording ({times[0]:.6g} to {times[-1]:.6g} s); are both on one clock?"
        )
    cut = binned(values, times, edges_around(events[inside], window, rate))
    seen = np.isfinite(cut).any(axis=1)
    if not seen.any():
        raise AnalysisError("events: the signal is missing in the windows of all of them")
    places = np.flatnonzero(inside)[seen]
    middles = edges_around(np.zeros(1), window, rate)[0, :-1] + 0.5 / rate
    return Trials(
        cut[seen], middles, events[places], places, int((~inside).sum()), int((~seen).sum())
    )


def spacing(times: np.ndarray) -> float:
    """Give the usual time between frames, which the last one lasts too; 0 for one frame."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def average(trials: Trials) -> Average:
    """Average trials, bin by bin, over those that are known."""
    known = np.isfinite(trials.values)
    count, some = known.sum(axis=0), known.any(axis=0)
    filled = np.where(some, trials.values, 0.0)
    mean = np.where(some, np.nanmean(filled, axis=0), np.nan)
    median = np.where(some, np.nanmedian(filled, axis=0), np.nan)
    squares = np.nansum((trials.values - mean) ** 2, axis=0)
    variance = np.where(count > 1, squares / np.maximum(count - 1, 1), np.nan)
    return Average(trials.times, mean, median, np.sqrt(variance / np.maximum(count, 1)), count)


def consistency(trials: Trials, levels: bool = False) -> float:
    """Give the variance of the mean trace over that of the trials about it.

    Args:
        trials: two or more.
        levels: whether trials that differ in level count as different; else each one's own mean is
            taken off first, as in figure 5E.

    Raises:
        AnalysisError: if there are fewer than two trials, or nothing varies.
    """
    if len(trials) < 2:
        raise AnalysisError(f"consistency: {len(trials)} trial; it is told of two or more")
    values = trials.values
    if not levels:
        values = values - np.nanmean(values, axis=1, keepdims=True)
    some = np.isfinite(values).any(axis=0)
    trace = np.nanmean(values[:, some], axis=0)
    shared, own = np.var(trace), np.nanmean((values[:, some] - trace) ** 2)
    size = np.nanmax(np.abs(trials.values), initial=0)
    rounding = (np.finfo(float).eps * size) ** 2
    if shared <= rounding and own <= rounding:
        raise AnalysisError("consistency: the signal does not vary in any trial; it has none")
    return float("inf") if own <= rounding else float(shared / own)


def consistency_by_chance(trials: Trials) -> float:
    """Give the consistency that trials without anything in common have on average."""
    return 1 / (len(trials) - 1) if len(trials) > 1 else float("nan")
