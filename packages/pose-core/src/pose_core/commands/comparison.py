"""What a sweep found: its members side by side, best first. Loads no torch."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pose_core.diagnostics.candidates import ERROR as VALIDATION_ERROR
from pose_core.diagnostics.candidates import Member, differing, read_member
from pose_core.diagnostics.measures import ERROR
from pose_core.reports.tables import Cell, Table, table_text, write_csv
from pose_core.run_folder import runs_below
from pose_core.training.options import ENOUGH
from pose_core.wording import count_of

COMPARISON = "comparison.csv"
PIXELS = (VALIDATION_ERROR, ERROR)
"""What is in pixels, and comes before all else."""


def compare(sweep: Path) -> list[str]:
    """Write `comparison.csv` into a sweep's folder, and say what it shows.

    All finished runs below the folder are compared, best first.

    Args:
        sweep: folder of the sweep.

    Returns:
        The table and the winner as lines; none for less than two finished runs.
    """
    members = sorted(map(read_member, runs_below(sweep)), key=lambda member: member.error)
    if len(members) < 2:
        return []
    table = table_of([os.path.relpath(one.folder, sweep) for one in members], members)
    write_csv(sweep / COMPARISON, table)
    return [table_text(table), *verdict(sweep, members)]


def table_of(names: Sequence[str], members: Sequence[Member]) -> Table:
    """Put members in rows: their names, options that differ, then what validation found."""
    options = differing([member.options for member in members])
    known = dict.fromkeys(name for member in members for name in member.found)
    found = sorted(known, key=lambda name: name not in PIXELS)
    rows: list[list[Cell]] = [
        [
            called,
            *(cell(member.options.get(name)) for name in options),
            *(member.found.get(name) for name in found),
        ]
        for called, member in zip(names, members, strict=True)
    ]
    columns = ["run", *options, *(f"{n} (px)" if n in PIXELS else n for n in found)]
    return Table.of(columns, rows, digits=4)


def cell(value: Any) -> Cell:
    """Give an option as a table shows it."""
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value if is_plain or value is None else json.dumps(value)


def verdict(sweep: Path, members: Sequence[Member]) -> list[str]:
    """Name the best member, and say what makes that uncertain."""
    lines = [f"written: {sweep / COMPARISON}"]
    best = members[0]
    if best.error == float("inf"):
        return [*lines, "no validation frames: set data.validation above 0 to tell which is best"]
    if len({member.split for member in members}) > 1:
        lines.append(
            "warning: members were validated on different frames; give all of them one split=PATH"
        )
    elif best.points < ENOUGH:
        points = count_of(best.points, "labeled point")
        lines.append(f"warning: {points} to validate on cannot tell much")
    return [*lines, f"best: {best.folder.relative_to(sweep)}, {best.error:.2f} px"]
