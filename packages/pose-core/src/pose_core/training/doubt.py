"""What validation frames say of predictions: how far off sound ones are, and which are in doubt."""

import numpy as np

GATE = 0.9
"""Confidence below which points are taken to be in doubt before anything is measured."""
WRONG = 1.0
"""Mean error, in standard deviations of the target Gaussian, from which points are in doubt."""
LARGEST = 3.0
"""Errors count at most this much: one lost point must not outweigh twenty."""
BELIEVED = 10
"""Points, spread evenly below `GATE`, that are taken to be wrong before anything is measured."""
NOISE = 0.4
"""Standard deviation of a coordinate of a sound prediction's error before anything is measured, in
those of the target Gaussian."""


def fit_noise(errors: np.ndarray) -> float:
    """Fit how far off sound predictions are, by the median of errors: few lost points say nothing.

    Some errors of a network with `NOISE` are believed in beforehand, so that the luck of a few
    labels does not make all others look lost.

    Args:
        errors: distances, in standard deviations of the target Gaussian; NaN where unknown.

    Returns:
        The standard deviation of a coordinate, in that unit.
    """
    known = errors[np.isfinite(errors)]
    middle = np.sqrt(2 * np.log(2))  # of distances in the plane, the median
    before = np.full(BELIEVED, NOISE * middle)
    return float(np.median(np.concatenate([known, before])) / middle)


def fit_gate(confidence: np.ndarray, errors: np.ndarray) -> float:
    """Fit the confidence below which points are in doubt.

    The error is made a falling function of confidence (isotonic regression, of least squares); in
    doubt is whatever is less confident than the first point whose error is small by it. Some wrong
    points below `GATE` are believed in beforehand, so that few labels, all found with confidence,
    do not make any doubt go away.

    Args:
        confidence: any shape; NaN where unknown.
        errors: of the same shape, in standard deviations of the target Gaussian; NaN where unknown.

    Returns:
        A confidence between 0 and 1; points below it are in doubt.
    """
    known = np.isfinite(confidence) & np.isfinite(errors)
    if not known.any():
        return GATE
    before = GATE * (np.arange(BELIEVED) + 0.5) / BELIEVED
    levels = np.concatenate([confidence[known].astype(float), before])
    values = np.concatenate([errors[known].clip(max=LARGEST), np.full(BELIEVED, 2 * WRONG)])
    order = np.lexsort((values, levels))  # one order, however the frames came
    levels, values = levels[order], values[order]
    small = np.flatnonzero(falling(values) < WRONG)
    if not len(small):
        return 1.0
    last, first = levels[small[0] - 1], levels[small[0]]
    # nothing is known between the last in doubt and the first that is not
    return float(first if last >= GATE else min(first, GATE))


def falling(values: np.ndarray) -> np.ndarray:
    """Give the nearest sequence that never rises, by pooling adjacent violators.

    Source: Barlow, Bartholomew, Bremner and Brunk, Statistical Inference under Order Restrictions
    (1972), section 1.2.
    """
    means: list[float] = []
    counts: list[int] = []
    for value in values.tolist():
        mean, count = value, 1
        while means and means[-1] <= mean:
            last, size = means.pop(), counts.pop()
            mean = (mean * count + last * size) / (count + size)
            count += size
        means.append(mean)
        counts.append(count)
    return np.repeat(means, counts)
