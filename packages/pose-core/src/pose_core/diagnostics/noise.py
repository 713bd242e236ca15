"""Whether a difference between runs is more than the choice of frames and seeds explains."""

from collections.abc import Mapping

import numpy as np

DRAWS = 2000
LEVEL = 0.95


def mean_of(errors: np.ndarray) -> float:
    """Give the mean of the known errors (runs, frames, keypoints): of each run, then of all.

    NaN where there is none.
    """
    known = np.isfinite(errors)
    count = known.sum((1, 2))
    totals = np.where(known, errors, 0.0).sum((1, 2))
    return float(np.mean(totals / np.where(count > 0, count, np.nan)))


def differences(
    errors: Mapping[str, np.ndarray], than: str, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Give an interval of how much larger the mean error of each is than that of one of them.

    A bootstrap: frames are drawn with replacement, the same for all, and from each the runs; the
    interval holds 95 % of the differences of their means. One less is drawn than there are, which
    makes the variance of a mean right for few as well.

    Args:
        errors: by name, (runs, frames, keypoints) in pixels, of the same frames; NaN where unknown.
        than: the name compared with.
        seed: of the draws.

    Returns:
        The ends of the interval, by name; (0, 0) for the one compared with.

    Source: Efron and Tibshirani, An introduction to the bootstrap (1993), chapters 8 and 13; on how
    many to draw, Rao and Wu, Journal of the American Statistical Association 83 (1988), section 2.
    """
    generator = np.random.default_rng(seed)
    frames = errors[than].shape[1]
    # how often each frame is drawn is all that its draws say
    drawn = generator.multinomial(max(frames - 1, 1), np.full(frames, 1 / frames), DRAWS)
    means = {name: drawn_means(one, drawn, generator) for name, one in errors.items()}
    tail = (1 - LEVEL) / 2
    found = {}
    for name, own in means.items():
        gaps = (own - means[than])[np.isfinite(own - means[than])]
        low, high = np.quantile(gaps, (tail, 1 - tail)) if len(gaps) else (np.nan, np.nan)
        found[name] = float(low), float(high)
    return found


def drawn_means(
    errors: np.ndarray, drawn: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Give the mean error of each draw of frames, over a draw of the runs too: (draws,)."""
    known = np.isfinite(errors)
    totals = drawn @ np.where(known, errors, 0.0).sum(2).T
    counts = drawn @ known.sum(2).T
    means = totals / np.where(counts > 0, counts, np.nan)
    runs = means.shape[1]
    chosen = generator.integers(runs, size=(len(drawn), max(runs - 1, 1)))
    return np.asarray(np.take_along_axis(means, chosen, axis=1).mean(1))
