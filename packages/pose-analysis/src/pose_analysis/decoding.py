"""A signal told from others, such as a pupil's diameter from neurons: nested cross-validation.

Each fold is predicted by a ridge regression fitted to the others, with the penalty whose R² is best
in the mean over inner folds of these others. The score is R² over all predictions together. The
same is done with the target moved against the predictors (trials paired with those of others, a
series turned round), which says what a decoder makes of two things that only look alike in time:
what R² of trials is left then is of what all trials have in common.

Source: Biderman, Whiteway et al. 2024, section 5.10.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pose_analysis.errors import AnalysisError
from pose_analysis.folds import folds_of, splits
from pose_analysis.options import DecodingOptions
from pose_analysis.ridge import fit_ridge, left_out_errors


@dataclass(frozen=True, eq=False)
class Decoded:
    """What was decoded.

    Attributes:
        predicted: as the target; NaN where something was missing.
        r2: over all predictions, each by a model that has not seen it.
        fold: int (units,), which fold each trial, or bin of a series, is of.
        penalties: (folds,), as chosen.
        shifted: (shifts,), R² with the target moved.
    """

    predicted: np.ndarray
    r2: float
    fold: np.ndarray
    penalties: np.ndarray
    shifted: np.ndarray

    @property
    def chance(self) -> float:
        """Share of the moved targets, and of this one among them, decoded no worse than this."""
        return float((1 + (self.shifted >= self.r2).sum()) / (1 + len(self.shifted)))


def lagged(predictors: np.ndarray, lags: int) -> np.ndarray:
    """Put bins beside those before them.

    Args:
        predictors: (..., bins, features).
        lags: bins to tell from: each one's own, and those just before.

    Returns:
        (..., bins - lags + 1, lags * features): for each bin but the first ones its own features,
        then those of the bin before, and so on.

    Raises:
        AnalysisError: if there are fewer bins than lags.
    """
    bins = predictors.shape[-2]
    if bins < lags:
        raise AnalysisError(f"lags: {lags} bins are more than the {bins} there are; ask for fewer")
    later = [predictors[..., lags - 1 - lag : bins - lag, :] for lag in range(lags)]
    return np.concatenate(later, axis=-1)


def decode(
    predictors: np.ndarray, target: np.ndarray, options: DecodingOptions | None = None
) -> Decoded:
    """Decode a target from predictors that are in line with it (`lagged`).

    Args:
        predictors: (trials, bins, features), or (bins, features) for a series; NaN where missing.
        target: (trials, bins), or (bins,).
        options: None for the paper's.

    Raises:
        AnalysisError: if the shapes do not fit, there are too few trials or bins for the folds, or
            the target does not vary.
    """
    options = options or DecodingOptions()
    predictors, target = np.asarray(predictors, dtype=float), np.asarray(target, dtype=float)
    if predictors.shape[:-1] != target.shape or target.ndim not in (1, 2) or not predictors.size:
        raise AnalysisError(
            f"decoding: predictors {predictors.shape} and target {target.shape} are not "
            "(trials, bins, features) and (trials, bins), or the same of one series"
        )
    task = Task(predictors, target, options)
    fold = task.fold
    predicted, penalties = task.run(fold)
    moved = [Task(predictors, np.roll(target, by, axis=0), options) for by in task.offsets()]
    shifted = [r2_score(one.target, one.run(fold)[0]) for one in moved]
    return Decoded(predicted, r2_score(target, predicted), fold, penalties, np.array(shifted))


@dataclass(frozen=True, eq=False)
class Task:
    """Something to decode; units, the first axis of the arrays, are trials or bins of a series."""

    predictors: np.ndarray
    target: np.ndarray
    options: DecodingOptions

    @property
    def split(self) -> str:
        """How units are dealt into folds."""
        return self.options.split or ("interleaved" if self.target.ndim == 2 else "blocks")

    @property
    def margin(self) -> int:
        """Units on both sides of predicted ones that are not fitted to."""
        return self.options.lags - 1 if self.target.ndim == 1 else 0

    @property
    def fold(self) -> np.ndarray:
        """(units,), the fold of each."""
        rng = np.random.default_rng(self.options.seed)
        return folds_of(len(self.target), self.options.folds, self.split, rng)

    def offsets(self) -> np.ndarray:
        """Draw by how many units the target is moved, each once; a series by a tenth at least."""
        units = len(self.target)
        least = 1 if self.target.ndim == 2 else max(units // 10, 1)
        possible = np.arange(least, units - least + 1)
        rng = np.random.default_rng([self.options.seed, 1])
        return rng.permutation(possible)[: self.options.shifts]

    def rows(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give predictors (rows, features) and target (rows,) of some units, without gaps."""
        known = self.known & (units if self.target.ndim == 1 else units[:, None])
        return self.predictors[known], self.target[known]

    @property
    def known(self) -> np.ndarray:
        """As the target, whether it and its predictors are there."""
        return np.isfinite(self.target) & np.isfinite(self.predictors).all(axis=-1)

    def run(self, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predict every fold by a model of the others; give predictions and penalties."""
        predicted, penalties = np.full(self.target.shape, np.nan), []
        for fitted, tested in splits(fold, self.margin):
            penalties.append(self.penalty(fitted))
            model = fit_ridge(*self.filled(fitted), [penalties[-1]])
            where = self.known & (tested if self.target.ndim == 1 else tested[:, None])
            predicted[where] = model.predict(self.predictors[where])[0]
        return predicted, np.array(penalties)

    def filled(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the rows of some units to fit to.

        Raises:
            AnalysisError: if there are too few, or the target does not vary in them.
        """
        predictors, target = self.rows(units)
        if len(target) < 2 or not np.ptp(target):
            raise AnalysisError(
                f"decoding: the target does not vary in the {len(target)} bins of a fold that "
                "are known; give more, or another signal"
            )
        return predictors, target

    def penalty(self, units: np.ndarray) -> float:
        """Choose the penalty by some units alone."""
        penalties = self.options.penalties
        if len(penalties) == 1:
            return penalties[0]
        if self.options.choice == "one":
            return penalties[int(left_out_errors(*self.filled(units), penalties).argmin())]
        return penalties[int(np.mean(self.inner_scores(units, penalties), axis=0).argmax())]

    def inner_scores(self, units: np.ndarray, penalties: Sequence[float]) -> list[list[float]]:
        """Give R² of every inner fold for every penalty."""
        rng = np.random.default_rng([self.options.seed, 2])
        own = np.full(len(units), -1)
        own[units] = folds_of(int(units.sum()), self.options.inner_folds, self.split, rng)
        scores = []
        for fitted, tested in splits(own, self.margin):
            models = fit_ridge(*self.filled(fitted & units), penalties)
            predictors, target = self.filled(tested)
            scores.append([r2_score(target, one) for one in models.predict(predictors)])
        return scores


def r2_score(target: np.ndarray, predicted: np.ndarray) -> float:
    """Give the share of a target's variance that predictions explain; NaN if it does not vary."""
    known = np.isfinite(target) & np.isfinite(predicted)
    own = target[known]
    if len(own) < 2 or not np.ptp(own):
        return float("nan")
    return float(1 - ((own - predicted[known]) ** 2).sum() / ((own - own.mean()) ** 2).sum())
