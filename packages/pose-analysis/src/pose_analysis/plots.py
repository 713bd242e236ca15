"""Pictures of what was found; matplotlib is loaded when one is asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pose_analysis.decoding import Decoded
from pose_analysis.ensembles import Filtered
from pose_analysis.errors import AnalysisError
from pose_analysis.files.outputs import whole
from pose_analysis.predictors import Lined
from pose_analysis.pupil import Pupil
from pose_analysis.trials import Trials, average
from pose_analysis.views import Agreement

RAW, SMOOTH, ODD = "0.6", "#0072B2", "#D55E00"  # told apart by all, and in print
CLOSE = 500
"""Frames in a close look."""
SHOWN_TRIALS = 200
"""Trials drawn as lines; of more, every so many-th."""


def import_figure() -> Any:
    """Import matplotlib's figure, which draws to files alone.

    Raises:
        AnalysisError: saying how to install it.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise AnalysisError(
            '--plot: needs matplotlib; pip install "pose-analysis[plot]"'
        ) from error
    return Figure


def save(path: Path, draw: Callable[[Any], None]) -> None:
    """Draw a picture into a file.

    Raises:
        AnalysisError: if it cannot be written.
    """
    figure = import_figure()(figsize=(11, 6), layout="constrained")
    draw(figure)
    with whole(path) as temporary:
        figure.savefig(temporary, dpi=110)


def bare(axis: Any, across: str, up: str) -> None:
    """Label an axis, and leave out the frame at its top and right."""
    axis.set(xlabel=across, ylabel=up)
    axis.spines[["top", "right"]].set_visible(False)


def legend(axis: Any) -> None:
    """Name the lines above an axis."""
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, fontsize=8)


def draw_filtered(
    figure: Any, labels: Sequence[str], found: Filtered, chosen: Sequence[int] | np.ndarray
) -> None:
    """Draw keypoints before and after, where the filter moves them most."""
    axes = figure.subplots(len(chosen), 2, squeeze=False, sharex="row")
    for row, k in zip(axes, chosen, strict=True):
        frames = close_look(np.linalg.norm(found.keypoints - found.center, axis=-1)[:, k])
        for axis, coordinate, name in zip(row, range(2), "xy", strict=True):
            axis.plot(frames, found.center[frames, k, coordinate], ".-", color=RAW, lw=0.7, ms=3)
            axis.plot(frames, found.keypoints[frames, k, coordinate], color=SMOOTH, lw=1.3)
            bare(axis, "frame", f"{labels[k]} {name} (px)")
    for line, name in zip(axes[0, 0].lines, ("as predicted", "filtered"), strict=True):
        line.set_label(name)
    legend(axes[0, 0])


def close_look(odd: np.ndarray) -> np.ndarray:
    """Choose the frames of the stretch of length `CLOSE` with the largest sum."""
    length = min(CLOSE, len(odd))
    sums = np.convolve(np.nan_to_num(odd), np.ones(length), "valid")
    return int(sums.argmax()) + np.arange(length)


def draw_pupil(figure: Any, pupil: Pupil, times: np.ndarray) -> None:
    """Draw diameters over time, and vertical against horizontal."""
    over, against = figure.subplots(1, 2, width_ratios=(3, 1.4))
    over.plot(times, pupil.diameter, ".", color=RAW, ms=2, label="median of six estimates")
    over.plot(times, pupil.smoothed, color=SMOOTH, lw=1.2, label="smoothed")
    bare(over, "time (s)" if times.dtype.kind == "f" else "frame", "diameter (px)")
    legend(over)
    both = np.column_stack([pupil.horizontal, pupil.vertical])
    both = both[np.isfinite(both).all(axis=1)]
    against.plot(*both.T, ".", color=SMOOTH, ms=2, alpha=0.4)
    if len(both):
        ends = np.array([both.min(), both.max()])
        against.plot(ends, ends, color="0.3", lw=0.8, ls="--")
    against.set_aspect("equal", "datalim")
    against.set_title(f"r = {pupil.quality.correlation:.3f}", fontsize=10)
    bare(against, "horizontal (px)", "vertical (px)")


