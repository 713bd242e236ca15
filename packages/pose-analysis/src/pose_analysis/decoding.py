"""A signal told from others, such as a pupil's diameter from neurons: nested cross-validation.

Each fold is predicted by a ridge regression fitted to the others, with the penalty whose R² is best
in the mean over inner folds of these others. The score is R² over all predictions together. The
same is done with the target moved against the predictors (trials paired with those of others, a
series turned round), which says what a decoder makes of two things that only look alike in time:
what R² of trials is left then is of what all trials have in common.

Source: Biderman, Whiteway et al. 2024, section 5.10.
"""

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
    task = Task.of(predictors, target, options)
    predicted, penalties = task.run()
    scores = r2_scores(task.targets[task.known], predicted[task.known])
    return Decoded(predicted[..., 0], float(scores[0]), task.fold, penalties[:, 0], scores[1:])


@dataclass(frozen=True, eq=False)
class Task:
    """A target to decode, and the same moved, which share all decompositions.

    Units, the first axis of all arrays, are trials or bins of a series.

    Attributes:
        predictors: (units, ..., features).
        targets: (units, ..., targets): the target, and the moved ones.
        known: bool (units, ...), where the target and its predictors are there.
        options: how it is done.
    """

    predictors: np.ndarray
    targets: np.ndarray
    known: np.ndarray
    options: DecodingOptions

    @classmethod
    def of(cls, predictors: np.ndarray, target: np.ndarray, options: DecodingOptions) -> "Task":
        """Move a target as often as the options say; what is missing of it moves as its mean."""
        told = np.isfinite(target)
        filled = np.where(told, target, target[told].mean() if told.any() else 0.0)
        moved = [np.roll(filled, by, axis=0) for by in offsets(target, options)]
        known = told & np.isfinite(predictors).all(axis=-1)
        return cls(predictors, np.stack([filled, *moved], axis=-1), known, options)

    @property
    def split(self) -> str:
        """How units are dealt into folds."""
        return self.options.split or ("interleaved" if self.known.ndim == 2 else "blocks")

    @property
    def margin(self) -> int:
        """Units on both sides of predicted ones that are not fitted to."""
        return self.options.lags - 1 if self.known.ndim == 1 else 0

    @property
    def fold(self) -> np.ndarray:
        """(units,), the fold of each."""
        rng = np.random.default_rng(self.options.seed)
        return folds_of(len(self.known), self.options.folds, self.split, rng)

    def run(self) -> tuple[np.ndarray, np.ndarray]:
        """Predict every fold by a model of the others; give predictions and (folds, targets)."""
        predicted, penalties = np.full(self.targets.shape, np.nan), []
        every = np.arange(self.targets.shape[-1])
        for fitted, tested in splits(self.fold, self.margin):
            chosen = self.choose(fitted)
            models = fit_ridge(*self.rows(fitted), self.options.penalties)
            where = self.of_units(tested)
            if where.any():
                predicted[where] = models.predict(self.predictors[where])[chosen, :, every].T
            penalties.append(np.array(self.options.penalties)[chosen])
        return predicted, np.array(penalties)

    def of_units(self, units: np.ndarray) -> np.ndarray:
        """Say which bins are known and of some units."""
        return np.asarray((self.known.T & units).T)

    def rows(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give predictors (rows, features) and targets (rows, targets) of some units.

        Raises:
            AnalysisError: if there are too few, or the target does not vary in them.
        """
        where = self.of_units(units)
        targets = self.targets[where]
        if len(targets) < 2 or not np.ptp(targets[:, 0]):
            raise AnalysisError(
                f"decoding: the target does not vary in the {len(targets)} bins of a fold that "
                "are known; give more, or another signal"
            )
        return self.predictors[where], targets

    def choose(self, units: np.ndarray) -> np.ndarray:
        """Choose the penalty of every target by some units alone: (targets,), its place."""
        penalties = self.options.penalties
        if len(penalties) == 1:
            return np.zeros(self.targets.shape[-1], dtype=int)
        if self.options.choice == "one":
            return np.asarray(left_out_errors(*self.rows(units), penalties).argmin(axis=0))
        return np.asarray(np.mean(self.inner_scores(units), axis=0).argmax(axis=0))

    def inner_scores(self, units: np.ndarray) -> list[np.ndarray]:
        """Give R² (penalties, targets) of every inner fold."""
        rng = np.random.default_rng([self.options.seed, 2])
        own = np.full(len(units), -1)
        own[units] = folds_of(int(units.sum()), self.options.inner_folds, self.split, rng)
        scores = []
        for fitted, tested in splits(own, self.margin):
            models = fit_ridge(*self.rows(fitted & units), self.options.penalties)
            predictors, targets = self.rows(tested)
            scores.append(r2_scores(targets, models.predict(predictors)))
        return scores


def offsets(target: np.ndarray, options: DecodingOptions) -> np.ndarray:
    """Draw by how many units a target is moved, each once; a series by a tenth at least."""
    units = len(target)
    least = 1 if target.ndim == 2 else max(units // 10, 1)
    possible = np.arange(least, units - least + 1 if target.ndim == 1 else units)
    rng = np.random.default_rng([options.seed, 1])
    return rng.permutation(possible)[: options.shifts]


def r2_scores(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Give the share of the variance of targets that predictions explain.

    Args:
        targets: (rows, targets).
        predicted: (..., rows, targets).

    Returns:
        (..., targets), NaN where a target does not vary.
    """
    total = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    left = ((targets - predicted) ** 2).sum(axis=-2)
    return np.asarray(1 - left / np.where(total > 0, total, np.nan))
