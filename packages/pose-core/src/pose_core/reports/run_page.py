"""The page that compares runs and smoothers: from what was gathered to sections."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pose_core.diagnostics.measures import CONFIDENCE, DEVIATION, ERROR, SPREAD
from pose_core.diagnostics.thresholds import violation_rate
from pose_core.reports import page as html
from pose_core.reports.axes import escaped
from pose_core.reports.compared import (
    SETS,
    Comparison,
    Subject,
    capital,
    differing,
    rows_of,
    words,
)
from pose_core.reports.demo_results import mean
from pose_core.reports.palette import INK
from pose_core.reports.row_plot import row_plot
from pose_core.reports.run_plots import curve_plots, error_plots, spread_plots, unseen
from pose_core.reports.tables import Cell, Table
from pose_core.reports.traces import BUDGET, Panel, Recording, traces
from pose_core.reports.verdict import Standing, standing, told
from pose_core.reports.worst_frames import WorstFrame
from pose_core.smoothing import reduced

ENSEMBLE = "ensemble"
NOT_COMPARED = ("output", "resume")


@dataclass(frozen=True, eq=False)
class RunReport:
    """The page, and what of it is for the terminal.

    Attributes:
        summary: what came out, a sentence each.
        glance: a row for each run and smoother.
        notes: what is left out of the page for want of room, one line each.
        page: everything, self-contained.
    """

    summary: tuple[str, ...]
    glance: Table
    notes: tuple[str, ...]
    page: html.Html


def run_report(
    compared: Comparison,
    worst: Sequence[WorstFrame],
    keypoints: Sequence[str] = (),
    budget: int = BUDGET,
) -> RunReport:
    """Put a comparison on a page.

    Args:
        compared: what was gathered.
        worst: frames to show.
        keypoints: to trace; all if there are none.
        budget: characters that traces may take.
    """
    found = standing(compared.labeled) if compared.labeled else None
    table = glance(compared)
    summary = tuple(sentences(compared, found))
    drawn = recordings(compared, keypoints)
    traced = traces(drawn, _line_colours(compared), budget) if drawn else None
    notes = traced.notes if traced else ()
    sections = [
        ("", [html.listed(summary[1:]), html.table(table, GLANCE)]),
        ("Errors", _errors(compared)),
        ("Error against spread", _spread(compared)),
        ("Violations", _rules(compared)),
        (
            "Traces",
            [*(html.paragraph(n, note=True) for n in notes), traced.block] if traced else [],
        ),
        ("Worst frames", _worst(worst, {one.name for one in drawn})),
        ("Learning", _grid_of(curve_plots(compared.runs, compared.colours))),
        ("Settings", _settings(compared)),
        ("Notes", [html.listed(compared.notes)] if compared.notes else []),
    ]
    filled = [(heading, blocks) for heading, blocks in sections if any(blocks)]
    return RunReport(summary, table, notes, html.page(title(compared), summary[0], filled))


GLANCE = (
    "Mean pixel error on labeled frames, and how many points of the videos break a rule. The best "
    "of each column is marked; a difference in the last digits means nothing."
)
ERRORS = (
    "A dot for each run and smoother, by keypoint. Training frames say how well a network "
    "remembers; test frames, and then validation frames, say what it does on new ones."
)
SPREAD_NOTE = (
    "The spread is how far the members of the ensemble lie apart (root mean square). A curve that "
    "rises says that the members disagree where they err, so that the spread can be trusted to "
    "find mistakes where there are no labels. Frames that were trained on are left out where there "
    "are others."
)
RULES = (
    "How many points of each video are beyond what a sound track does. Temporal norm: it moved "
    "further than that since the frame before, which a fast animal may. PCA singleview error: it is "
    "that far from every pose that the labels know. PCA multiview error: the views of one point "
    "disagree by that much. Where no threshold was given, it is a tenth of the length of the body."
)
WORST = (
    "Where errors are largest on labeled frames, and where most rules are broken in videos, cut "
    "round the worst point. Captions name the sources: the first one's points are discs, the "
    "second one's rings; the truth, on labeled frames, is crosses."
)


def title(compared: Comparison) -> str:
    """Name the page."""
    runs, rest = len(compared.runs), len(compared.colours) - len(compared.runs)
    named = f"{runs} run{'s' if runs != 1 else ''}"
    return f"{named} and {rest} smoother{'s' if rest > 1 else ''}" if rest > 0 else named


def glance(compared: Comparison) -> Table:
    """Tabulate what matters most: a row for each run and smoother."""
    columns: dict[str, dict[str, float]] = {}
    if compared.labeled is not None:
        for name, called in SETS.items():
            rows = rows_of(compared.labeled, name)
            if len(rows):
                errors = compared.labeled.values(ERROR).items()
                columns[f"{called} error (px)"] = {n: mean(v[rows]) for n, v in errors}
    for measure, limit in compared.rules.items():
        if found := rates(compared.videos, measure, limit):
            columns[f"{words(measure)} > {limit:.3g} (%)"] = found
    rows = [
        [name, *(own.get(name) for own in columns.values())]
        for name in compared.colours
        if any(name in own for own in columns.values())
    ]
    return Table.of(["", *columns], rows, title="At a glance", best="low")


def rates(videos: Sequence[Subject], measure: str, limit: float) -> dict[str, float]:
    """Give how many per cent of the points of all videos are above a threshold, by source."""
    found: dict[str, list[np.ndarray]] = {}
    for video in videos:
        for name, values in video.values(measure).items():
            found.setdefault(name, []).append(values[np.isfinite(values)])
    pooled = {name: np.concatenate(each) for name, each in found.items()}
    return {
        name: 100 * float(violation_rate(measure, each, limit))
        for name, each in pooled.items()
        if len(each)
    }


def sentences(compared: Comparison, found: Standing | None) -> list[str]:
    """Say what came out, the most important first."""
    said = [told(found)] if found else [UNKNOWN]
    said += _rules_told(compared)
    if compared.labeled is not None and (line := _spread_told(compared.labeled)):
        said.append(line)
    if compared.notes:
        count = len(compared.notes)
        said.append(f"Something is missing or odd: see the notes at the end ({count}).")
    return said


def _rules_told(compared: Comparison) -> list[str]:
    """Say who breaks fewest rules in videos: one sentence for each winner."""
    won: dict[str, list[str]] = {}
    for measure, limit in compared.rules.items():
        order = sorted(rates(compared.videos, measure, limit).items(), key=lambda pair: pair[1])
        if len(order) > 1:
            (best, least), (worst, most) = order[0], order[-1]
            share = f"{words(measure)} {least:.1f} % ({worst} {most:.1f} %)"
            won.setdefault(best, []).append(share)
    return [
        f"In videos {best} has fewest violations: {', '.join(f)} of the points."
        for best, f in won.items()
    ]


UNKNOWN = "How far predictions are from the truth is not known: no labeled frame was compared."


def _spread_told(labeled: Subject) -> str:
    """Say whether members disagree where they err; "" if it is not known."""
    spreads, errors = labeled.values(SPREAD), labeled.values(ERROR)
    if not spreads or not errors:
        return ""
    rows = unseen(labeled)
    spread = next(iter(spreads.values()))[rows]
    error = reduced(np.stack(list(errors.values())), np.nanmean)[rows]
    known = np.isfinite(spread) & np.isfinite(error)
    if known.sum() < 100:
        return ""
    high = known & (spread >= np.quantile(spread[known], 0.9))
    return (
        f"Where members of the ensemble disagree most (a tenth of the points) they err by "
        f"{error[high].mean():.1f} px, elsewhere by {error[known & ~high].mean():.1f} px."
    )


def _errors(compared: Comparison) -> list[html.Html]:
    """Give the errors by keypoint, as plots and as tables."""
    labeled = compared.labeled
    if labeled is None:
        return []
    plots = [html.plot(one) for one in error_plots(labeled, compared.colours)]
    tables = [html.table(one) for one in error_tables(labeled)]
    return [html.paragraph(ERRORS), html.grid(plots), html.folded("The same as tables", tables)]


def error_tables(labeled: Subject) -> list[Table]:
    """Tabulate the mean error of each keypoint and source, for each set of frames."""
    tables = []
    for name, called in SETS.items():
        rows = rows_of(labeled, name)
        errors = {n: v[rows] for n, v in labeled.values(ERROR).items()}
        if not len(rows):
            continue
        body: list[list[Cell]] = [
            [keypoint, *(mean(v[:, k]) for v in errors.values())]
            for k, keypoint in enumerate(labeled.keypoints)
        ]
        body.append(["all", *(mean(v) for v in errors.values())])
        heading = f"Mean error on {len(rows)} {called} frames (px)"
        tables.append(Table.of(["keypoint", *errors], body, title=heading))
    return tables


def _spread(compared: Comparison) -> list[html.Html]:
    """Give error against spread, or why it is not known."""
    labeled = compared.labeled
    if labeled is None or len(labeled.tracks.members) < 2:
        return []
    plots = _grid_of(spread_plots(labeled, compared.colours))
    return [html.paragraph(SPREAD_NOTE), *plots] if plots else []


def _rules(compared: Comparison) -> list[html.Html]:
    """Plot how often each video breaks each rule."""
    plots = []
    for measure, limit in compared.rules.items():
        by_video = [rates([video], measure, limit) for video in compared.videos]
        sources = [n for n in compared.colours if any(n in own for own in by_video)]
        if not sources:
            continue
        series = {n: [own.get(n, float("nan")) for own in by_video] for n in sources}
        unit = compared.videos[0].unit(measure)
        label = f"points above {limit:.3g} {unit} (%)"
        names = [video.tracks.subject for video in compared.videos]
        heading = capital(words(measure))
        plots.append(row_plot(names, series, heading, label, compared.colours))
    return [html.paragraph(RULES), *_grid_of(plots)] if plots else []


def _grid_of(plots: Sequence[str]) -> list[html.Html]:
    """Set plots side by side, where there are any."""
    return [html.grid(map(html.plot, plots))] if plots else []


def recordings(compared: Comparison, keypoints: Sequence[str]) -> list[Recording]:
    """Choose what is traced: x, y, confidence and spread, of every source of every video."""
    found = []
    for video in compared.videos:
        names = video.keypoints
        chosen = [k for k, name in enumerate(names) if name in (keypoints or names)]
        frames = len(next(iter(video.tracks.sources.values())))
        if frames and chosen:
            kept = tuple(names[k] for k in chosen)
            found.append(Recording(video.tracks.subject, frames, kept, _panels(video, chosen)))
    return found


def _panels(video: Subject, chosen: list[int]) -> tuple[Panel, ...]:
    """Give the panels of a video."""
    sources = video.tracks.sources
    spread = {name: value[:, chosen] for name, value in video.values(DEVIATION).items()}
    if of_all := list(video.values(SPREAD).values()):
        spread[ENSEMBLE] = of_all[0][:, chosen]
    points = {name: one.keypoints[:, chosen] for name, one in sources.items()}
    confidence = {n: value[:, chosen] for n, value in video.values(CONFIDENCE).items()}
    return (
        Panel("x", "px", {name: value[..., 0] for name, value in points.items()}),
        Panel("y", "px", {name: value[..., 1] for name, value in points.items()}),
        Panel("confidence", "", confidence, (0.0, 1.05)),
        Panel("spread", "px", spread),
    )


def _line_colours(compared: Comparison) -> dict[str, int]:
    """Give the colours of sources, and of what belongs to all of them."""
    return {**compared.colours, ENSEMBLE: INK}


def _worst(worst: Sequence[WorstFrame], traced: set[str]) -> list[html.Html]:
    """Show frames; those of videos lead to their traces."""
    if not worst:
        return []
    shown = [html.picture(one.image, one.caption, more=_to_trace(one, traced)) for one in worst]
    return [html.paragraph(WORST), html.grid(shown, least=300)]


def _to_trace(one: WorstFrame, traced: set[str]) -> html.Html:
    """Give a button that shows the moment in the traces, where it is traced."""
    if one.subject not in traced:
        return html.Html("")
    where = f'data-video="{escaped(one.subject)}" data-keypoint="{escaped(one.keypoint)}"'
    return html.Html(
        f' <button type="button" class="goto" {where} data-frame="{one.number}">'
        "show in the traces</button>"
    )


def _settings(compared: Comparison) -> list[html.Html]:
    """Tabulate the options in which runs differ, and which weights they kept."""
    runs = compared.runs
    names = [n for n in differing([run.options for run in runs]) if n not in NOT_COMPARED]
    rows: list[list[Cell]] = [[n, *(_cell(run.options.get(n)) for run in runs)] for n in names]
    if any(run.kept for run in runs):
        rows.append(["weights kept", *(run.kept for run in runs)])
    same = [] if names or len(runs) < 2 else [html.paragraph("All runs have the same settings.")]
    table = Table.of(["option", *(run.name for run in runs)], rows, title="Where runs differ")
    return [*same, html.table(table)] if rows else same


def _cell(value: Any) -> Cell:
    """Give an option as a table shows it."""
    return value if isinstance(value, str) or value is None else json.dumps(value)
