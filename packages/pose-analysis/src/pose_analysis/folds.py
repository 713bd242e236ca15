"""Parts of a recording for cross-validation: trials dealt at random, or contiguous blocks."""

from collections.abc import Iterator

import numpy as np

from pose_analysis.errors import AnalysisError


def folds_of(
    units: int, folds: int, split: str, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Deal units (trials, or the bins of a series) into folds.

    Args:
        units: how many there are.
        folds: how many parts, whose sizes differ by one at most.
        split: "interleaved" (at random) or "blocks".
        rng: for interleaved ones.

    Returns:
        int (units,), the fold of each.

    Raises:
        AnalysisError: if there are fewer units than folds.
    """
    if units < folds:
        raise AnalysisError(
            f"folds: {units} trials or bins cannot be cut into {folds}; give more, or ask for fewer"
        )
    if split == "blocks":
        return np.arange(units) * folds // units
    order = np.arange(units) % folds
    return (rng or np.random.default_rng(0)).permutation(order)


def splits(fold: np.ndarray, margin: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give for each fold which units to fit to, and which to predict.

    Args:
        fold: (units,), the fold of each.
        margin: units that are left out on both sides of predicted ones, whose predictors overlap
            with theirs.

    Yields:
        bool (units,) twice: to fit to, to predict.
    """
    for number in range(int(fold.max()) + 1):
        predicted = fold == number
        near = np.convolve(predicted, np.ones(2 * margin + 1), "full")[margin:][: len(fold)] > 0.5
        yield ~near, predicted
