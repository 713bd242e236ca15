"""Say in a few lines what a project or a file holds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pose_io_dlc.labels import read_labels
from pose_io_dlc.predictions import read_predictions
from pose_io_dlc.projects.opening import open_project
from pose_io_dlc.sheets.files import read_sheet
from pose_io_dlc.tables import LabelTable, PredictionTable


def describe(path: Path | str) -> Iterator[str]:
    """Give lines about a project folder, or a file of labels or predictions.

    Raises:
        FormatError: if it is neither.
    """
    path = Path(path)
    if path.is_file() and path.suffix.lower() not in (".yaml", ".yml"):
        table = read_table(path)
        kind = "labels" if isinstance(table, LabelTable) else "predictions"
        yield f"{path}: {kind} by {table.scorer!r}"
        yield from describe_table(table)
        return
    project = open_project(path)
    yield f"{path}: {project.kind} project {project.name!r}, labeled by {project.labels.scorer!r}"
    yield from describe_table(project.labels)
    if project.symmetric:
        yield "symmetric: " + ", ".join(f"{left} | {right}" for left, right in project.symmetric)
    if project.views:
        yield f"views: {', '.join(project.views)}"
    yield f"videos: {len(project.videos)}"
    yield from (f"  {video.relative_to(project.root)}" for video in project.videos)
    missing = project.missing_images()
    yield f"images: {len(project.labels) - len(missing)} of {len(project.labels)} found"
    yield from (f"note: {warning}" for warning in project.warnings)


def read_table(path: Path) -> LabelTable | PredictionTable:
    """Read a file of either kind, as its columns say.

    Raises:
        FormatError: if it cannot be read.
    """
    sheet = read_sheet(path)
    images = not isinstance(sheet.index, np.ndarray)
    labels = images and not np.isfinite(sheet.column("likelihood")).any()
    return read_labels(path) if labels else read_predictions(path)


def describe_table(table: LabelTable | PredictionTable) -> Iterator[str]:
    """Give lines about frames, keypoints and what is missing."""
    known = np.isfinite(table.keypoints).all(-1)
    yield f"frames: {len(table)}"
    if isinstance(table, PredictionTable) and table.numbers is not None and len(table):
        gaps = int(table.numbers.max()) + 1 - len(table)
        yield f"frame numbers: {table.numbers.min()} to {table.numbers.max()}, {gaps} left out"
    if table.animals:
        yield f"individuals: {', '.join(table.animals)}"
    if known.any():
        low, high = np.nanmin(table.keypoints, (0, 1)), np.nanmax(table.keypoints, (0, 1))
        yield f"coordinates: x {low[0]:.1f} to {high[0]:.1f}, y {low[1]:.1f} to {high[1]:.1f}"
    if isinstance(table, PredictionTable) and table.extra:
        yield f"further columns: {', '.join(table.extra)}"
    names = [f"{one}/{name}" if one else name for one, name in table.points]
    width = max(map(len, names))
    yield f"{'keypoint':{max(width, 8)}}  known  missing"
    for name, count in zip(names, known.sum(axis=0), strict=True):
        yield f"{name:{max(width, 8)}}  {count:5d}  {len(table) - count:7d}"
