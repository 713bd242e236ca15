"""Plots that compare runs and smoothers: errors, spread, broken rules, curves of training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pose_core.diagnostics.measures import ERROR, SPREAD
from pose_core.reports.compared import SETS, RunFiles, Subject, capital, rows_of, words
from pose_core.reports.demo_results import mean
from pose_core.reports.palette import OKABE_ITO
from pose_core.reports.plots import Trace, line_plot
from pose_core.reports.row_plot import row_plot
from pose_core.smoothing import reduced
from pose_core.wording import count_of

FEWEST = 10
"""Points below which a mean is not drawn."""
BINS = 10
"""Groups of equally many points, by their spread."""
NO_QUALITY = frozenset(
    {"epoch", "step", "learning_rate", "unsupervised_factor"}
    | {"validation_gate", "validation_noise"}
)
"""Columns of `metrics.csv` that are not better for being smaller."""
SET_WORDS = {"train": "training", "validation": "validation"}
"""What columns of `metrics.csv` begin with, as people call it."""


def error_plots(labeled: Subject, colours: Mapping[str, int]) -> list[str]:
    """Plot the mean error of every keypoint and source, for each set of frames."""
    plots = []
    for name, called in SETS.items():
        rows = rows_of(labeled, name)
        errors = {n: v[rows] for n, v in labeled.values(ERROR).items()}
        points = max((int(np.isfinite(v).sum()) for v in errors.values()), default=0)
        if points == 0:
            continue
        series = {n: [mean(column) for column in v.T] for n, v in errors.items()}
        title = (
            f"{called.capitalize()}: {count_of(len(rows), 'frame')}, {count_of(points, 'point')}"
        )
        names = labeled.keypoints
        plots.append(row_plot(names, series, title, "mean error (px)", colours))
    return plots


def spread_plots(labeled: Subject, colours: Mapping[str, int]) -> list[str]:
    """Plot error against how far the members of an ensemble are apart, a line for each ensemble.

    On the left the error of what is left if points of little spread are left out, as in Figure 4
    of the Lightning Pose paper; on the right the error of groups of points by their spread.
    Errors are the mean of the members' own; a smoother has a line of its own, against the spread of
    its members. Frames that were trained on are left out, if there are others.
    """
    tails, groups = [], []
    for name, one in by_spread(labeled).items():
        tails.append(_trace(name, *tail_means(one.errors), colours[one.source]))
        group = _trace(name, *binned(one.spread, one.errors), colours[one.source])
        groups.append(replace(group, style="both"))
    if not any(len(trace.x) for trace in tails):
        return []
    left = ("points left out, least spread first (%)", "mean error of the rest (px)")
    right = ("median ensemble spread of equally many points (px)", "mean error (px)")
    return [
        line_plot(tails, "Do members disagree where they err?", left),
        line_plot(groups, "Error by spread", right),
    ]


class BySpread(NamedTuple):
    """Spread and errors of points, the least spread first.

    Attributes:
        spread: (points,) of the ensemble, in pixels.
        errors: (points,) in pixels: the mean of the members' own, or those of a smoother.
        source: the first member, or the smoother, in whose colour they are drawn.
    """

    spread: np.ndarray
    errors: np.ndarray
    source: str


def by_spread(labeled: Subject) -> dict[str, BySpread]:
    """Sort the known points of unseen frames by spread: of members together, and of smoothers."""
    rows, found = unseen(labeled), {}
    errors, spreads = labeled.values(ERROR), labeled.values(SPREAD)
    for ensemble, family in labeled.tracks.families.items():
        members = [name for name in family.members if name in errors]
        if len(family.members) < 2 or not members:
            continue
        mean_error = reduced(np.stack([errors[name] for name in members]), np.nanmean)
        own = {f"{ensemble} members".strip(): (members[0], mean_error)}
        own |= {name: (name, errors[name]) for name in family.smoothed if name in errors}
        for name, (source, values) in own.items():
            spread, error = spreads[source][rows], values[rows]
            known = np.isfinite(spread) & np.isfinite(error)
            order = np.argsort(spread[known], kind="stable")
            found[name] = BySpread(spread[known][order], error[known][order], source)
    return found


def _trace(name: str, x: np.ndarray, y: np.ndarray, colour: int) -> Trace:
    """Give a curve in its colour, dashed where that has been taken before."""
    return Trace(name, x, y, colour=colour, dash=colour // len(OKABE_ITO))


def unseen(labeled: Subject) -> np.ndarray:
    """List the frames that no run was trained on; all, if there are no such."""
    sets = labeled.tracks.sets or ()
    rows = [row for row, one in enumerate(sets) if one != "train"]
    known = any(np.isfinite(v[rows]).any() for v in labeled.values(ERROR).values())
    return np.array(rows if known else range(len(sets)), int)


def tail_means(errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the mean of what is left if the first 0, 2, 4, ... per cent are left out.

    Args:
        errors: (points,), the least spread first.

    Returns:
        Per cent left out, and mean errors, as far as `FEWEST` points are left.
    """
    shares = np.arange(0, 100, 2)
    starts = (shares * len(errors)) // 100
    enough = len(errors) - starts >= FEWEST
    return shares[enough], np.array([errors[start:].mean() for start in starts[enough]])


def binned(spread: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the median spread and mean error of groups of equally many points, sorted by spread."""
    count = min(BINS, len(spread) // FEWEST)
    groups = np.array_split(np.arange(len(spread)), count) if count else []
    medians = np.array([np.median(spread[group]) for group in groups])
    return medians, np.array([errors[group].mean() for group in groups])


def curve_plots(runs: Sequence[RunFiles], colours: Mapping[str, int]) -> list[str]:
    """Plot what training logged that is better for being smaller, one plot per quantity."""
    columns = sorted({name for run in runs for name in run.curves} - NO_QUALITY, key=_importance)
    return [plot for name in columns if (plot := _curve_plot(name, runs, colours))]


def _importance(name: str) -> tuple[bool, bool, str]:
    """Sort errors before sums, and sums before single losses."""
    return name != "validation_error", not name.endswith("_loss"), name


def _curve_plot(name: str, runs: Sequence[RunFiles], colours: Mapping[str, int]) -> str:
    """Plot one quantity over the epochs; "" if no run knows it above 0."""
    curves = []
    for run in runs:
        epochs, values = run.curves.get("epoch"), run.curves.get(name)
        if epochs is None or values is None:
            continue
        known = np.isfinite(values) & (values > 0)
        curve = _trace(run.name, epochs[known], values[known], colours[run.name])
        curves.append(replace(curve, style="line" if len(curve.x) > 1 else "points"))
    if not any(len(curve.x) for curve in curves):
        return ""
    called = quantity(name)
    title = capital(called.removesuffix(" (px)"))
    return line_plot(curves, title, ("epoch", called), logarithmic=True)


def quantity(column: str) -> str:
    """Write the name of a column of `metrics.csv` for people.

    "train_heatmap_mse" is "training loss (heatmap MSE)".
    """
    when, _, what = column.partition("_")
    if column == "validation_error":
        return "validation error (px)"
    if when not in SET_WORDS or not what:
        return words(column)
    return f"{SET_WORDS[when]} loss ({'total' if what == 'loss' else words(what)})"