def draw_views(figure: Any, compared: Mapping[str, Agreement]) -> None:
    """Draw the keypoints whose views agree least, along the direction both must show."""
    worst = sorted(compared, key=lambda name: np.nan_to_num(compared[name].correlation))[:3]
    axes = figure.subplots(len(worst), 2, squeeze=False, width_ratios=(3, 1))
    for (over, against), name in zip(axes, worst, strict=True):
        one = compared[name]
        frames = close_look(one.outliers.astype(float))
        for values, color, label in zip(
            one.projected[frames].T, (RAW, SMOOTH), ("first view", "second view"), strict=True
        ):
            over.plot(frames, values, color=color, lw=1, label=label)
        out = frames[one.outliers[frames]]
        over.plot(out, one.projected[out, 1], "o", color=ODD, ms=4, mfc="none", label="differ")
        bare(over, "frame", f"{name} (SD)")
        against.plot(*one.projected[~one.outliers].T, ".", color=SMOOTH, ms=2, alpha=0.4)
        against.plot(*one.projected[one.outliers].T, "o", color=ODD, ms=4, mfc="none")
        against.set_title(f"r = {one.correlation:.3f}", fontsize=10)
        bare(against, "first view (SD)", "second view (SD)")
    legend(axes[0, 0])


def draw_projected(
    figure: Any, first: np.ndarray, second: np.ndarray, correlations: np.ndarray
) -> None:
    """Draw the pairs of directions that go together best."""
    count = min(len(correlations), 3)
    for k, axis in enumerate(figure.subplots(1, count, squeeze=False)[0]):
        axis.plot(first[:, k], second[:, k], ".", color=SMOOTH, ms=3, alpha=0.4)
        axis.set_title(f"component {k + 1}: r = {correlations[k]:.3f}", fontsize=10)
        bare(axis, "first signals (SD)", "second signals (SD)")


def draw_trials(figure: Any, trials: Trials, name: str) -> None:
    """Draw the trials, each less its own mean, and their average with its 95 % interval."""
    axis = figure.subplots()
    level = np.nanmean(trials.values, axis=1, keepdims=True)
    centred = replace(trials, values=trials.values - level)
    mean = average(centred)
    step = -(-len(trials) // SHOWN_TRIALS)
    axis.plot(trials.times, centred.values[::step].T, color=RAW, lw=0.6, alpha=0.5)
    low, high = mean.mean - 1.96 * mean.error, mean.mean + 1.96 * mean.error
    axis.fill_between(trials.times, low, high, color=SMOOTH, alpha=0.3, lw=0)
    axis.plot(trials.times, mean.mean, color=SMOOTH, lw=2, label="mean, 95 %")
    axis.axvline(0, color="0.3", lw=0.8, ls="--")
    legend(axis)
    bare(axis, "time after the event (s)", f"{name}, less each trial's mean")


def draw_decoded(figure: Any, lined: Lined, found: Decoded, name: str) -> None:
    """Draw target and prediction one after the other, and R² beside those of moved targets."""
    over, beside = figure.subplots(1, 2, width_ratios=(4, 1))
    shown = slice(0, 4 * CLOSE)
    over.plot(apart(lined.target)[shown], color=RAW, lw=1, label=name)
    over.plot(apart(found.predicted)[shown], color=SMOOTH, lw=1, label="decoded")
    bare(over, "bin" if lined.trials is None else "bin, trial after trial", name)
    legend(over)
    beside.plot(np.zeros(len(found.shifted)), found.shifted, "o", color=RAW, mfc="none")
    beside.plot([1], [found.r2], "o", color=SMOOTH)
    beside.set(xticks=[0, 1], xticklabels=["moved", "decoded"], xlim=(-0.5, 1.5))
    bare(beside, "", "R²")


def apart(values: np.ndarray) -> np.ndarray:
    """Put trials (trials, bins) one after the other, with a gap between them; a series as it is."""
    if values.ndim == 1:
        return values
    return np.column_stack([values, np.full(len(values), np.nan)]).ravel()
