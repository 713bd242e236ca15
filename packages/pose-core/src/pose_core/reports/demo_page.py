"""The demo's page: how well networks and what is made of them track a video of known truth.

Pure functions from results to tables, plots and one page; training, predicting and smoothing are
the caller's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pose_core import metrics
from pose_core.labels import OCCLUDED, VISIBLE, Labels
from pose_core.predictions import Predictions
from pose_core.reports import page as html
from pose_core.reports.axes import WIDE
from pose_core.reports.demo_results import (
    GROSS,
    DemoResults,
    keypoint_table,
    mean,
    method_table,
    read_curves,
    summary_of,
    time_table,
    worst_points,
)
from pose_core.reports.labeled_video import DrawingOptions, Painter
from pose_core.reports.palette import INK
from pose_core.reports.plots import Trace, bar_plot, histogram, line_plot, scatter_plot
from pose_core.reports.tables import Table

TRACED = ("paw1LH_top", "paw2LF_top", "paw2LF_bot")


@dataclass(frozen=True, eq=False)
class DemoReport:
    """The page, and what of it is for the terminal.

    Attributes:
        summary: the result in one sentence.
        methods: errors of every method, visible and hidden points apart.
        keypoints: errors of every method per keypoint.
        page: everything, self-contained.
    """

    summary: str
    methods: Table
    keypoints: Table
    page: html.Html


def demo_report(results: DemoResults, draw: Callable[[int], np.ndarray]) -> DemoReport:
    """Put the demo's results on a page.

    Args:
        results: of the run.
        draw: gives a frame of the video by its number, uint8 (height, width, 3).

    Raises:
        FormatError: if predictions are of other frames or keypoints than the truth, or a file of
            metrics cannot be read.
    """
    errors = results.errors()
    summary = summary_of(results, errors)
    methods, keypoints = method_table(results, errors), keypoint_table(results, errors)
    film = [] if results.video is None else [html.film(results.video, FILM)]
    sections = [
        ("", [_tiles(results, errors), *film]),
        (
            "Errors",
            [html.table(methods, METHODS), html.table(keypoints), _error_plots(results, errors)],
        ),
        ("Learning", [_learning(results)]),
        ("Traces", _traces(results)),
        ("Worst frames", [html.paragraph(WORST), _worst(results, errors, draw)]),
        ("Time", [html.table(time_table(results.seconds))]),
    ]
    whole = html.page("Tracking a mouse that was never seen before", summary, sections)
    return DemoReport(summary, methods, keypoints, whole)


METHODS = (
    "Euclidean distance to the truth in pixels of the frame. Hidden points lie behind the body, "
    f"another paw or an obstacle. Mistakes are points more than {GROSS:.0f} px away, mostly on "
    "another paw."
)
FILM = (
    "The kept-out video: discs are the last method, rings the first network. The animal, its light "
    "and the size of its frames are none of those trained on."
)
WORST = (
    "Where the first network errs most. Rings are its points, discs those of the last method; "
    "crosses the truth."
)


def _tiles(results: DemoResults, errors: Mapping[str, np.ndarray]) -> html.Html:
    """Give the numbers to see first."""
    first, best = next(iter(errors)), list(errors)[-1]
    hidden = metrics.where(errors[best], results.truth.visibility, OCCLUDED)
    return html.tiles(
        [
            (f"{mean(errors[first]):.2f} px", f"{first}, mean error"),
            (f"{mean(errors[best]):.2f} px", f"{best}, mean error"),
            (f"{mean(hidden):.2f} px", f"{best}, hidden points"),
            (f"{sum(results.seconds.values()):.0f} s", "from drawing to this page"),
        ]
    )


def _error_plots(results: DemoResults, errors: Mapping[str, np.ndarray]) -> html.Html:
    """Give the plots of errors: by kind of point, spread, against confidence, over time."""
    chosen = _first_and_combined(results)
    confidence = results.methods[chosen[0]].confidence
    groups = _points_of(results.truth)
    by_point = {name: [mean(errors[name][:, ks]) for ks in groups.values()] for name in chosen}
    spread = {name: errors[name] for name in chosen}
    levels = (("visible", VISIBLE), ("hidden", OCCLUDED))
    clouds = [
        Trace(
            name,
            *_sample(confidence, metrics.where(errors[chosen[0]], results.truth.visibility, at)),
        )
        for name, at in levels
    ]
    labels = ("confidence", "error (px)")
    return html.grid(
        [
            html.plot(
                bar_plot(
                    list(groups),
                    by_point,
                    "Mean error by point",
                    ("point, both views", "error (px)"),
                )
            ),
            html.plot(
                histogram(
                    spread, "How errors are spread", "error (px), last column: all beyond", most=15
                )
            ),
            html.plot(
                scatter_plot(
                    clouds, f"Does confidence tell? ({chosen[0]})", labels, logarithmic=True
                )
            ),
            html.plot(_shares(spread)),
        ]
    )


def _first_and_combined(results: DemoResults) -> list[str]:
    """Name the first network and what was made of all."""
    return [*list(results.networks)[:1], *results.combined]


def _points_of(truth: Labels) -> dict[str, list[int]]:
    """Group the keypoints by point of the animal, over the views."""
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(truth.skeleton.names):
        groups.setdefault(name.rsplit("_", 1)[0], []).append(place)
    return groups


def _sample(x: np.ndarray, y: np.ndarray, most: int = 800) -> tuple[np.ndarray, np.ndarray]:
    """Give evenly chosen pairs of which both are known."""
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    known = known[:: max(len(known) // most, 1)]
    return np.ravel(x)[known], np.ravel(y)[known]


def _shares(spread: Mapping[str, np.ndarray]) -> str:
    """Plot how many points are within a distance."""
    within = np.linspace(0, 15, 61)
    known = {name: np.sort(error[np.isfinite(error)]) for name, error in spread.items()}
    traces = [
        Trace(name, within, 100 * np.searchsorted(error, within, "right") / max(len(error), 1))
        for name, error in known.items()
    ]
    return line_plot(traces, "Points within a distance", ("distance (px)", "points (%)"))


def _learning(results: DemoResults) -> html.Html:
    """Give the curves of training, one plot per quantity."""
    read = {name: read_curves(path) for name, path in results.curves.items()}
    wanted = (
        ("train_loss", "Loss on training frames", "loss"),
        ("validation_error", "Error on validation frames", "error (px)"),
    )
    plots = []
    for column, title, label in wanted:
        traces = [
            Trace(name, c["epoch"], c[column], "line") for name, c in read.items() if column in c
        ]
        traces = [_known(trace) for trace in traces]
        if any(len(trace.x) for trace in traces):
            plots.append(html.plot(line_plot(traces, title, ("epoch", label), logarithmic=True)))
    return html.grid(plots)


def _known(trace: Trace) -> Trace:
    """Leave out epochs without a value, which would break the curve."""
    known = np.isfinite(trace.y)
    return Trace(trace.name, trace.x[known], trace.y[known], trace.style)


def _traces(results: DemoResults) -> list[html.Html]:
    """Plot the path of a few points over time, with the truth and where it is hidden."""
    names = [name for name in TRACED if name in results.truth.skeleton.names]
    return [
        html.plot(trace_plot(results, name)) for name in names or results.truth.skeleton.names[:3]
    ]


def trace_plot(results: DemoResults, keypoint: str) -> str:
    """Plot x of one keypoint over time: networks faint, what was made of them, truth, hidden."""
    place = results.truth.skeleton.index(keypoint)
    seconds = np.arange(len(results.truth)) / results.fps
    true = results.truth.keypoints[:, place, 0]
    hidden = results.truth.visibility[:, place] == OCCLUDED
    x = {
        n: metrics.aligned(p, results.truth.skeleton)[:, place, 0]
        for n, p in results.methods.items()
    }
    first, last = next(iter(results.networks)), list(x)[-1]
    traces = [
        Trace(first, seconds, x[first], "faint", 1),
        Trace("truth", seconds, true, "line", INK),
    ]
    traces.append(Trace(last, seconds, x[last], "line", 0))
    bottom = np.nanmin([*x.values(), true]) if np.isfinite(true).any() else 0.0
    traces.append(Trace("hidden", seconds, np.where(hidden, bottom, np.nan), "points", 3))
    return line_plot(traces, f"{keypoint}: x over time", ("time (s)", "x (px)"), size=(230, WIDE))


def _worst(
    results: DemoResults, errors: Mapping[str, np.ndarray], draw: Callable[[int], np.ndarray]
) -> html.Html:
    """Show the frames in which the first network errs most."""
    first, last = next(iter(results.networks)), list(errors)[-1]
    painter = Painter(
        [results.methods[last], results.methods[first], _as_predictions(results.truth)],
        DrawingOptions(limbs=False),
        results.truth.skeleton,
    )
    return html.grid(
        [
            html.picture(
                around(painter.draw(draw(n), n), results.truth.keypoints[n, worst]),
                caption(n, worst, errors, (first, last), results),
            )
            for n, worst in worst_points(errors[first])
        ],
        least=300,
    )


def _as_predictions(truth: Labels) -> Predictions:
    """Give the truth as predictions, to draw it."""
    return Predictions(truth.keypoints, np.ones(truth.visibility.shape), truth.skeleton)


def caption(
    frame: int,
    place: int,
    errors: Mapping[str, np.ndarray],
    names: Sequence[str],
    results: DemoResults,
) -> str:
    """Name a point of a frame, with the errors of some methods."""
    each = ", ".join(f"{name} {errors[name][frame, place]:.0f} px" for name in names)
    hidden = results.truth.visibility[frame, place] == OCCLUDED
    known = "hidden" if hidden else "visible"
    return f"Frame {frame}: {results.truth.skeleton.names[place]} ({known}): {each}"


def around(image: np.ndarray, point: np.ndarray, part: float = 0.6) -> np.ndarray:
    """Cut the part of a picture that has a point as near to its middle as can be."""
    size = (np.array(image.shape[:2]) * part).astype(int)
    top, left = np.clip(np.rint(point[::-1]).astype(int) - size // 2, 0, image.shape[:2] - size)
    return image[top : top + size[0], left : left + size[1]]
