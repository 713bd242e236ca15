"""`pose diagnose`: whether tracks can be trusted, per keypoint and frame, as tables."""

from argparse import ArgumentParser, Namespace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.commands.sources import (
    add_sources,
    common_folder,
    finished,
    left_out,
    parse_threshold,
    repeated,
)
from pose_core.errors import ConfigError, FormatError
from pose_core.wording import count_of

if TYPE_CHECKING:
    from pose_core.diagnostics.diagnosis import Diagnosis, Wishes
    from pose_core.plugins import Plugins
    from pose_core.reports.tables import Cell, Table

HELP = "measure where tracks cannot be trusted"
EPILOG = """\
examples:
  pose diagnose outputs/run                        # its labeled frames and predicted videos
  pose diagnose sweep/ --predictions tracks/       # an ensemble, and what smoothing made of it
  pose diagnose sweep/ --threshold pixel_error=5 --threshold confidence=0.8
  pose diagnose sweep/ --reference nose,eye --groups subjects.csv

Writes, per source and video, a table of a row per frame and a column per measure and keypoint; and
runs.csv (of which runs all this is), summary.csv, outliers.csv (how well each measure finds wrong
points), calibration.csv and reliability.csv (what a confidence is worth), groups.csv (errors by
video, or by the groups given) and curves.csv (errors by the share of frames trained on).

A violation is a distance above a twentieth of the animal's length, or a confidence below 0.9,
unless --threshold says otherwise. Labeled frames need predictions.csv: pose evaluate writes it.
"""
FOLDER = "diagnostics"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose diagnose` takes."""
    add_sources(parser)
    parser.add_argument(
        "--output", "-o", type=Path,
        help=f"folder to write to [RUN/{FOLDER}; of several, in the folder they share]",
    )  # fmt: skip
    parser.add_argument(
        "--overwrite", action="store_true", help="replace diagnostics of other runs"
    )
    parser.add_argument(
        "--reference", metavar="A,B", help="keypoints whose distance is the unit of errors"
    )
    parser.add_argument("--groups", metavar="FILE", type=Path, help="CSV of frame and group")
    parser.add_argument("--group-by", metavar="COLUMN", help="of that file, if it has several")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Gather, measure, write, and say the most important."""
    from pose_core.commands.replacing import replaceable, replaced
    from pose_core.diagnostics.diagnosis import diagnose
    from pose_core.diagnostics.gathering import gather
    from pose_core.diagnostics.notices import once
    from pose_core.reports.tables import table_text

    wishes, say = wishes_of(arguments), once()
    runs, folders = finished(arguments.runs, say)
    output = arguments.output or common_folder(arguments.runs) / FOLDER
    former = replaceable(output, runs, arguments.overwrite)
    folders += arguments.predictions
    found = gather(runs, plugins, folders, arguments.project, say)
    if not found:
        raise FormatError(
            f"{arguments.runs[0]}: nothing is predicted; run pose evaluate or predict"
        )
    diagnosis = diagnose(found, plugins, output, wishes, say)
    replaced(output, runs, former, diagnosis.tables)
    for table in (labels_table(diagnosis), violations_table(diagnosis), groups_table(diagnosis)):
        if table.rows:
            print(table_text(table) + "\n")
    lost = left_out(arguments.runs, runs, {name for one in found for name in one.sources})
    for line in lost:
        print(line)
    print(f"written: {count_of(len(diagnosis.tables), 'table')}, summary.csv and more in {output}")
    print(f"next: pose report {repeated(arguments, runs)}")
    return int(bool(lost))


def wishes_of(arguments: Namespace) -> "Wishes":
    """Read what is asked for.

    Raises:
        ConfigError: for an option that cannot be.
        FormatError: if the file of groups cannot be used.
    """
    from pose_core.diagnostics.diagnosis import Wishes
    from pose_core.diagnostics.groups import read_groups

    if arguments.group_by and not arguments.groups:
        raise ConfigError("--group-by: names a column; give its file too: --groups FILE")
    return Wishes(
        thresholds=dict(map(parse_threshold, arguments.threshold)),
        reference=None if arguments.reference is None else parse_pair(arguments.reference),
        groups=read_groups(arguments.groups, arguments.group_by) if arguments.groups else None,
    )


def parse_pair(text: str) -> tuple[str, str]:
    """Parse two names of keypoints.

    Raises:
        ConfigError: if they are not two.
    """
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or names[0] == names[1]:
        raise ConfigError(f"--reference: {text!r} is not two keypoints; for example nose,tail")
    return names[0], names[1]


def labels_table(diagnosis: "Diagnosis") -> "Table":
    """Give the mean pixel error of each source by set, and how reliable its confidence is."""
    from pose_core.diagnostics.measures import ERROR
    from pose_core.diagnostics.summary import ALL
    from pose_core.reports.tables import Table

    rows = [r for r in diagnosis.summary if r.measure == ERROR and r.keypoint == ALL]
    sets = list(dict.fromkeys(row.set for row in rows))
    errors = {(row.source, row.set): row for row in rows}
    found: list[list[Cell]] = []
    for source in dict.fromkeys(row.source for row in rows):
        cells: list[Cell] = [source]
        for name in sets:
            row = errors.get((source, name))
            cells += [row.mean, shared(row.violation_rate)] if row else [None, None]
        found.append(cells)
    limit = f"> {diagnosis.thresholds.get(ERROR, float('nan')):.1f}"
    columns = [name for each in sets for name in (f"{each} (px)", limit)]
    return Table.of(["labeled frames", *columns], found)


def violations_table(diagnosis: "Diagnosis") -> "Table":
    """Give the violation rates of each source by video."""
    from pose_core.diagnostics.summary import ALL
    from pose_core.reports.tables import Table

    rows = [r for r in diagnosis.summary if r.set == "" and r.keypoint == ALL]
    measures = [n for n in diagnosis.thresholds if any(row.measure == n for row in rows)]
    rates = {(row.subject, row.source, row.measure): row.violation_rate for row in rows}
    found: list[list[Cell]] = []
    for subject, source in dict.fromkeys((row.subject, row.source) for row in rows):
        given = [rates.get((subject, source, name)) for name in measures]
        found.append([subject, source, *map(shared, given)])
    return Table.of(["video", "source", *measures], found, f"violations: {limits(diagnosis)}")


def shared(rate: float | None) -> str | None:
    """Write a rate in per cent; nothing for one that is not known."""
    return None if rate is None or isnan(rate) else f"{rate:.1%}"


def limits(diagnosis: "Diagnosis") -> str:
    """Say from where on measures are violated; distances together where they have one limit."""
    from pose_core.diagnostics.measures import CONFIDENCE

    distances = {n: value for n, value in diagnosis.thresholds.items() if n != CONFIDENCE}
    if len(set(distances.values())) == 1:
        distances = {"distances": next(iter(distances.values()))}
    told = [f"{name} > {value:.3g}" for name, value in distances.items()]
    return ", ".join([*told, f"{CONFIDENCE} < {diagnosis.thresholds[CONFIDENCE]:.3g}"])


def groups_table(diagnosis: "Diagnosis") -> "Table":
    """Give normalised errors by set and domain."""
    from pose_core.diagnostics.summary import ALL
    from pose_core.reports.tables import Table

    rows = [row for row in diagnosis.groups if row.group == ALL and row.points]
    columns = ["source", "set", "domain", "error (body)", "PCK@0.3"]
    return Table.of(columns, [[r.source, r.set, r.domain, r.error, r.pck] for r in rows], digits=3)
