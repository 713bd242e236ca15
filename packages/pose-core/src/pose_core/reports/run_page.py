"""The page that compares runs and smoothers: from what was gathered to sections."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pose_core.diagnostics.candidates import NOT_COMPARED, differing
from pose_core.diagnostics.measures import ERROR
from pose_core.diagnostics.thresholds import SHARE
from pose_core.reports import page as html
from pose_core.reports.axes import escaped
from pose_core.reports.compared import (
    SETS,
    Comparison,
    Subject,
    capital,
    rows_of,
    words,
)
from pose_core.reports.demo_results import mean
from pose_core.reports.row_plot import row_plot
from pose_core.reports.run_plots import curve_plots, error_plots, spread_plots
from pose_core.reports.run_summary import glance, rates, sentences
from pose_core.reports.run_traces import EXPLAINED, line_colours, recordings
from pose_core.reports.tables import Cell, Table
from pose_core.reports.traces import BUDGET, traces
from pose_core.reports.worst_frames import WorstFrame
from pose_core.wording import count_of


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
    table = glance(compared)
    summary = tuple(sentences(compared))
    drawn = recordings(compared, keypoints)
    traced = traces(drawn, line_colours(compared), budget) if drawn else None
    notes = traced.notes if traced else ()
    sections = [
        ("", [html.listed(summary[1:]), html.table(table, GLANCE)]),
        ("Errors", _errors(compared)),
        ("Error against spread", _spread(compared)),
        ("Violations", _rules(compared)),
        (
            "Traces",
            [
                html.paragraph(EXPLAINED),
                *(html.paragraph(n, note=True) for n in notes),
                traced.block,
            ]
            if traced
            else [],
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
    "The spread is how far the members of an ensemble lie apart (root mean square). Errors are the "
    "mean of its members' own; a smoother is held against the spread of its members. A curve that "
    "rises says that the members disagree where they err, so that the spread can be trusted to "
    "find mistakes where there are no labels; one that stays flat, that it cannot. Frames that "
    "were trained on are left out where there are others."
)
RULES = (
    "How many points of each video are beyond what a sound track does. Temporal norm: it moved "
    "further than that since the frame before, which a fast animal may. PCA singleview error: it "
    "is that far from every pose that the labels know. PCA multiview error: the views of one point "
    f"disagree by that much. Where no threshold was given, it is {SHARE:.0%} of the length of the "
    "body."
)
WORST = (
    "Where errors are largest on labeled frames, and where most rules are broken in videos, cut "
    "round the worst point. Captions say whose marks are discs, rings and crosses."
)


def title(compared: Comparison) -> str:
    """Name the page."""
    runs, rest = len(compared.runs), len(compared.colours) - len(compared.runs)
    named = {run.name for run in compared.runs}
    ensembles = len([e for e, own in compared.sources.items() if e and not named.isdisjoint(own)])
    told = count_of(runs, "run") + (f" in {ensembles} ensembles" if ensembles > 1 else "")
    return f"{told} and {count_of(rest, 'smoother')}" if rest > 0 else told


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
        heading = f"Mean error on {count_of(len(rows), f'{called} frame')} (px)"
        tables.append(Table.of(["keypoint", *errors], body, title=heading))
    return tables


def _spread(compared: Comparison) -> list[html.Html]:
    """Give error against spread, or why it is not known."""
    labeled = compared.labeled
    if labeled is None:
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
    """Tabulate the options in which runs differ, a row per run, and which weights they kept."""
    runs = compared.runs
    names = [n for n in differing([run.options for run in runs]) if n not in NOT_COMPARED]
    same = [] if names or len(runs) < 2 else [html.paragraph("All runs have the same settings.")]
    kept = {run.kept for run in runs}
    if len(kept) == 1 and kept != {""}:
        whose = ", of all runs" if len(runs) > 1 else ""
        same.append(html.paragraph(f"Weights kept{whose}: {next(iter(kept))}."))
    columns = {name: [_cell(name, run.options.get(name)) for run in runs] for name in names}
    columns |= {"weights kept": [run.kept for run in runs]} if len(kept) > 1 else {}
    rows = zip([run.name for run in runs], *columns.values(), strict=True)
    table = Table.of(["run", *columns], [*rows], title="Where runs differ")
    return [*same, html.table(table)] if columns else same


def _cell(name: str, value: Any) -> Cell:
    """Give an option as a table shows it; a loss without options of its own is on."""
    if value == {}:
        return "on" if name.startswith("losses.") else "by default"
    return value if isinstance(value, str) or value is None else json.dumps(value)
