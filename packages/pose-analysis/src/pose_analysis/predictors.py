"""What a signal is decoded from, in line with it: spikes of neurons, or other signals over time."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from pose_analysis.bins import binned, checked_times, counted, edges_around
from pose_analysis.decoding import lagged
from pose_analysis.errors import AnalysisError
from pose_analysis.trials import Trials, align


class Predictors(Protocol):
    """Something over time that can be put into bins."""

    @property
    def span(self) -> tuple[float, float]:
        """From when to when it is known, in seconds."""

    def binned(self, edges: np.ndarray) -> np.ndarray:
        """Give (..., bins, features) for edges (..., bins + 1)."""


@dataclass(frozen=True, eq=False)
class Spikes:
    """Events of units; both are (events,), times in seconds, in any order."""

    times: np.ndarray
    units: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.times) or self.times.shape != self.units.shape:
            raise AnalysisError(f"spikes: {len(self.times)} times of {len(self.units)} units")

    @property
    def span(self) -> tuple[float, float]:
        """From the first to the last."""
        return float(self.times.min()), float(self.times.max())

    def binned(self, edges: np.ndarray) -> np.ndarray:
        """Count every unit's."""
        return counted(self.times, self.units, edges)


@dataclass(frozen=True, eq=False)
class Signals:
    """Signals (rows, features) at times (rows,) in seconds, rising."""

    times: np.ndarray
    values: np.ndarray

    def __post_init__(self) -> None:
        checked_times(self.times, len(self.values))

    @property
    def span(self) -> tuple[float, float]:
        """From the first row to the last."""
        return float(self.times[0]), float(self.times[-1])

    def binned(self, edges: np.ndarray) -> np.ndarray:
        """Average every signal's."""
        return binned(self.values, self.times, edges)


class Lined(NamedTuple):
    """A target and its predictors, ready for `decode`.

    Attributes:
        predictors: (trials, bins, features), or (bins, features).
        target: (trials, bins), or (bins,).
        times: (bins,), middle of every bin: after the event, or of a series; in seconds.
        trials: the target's; None for a series.
    """

    predictors: np.ndarray
    target: np.ndarray
    times: np.ndarray
    trials: Trials | None


def line_up_trials(
    signal: tuple[np.ndarray, np.ndarray],
    predictors: Predictors,
    events: np.ndarray,
    window: tuple[float, float],
    rate: float,
    lags: int,
) -> Lined:
    """Put a signal's trials and the bins that tell of them side by side.

    Args:
        signal: times and values, both (frames,).
        predictors: on the same clock.
        events: (events,), in seconds.
        window: from when to when, relative to an event.
        rate: bins per second.
        lags: bins to tell from; the first ones are taken from before the window.

    Raises:
        AnalysisError: if no event has its window in both.
    """
    times, values = signal
    begin, (first, last) = window[0] - (lags - 1) / rate, predictors.span
    told = (events + begin >= first) & (events + window[1] <= last)
    if not told.any():
        raise AnalysisError(
            f"events: the predictors ({first:.6g} to {last:.6g} s) hold the windows of none of "
            f"{len(events)}; are both on one clock?"
        )
    trials = align(values, times, np.where(told, events, np.nan), window, rate)
    edges = edges_around(trials.events, (begin, window[1]), rate)
    return Lined(lagged(predictors.binned(edges), lags), trials.values, trials.times, trials)


def line_up_series(
    signal: tuple[np.ndarray, np.ndarray], predictors: Predictors, rate: float, lags: int
) -> Lined:
    """Put a whole signal and the bins that tell of it side by side.

    Args:
        signal: times and values, both (frames,).
        predictors: on the same clock.
        rate: bins per second.
        lags: bins to tell from.

    Raises:
        AnalysisError: if the two do not overlap in time by more bins than the lags.
    """
    times, values = checked_times(signal[0], len(signal[1])), signal[1]
    first, last = predictors.span
    start, stop = max(first, times[0]), min(last, times[-1])
    bins = int((stop - start) * rate) if stop > start else 0
    if bins <= lags:
        raise AnalysisError(
            f"predictors: {first:.6g} to {last:.6g} s and the signal, {times[0]:.6g} to "
            f"{times[-1]:.6g} s, overlap by {bins} bins; are both on one clock?"
        )
    edges = start + np.arange(bins + 1) / rate
    target = binned(values, times, edges)[lags - 1 :]
    middles = (edges[:-1] + edges[1:])[lags - 1 :] / 2
    return Lined(lagged(predictors.binned(edges), lags), target, middles, None)
