"""Errors by subject, video or any other group, in units of the animal's own size (Horse-10)."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import ERROR
from pose_core.diagnostics.summary import ALL
from pose_core.diagnostics.thresholds import diagonals
from pose_core.errors import ConfigError, FormatError, reason
from pose_core.labels import Labels, video_of
from pose_core.metrics import pixel_error
from pose_core.options import suggest
from pose_core.splits import SETS

GROUPS = "groups.csv"
NEAR = 0.3
"""Of the unit: a point within it counts as correct in PCK@0.3."""


@dataclass(frozen=True)
class GroupRow:
    """The errors of one source in the frames of one set and group.

    Attributes:
        source: who predicted.
        set: "train", "validation", "test" or "unused".
        domain: "in" for groups that the source was trained on, "out" for others.
        group: its name, or "all" for those of the domain together.
        frames: with a known error.
        points: with one.
        unit_px: pixels of the unit that errors are divided by; NaN for several groups.
        error_px: mean error.
        error: mean error in units of the group.
        pck: share of points with an error of at most 0.3 units.
    """

    source: str
    set: str
    domain: str
    group: str
    frames: int
    points: int
    unit_px: float
    error_px: float
    error: float
    pck: float


def read_groups(path: Path, column: str | None = None) -> dict[str, str]:
    """Read which group each frame is of.

    Args:
        path: a CSV with a column `frame`, as labels name them, and one or more of groups.
        column: that names the groups; None takes the only one.

    Raises:
        FormatError: if it cannot be read or has no such columns.
        ConfigError: if the column is not there, or is one of several and not named.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = [name for name in reader.fieldnames or () if name != "frame"]
            rows = list(reader)
    except (OSError, ValueError, csv.Error) as error:
        raise FormatError(
            f"{path}: cannot be read ({reason(error)}); give a CSV with a column 'frame'"
        ) from error
    if not rows or "frame" not in rows[0] or not columns:
        raise FormatError(f"{path}: needs a row per frame, with columns 'frame' and a group's")
    if column is None and len(columns) > 1:
        raise ConfigError(f"--group-by: {path} has {', '.join(columns)}; name one")
    column = column or columns[0]
    if column not in columns:
        raise ConfigError(f"--group-by: no column {column!r} in {path}; {suggest(column, columns)}")
    return {row["frame"]: row[column] or "" for row in rows}


def group_of(frames: Iterable[str], given: Mapping[str, str] | None = None) -> list[str]:
    """Name the group of each frame: the one given, or else the video it comes from.

    Raises:
        FormatError: for a frame that no group is given for.
    """
    frames = list(frames)
    if given is None:
        return [video_of(frame) for frame in frames]
    if absent := [frame for frame in frames if frame not in given]:
        raise FormatError(
            f"groups: {len(absent)} of {len(frames)} frames are of none, the first is "
            f"{absent[0]!r}; list all labeled frames"
        )
    return [given[frame] for frame in frames]


def units_of(
    truth: Labels, groups: Sequence[str], reference: tuple[int, int] | None
) -> dict[str, float]:
    """Give the size of the animal in each group: the median distance of two labeled points.

    Where there are none such in a group, or no points are named, it is the median diagonal of the
    box about its points.

    Args:
        truth: labels of frames.
        groups: of each frame.
        reference: the two keypoints, such as nose and eye.
    """
    units = {}
    for name in dict.fromkeys(groups):
        points = truth.keypoints[[row for row, group in enumerate(groups) if group == name]]
        pairs = pixel_error(*(points[:, k] for k in reference)) if reference else np.zeros(0)
        for lengths in (pairs[pairs > 0], diagonals(points), np.array([np.nan])):
            if len(lengths):
                units[name] = float(np.median(lengths))
                break
    return units


def by_group(
    measured: Measured, groups: Sequence[str], units: Mapping[str, float]
) -> list[GroupRow]:
    """Sum up the errors of each set and group, and of all groups of a domain.

    Args:
        measured: of labeled frames, with their sets; without a pixel error nothing is found.
        groups: of each frame.
        units: pixels, by group.
    """
    if ERROR not in measured.values or measured.sets is None:
        return []
    trained = {group for group, one in zip(groups, measured.sets, strict=True) if one == "train"}
    rows = []
    for name in (*SETS, "unused"):
        own = [row for row, one in enumerate(measured.sets) if one == name]
        for domain in ("in", "out"):
            some = [row for row in own if (groups[row] in trained) == (domain == "in")]
            rows += list(of_domain(measured, (name, domain), some, groups, units))
    return rows


def of_domain(
    measured: Measured,
    where: tuple[str, str],
    rows: Sequence[int],
    groups: Sequence[str],
    units: Mapping[str, float],
) -> Iterator[GroupRow]:
    """Sum up some frames of one set and domain: each group, then all."""
    for group in [*sorted({groups[row] for row in rows}), ALL] if rows else ():
        own = [row for row in rows if group in (ALL, groups[row])]
        pixels = measured.values[ERROR][own]
        known = np.isfinite(pixels)
        scaled = (pixels / np.array([units[groups[row]] for row in own])[:, None])[known]
        means = (float("nan"),) * 3
        if len(scaled):
            near = (scaled <= NEAR).mean().item()
            means = pixels[known].mean().item(), scaled.mean().item(), near
        counts = int(known.any(1).sum()), len(scaled)
        unit = float("nan") if group == ALL else units[group]
        yield GroupRow(measured.source, *where, group, *counts, unit, *means)
