"""Savitzky-Golay and median filters that know of missing frames: the usual ones beside a smoother.

Gaps come first: short ones are bridged by straight lines (`max_gap`), longer ones cut a signal into
stretches. The Savitzky-Golay filter takes each stretch by itself, ends as scipy's `mode="interp"`:
the polynomial of the first or last full window. A stretch shorter than the window has the longest
window that it holds, of an order below that. The running median is of the known frames of a window,
which the ends of the recording cut short. A frame that is missing when gaps are bridged stays so.

Source: Biderman, Whiteway et al. 2024, section 5.10 (a Savitzky-Golay filter that linearly
interpolates over time points of low confidence).
"""

import numpy as np

from pose_analysis.errors import AnalysisError
from pose_analysis.gaps import bridged, runs
from pose_analysis.options import MedianFilterOptions, SavitzkyGolayOptions


def savitzky_golay(signals: np.ndarray, options: SavitzkyGolayOptions | None = None) -> np.ndarray:
    """Filter every signal by polynomials fitted to a running window.

    Args:
        signals: (frames, ...), NaN where missing; frames are equally far apart.
        options: window, order and gaps; None for the defaults.

    Returns:
        As signals.

    Raises:
        AnalysisError: if there is no frame, or a value is infinite.
    """
    options = options or SavitzkyGolayOptions()
    columns = columns_of(signals, options.max_gap)
    for column in columns.T:  # a view: each is filtered in its own place
        for start, stop in runs(np.isfinite(column)):
            column[start:stop] = one_stretch(column[start:stop], options.window, options.order)
    return columns.reshape(np.shape(signals))


def one_stretch(stretch: np.ndarray, window: int, order: int) -> np.ndarray:
    """Filter a stretch without gaps; the window and the order become as short as they must."""
    from scipy.signal import savgol_filter

    window = min(window, len(stretch) - 1 + len(stretch) % 2)
    return np.asarray(savgol_filter(stretch, window, min(order, window - 1), mode="interp"))


def median_filter(signals: np.ndarray, options: MedianFilterOptions | None = None) -> np.ndarray:
    """Filter every signal by the median of a running window.

    Args:
        signals: (frames, ...), NaN where missing.
        options: window and gaps; None for the defaults.

    Returns:
        As signals.

    Raises:
        AnalysisError: if there is no frame, or a value is infinite.
    """
    import pandas as pd

    options = options or MedianFilterOptions()
    columns = columns_of(signals, options.max_gap)
    rolling = pd.DataFrame(columns).rolling(options.window, center=True, min_periods=1)
    found = np.where(np.isfinite(columns), rolling.median().to_numpy(), np.nan)
    return found.reshape(np.shape(signals))


def columns_of(signals: np.ndarray, max_gap: int | None) -> np.ndarray:
    """Lay signals out as (frames, signals), with their gaps bridged.

    Raises:
        AnalysisError: if there is no frame, or a value is infinite.
    """
    signals = np.asarray(signals, dtype=float)
    if signals.ndim == 0 or not signals.size:
        raise AnalysisError(f"signals: shape {signals.shape} holds no frame; give (frames, ...)")
    if np.isinf(signals).any():
        raise AnalysisError("signals: some values are infinite; give NaN where one is missing")
    columns = signals.reshape(len(signals), -1)
    return np.column_stack([bridged(column, max_gap) for column in columns.T])
