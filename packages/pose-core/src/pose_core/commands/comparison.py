"""What a sweep found: its members side by side, best first. Loads no torch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pose_core.reports.tables import Cell, Table, table_text, write_csv
from pose_core.run_folder import CONFIG, SPLIT, STATUS, read, runs_below
from pose_core.training.options import ENOUGH

COMPARISON = "comparison.csv"
ERROR = "validation_error"
NOT_COMPARED = ("output", "resume")


@dataclass(frozen=True)
class Member:
    """A finished run of a sweep.

    Attributes:
        folder: the model.
        options: dotted names to values.
        found: what validation said of the weights that were kept.
        points: labeled in the validation frames.
        split: text of its split.
    """

    folder: Path
    options: Mapping[str, Any]
    found: Mapping[str, float]
    points: int
    split: str

    @property
    def error(self) -> float:
        """Its validation error, in pixels; infinite where there is none."""
        return self.found.get(ERROR, float("inf"))


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
    table = table_of(sweep, members)
    write_csv(sweep / COMPARISON, table)
    return [table_text(table), *verdict(sweep, members)]


def read_member(folder: Path) -> Member:
    """Read what a finished run says of itself."""
    status, config = read(folder / STATUS, json.loads), read(folder / CONFIG, yaml.safe_load)
    kept = status.get("kept", {})
    found = {n: v for n, v in kept.items() if n.startswith("validation_") and v is not None}
    options = {name: value for name, value in leaves(config).items() if name not in NOT_COMPARED}
    split = (folder / SPLIT).read_text(encoding="utf-8")
    return Member(folder, options, found, kept.get("points", 0), split)


def leaves(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested options as one mapping, by dotted names."""
    found: dict[str, Any] = {}
    for name, value in mapping.items():
        if isinstance(value, Mapping) and value:
            found |= leaves(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def differing(members: Sequence[Member]) -> list[str]:
    """List the options in which members differ."""
    names = dict.fromkeys(name for member in members for name in member.options)
    return [n for n in names if len({repr(member.options.get(n)) for member in members}) > 1]


def table_of(sweep: Path, members: Sequence[Member]) -> Table:
    """Put members in rows: options that differ, then what validation found."""
    options = differing(members)
    found = sorted({name for member in members for name in member.found}, key=order)
    rows: list[list[Cell]] = [
        [
            str(member.folder.relative_to(sweep)),
            *(cell(member.options.get(name)) for name in options),
            *(member.found.get(name) for name in found),
        ]
        for member in members
    ]
    columns = ["run", *options, *(f"{n} (px)" if n == ERROR else n for n in found)]
    return Table.of(columns, rows, digits=4)


def order(name: str) -> tuple[bool, str]:
    """Sort the validation error before all else."""
    return name != ERROR, name


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
        lines.append(f"warning: {best.points} labeled points to validate on do not tell much")
    return [*lines, f"best: {best.folder.relative_to(sweep)}, {best.error:.2f} px"]
