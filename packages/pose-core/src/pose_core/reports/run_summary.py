"""What a comparison comes to: a table for one glance, and a few sentences."""

from collections.abc import Collection, Sequence

import numpy as np

from pose_core.diagnostics.measures import CONFIDENCE, ERROR
from pose_core.diagnostics.thresholds import violation_rate
from pose_core.diagnostics.unsure import unsure, unsure_told
from pose_core.metrics import auroc
from pose_core.reports.compared import SETS, Comparison, Subject, rows_of, words
from pose_core.reports.demo_results import mean
from pose_core.reports.run_plots import BySpread, by_spread
from pose_core.reports.tables import Cell, Table
from pose_core.reports.verdict import ensembles_told, standing, told
from pose_core.wording import enumerated

UNKNOWN = "How far predictions are from the truth is not known: no labeled frame was compared."
ENOUGH = 100
"""Points, of which a tenth has a mean worth telling."""
TELLS = 0.6
"""Share of pairs in which the point that errs more has the larger spread; less is near chance."""


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
    if found := rates(compared.videos, CONFIDENCE, compared.least):
        columns[f"{CONFIDENCE} < {compared.least:.3g} (%)"] = found
    body: list[list[Cell]] = [
        [name, *(own.get(name) for own in columns.values())]
        for name in compared.colours
        if any(name in own for own in columns.values())
    ]
    return Table.of(["", *columns], body, title="At a glance", best="low")


def rates(videos: Sequence[Subject], measure: str, limit: float) -> dict[str, float]:
    """Give how many per cent of the points of all videos violate a threshold, by source."""
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


def sentences(compared: Comparison) -> list[str]:
    """Say what came out, the most important first."""
    found = standing(compared.labeled) if compared.labeled else None
    said = [told(found) if found else UNKNOWN]
    said += ensembles_told(compared.labeled) if compared.labeled else []
    doubted = _unsure(compared)
    said += [f"{line}." for line in unsure_told(doubted, compared.least)]
    said += _rules_told(compared, doubted)
    said += _spread_told(compared.labeled) if compared.labeled else []
    if compared.notes:
        count = len(compared.notes)
        said.append(f"Something is missing or odd: see the notes at the end ({count}).")
    return said


def _rules_told(compared: Comparison, doubted: Collection[str]) -> list[str]:
    """Say who breaks fewest rules in videos, in a sentence; who is sure of nothing cannot win."""
    won: dict[str, list[str]] = {}
    for measure, limit in compared.rules.items():
        every = rates(compared.videos, measure, limit)
        sure = {name: rate for name, rate in every.items() if name not in doubted} or every
        order = sorted(sure.items(), key=lambda pair: pair[1])
        if len(order) > 1:
            least, (worst, most) = order[0][1], order[-1]
            if f"{least:.1f}" == f"{most:.1f}":
                continue  # a tie, as it is shown
            share = f"{words(measure)} {least:.1f} % ({worst} {most:.1f} %)"
            winners = [name for name, rate in order if f"{rate:.1f}" == f"{least:.1f}"]
            won.setdefault(enumerated(winners), []).append(share)
    told = "; ".join(f"{best}, {', '.join(shares)}" for best, shares in won.items())
    return [f"Fewest points in violation in videos: {told}."] if told else []


def _unsure(compared: Comparison) -> dict[str, float]:
    """Give the share of points in doubt of networks of which that is nearly all."""
    members = {name for one in compared.subjects for name in one.tracks.members}
    measured = [m for one in compared.subjects for m in one.measured.values()]
    return unsure([one for one in measured if one.source in members], compared.least)


def _spread_told(labeled: Subject) -> list[str]:
    """Say of each ensemble whether members disagree where they err; nothing if it is not known."""
    tracks = labeled.tracks
    return [
        _told(name if len(tracks.families) > 1 else "members of the ensemble", one)
        for name, one in by_spread(labeled).items()
        if one.source in tracks.members and len(one.errors) >= ENOUGH
    ]


def _told(members: str, found: BySpread) -> str:
    """Say whether the spread of an ensemble finds its mistakes."""
    spread, errors = found.spread, found.errors
    tells = auroc(spread, errors >= np.quantile(errors, 0.9))
    if tells < TELLS:
        return (
            f"How far {members} disagree does not find mistakes here: a point of the tenth with "
            "the largest errors has a larger spread than another one in "
            f"{100 * tells:.0f} % of all pairs, and 50 % is chance. Leave out no points by it."
        )
    high = spread >= np.quantile(spread, 0.9)
    return (
        f"Where {members} disagree most (a tenth of the points) they err by "
        f"{errors[high].mean():.1f} px, elsewhere by {errors[~high].mean():.1f} px."
    )
