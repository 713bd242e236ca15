"""Runs of frames, and gaps in a signal bridged by straight lines."""

import numpy as np


def runs(where: np.ndarray) -> np.ndarray:
    """List the runs of True in a mask (frames,).

    Returns:
        (runs, 2), the first frame of each, and the one after its last.
    """
    edges = np.diff(np.concatenate([[False], where, [False]]).astype(np.int8))
    return np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)])


def bridged(signal: np.ndarray, max_gap: int | None) -> np.ndarray:
    """Fill gaps of at most so many frames by straight lines between their neighbours.

    Args:
        signal: (frames,), NaN where missing.
        max_gap: in frames; 0 for none, None for any.

    Returns:
        (frames,); longer gaps, and what is before the first known frame or after the last, are NaN.
    """
    filled = np.array(signal, dtype=float)
    known = np.flatnonzero(np.isfinite(filled))
    if not len(known):
        return filled
    line = np.interp(np.arange(len(filled)), known, filled[known])
    for start, stop in runs(~np.isfinite(filled)):
        inside = start > known[0] and stop <= known[-1]
        if inside and (max_gap is None or stop - start <= max_gap):
            filled[start:stop] = line[start:stop]
    return filled
