"""What a file or folder holds, as plain facts: dictionaries, lists, text and numbers."""

from glob import escape
from pathlib import Path
from typing import Any

import numpy as np

from pose_io_dlc.bridges.formats import bridge_of
from pose_io_dlc.commands.counting import (
    box_of,
    frames_of,
    outside_of,
    points_of,
    quantiles,
    sizes_of,
)
from pose_io_dlc.commands.paths import refuse_missing
from pose_io_dlc.errors import FormatError
from pose_io_dlc.file_names import parse_file_name
from pose_io_dlc.kinds import kind_of
from pose_io_dlc.labels import FOLDER, read_labels
from pose_io_dlc.predictions import read_predictions
from pose_io_dlc.projects.movies import video_size
from pose_io_dlc.projects.project import VIDEOS
from pose_io_dlc.sheets.files import H5, PARQUET, is_table, words_in
from pose_io_dlc.tables import LabelTable, PredictionTable

Facts = dict[str, Any]

YAML = (".yaml", ".yml")


def facts_of(path: Path) -> Facts:
    """Describe a project, a folder of files, or a file.

    Raises:
        FormatError: if it is nothing this package knows, or cannot be read.
    """
    refuse_missing(path)
    if path.is_file() and path.suffix.lower() not in YAML:
        return of_file(path)
    from pose_io_dlc.commands.describing_projects import of_folder, of_project
    from pose_io_dlc.projects.opening import kinds_of

    if path.is_dir() and not kinds_of(path):
        return of_folder(path)
    return of_project(path)


def of_file(path: Path) -> Facts:
    """Describe a file by its kind.

    Raises:
        FormatError: if it cannot be read.
    """
    facts: Facts = {"path": str(path), "size": path.stat().st_size}
    if bridge := bridge_of(path):
        table = bridge.read(path)
        kind = "labels" if isinstance(table, LabelTable) else "predictions"
        return facts | {"kind": kind, "tool": bridge.name} | of_table(path, table)
    kind = kind_of(path)
    facts["kind"] = kind
    if kind == "unknown":
        return facts | of_unknown(path)
    if kind in ("labels", "predictions", "tracks"):
        return facts | of_table(path, read_table(path))
    from pose_io_dlc.commands.describing_others import of_other

    return facts | of_other(path, kind)


def read_table(path: Path) -> LabelTable | PredictionTable:
    """Read labels or predictions, as the file itself says which it holds.

    Raises:
        FormatError: if it cannot be read.
    """
    return read_labels(path) if kind_of(path) == "labels" else read_predictions(path)


def of_unknown(path: Path) -> Facts:
    """Try to read what no kind was found for, so that the error says why."""
    if path.suffix.lower() in (".csv", *H5, *PARQUET) or is_table(path):
        read_predictions(path)
    raise FormatError(
        f"{path}: is no kind of file that is read here; known are tables (.csv, .h5, .parquet), "
        "DeepLabCut's pickles, and the config.yaml of a project"
    )


def of_table(path: Path, table: LabelTable | PredictionTable) -> Facts:
    """Describe labels or predictions."""
    facts: Facts = {"scorer": table.scorer, "frames": len(table)}
    name = parse_file_name(path, table.scorer)
    if name.video and name.scorer:
        facts["video"] = name.video
    if isinstance(table, PredictionTable):
        facts |= of_predictions(table) | of_film(path, name.video or path.stem, table)
    else:
        facts |= of_labels(table, root_of(path))
    if words := [] if bridge_of(path) else list(words_in(path)):
        facts["columns_of_words"] = words
    if table.animals:
        facts["individuals"] = list(table.animals)
    facts["coordinates"] = box_of(table.keypoints)
    return facts | {"keypoints": points_of(table), "warnings": list(table.warnings)}


def of_labels(table: LabelTable, root: Path) -> Facts:
    """Describe what only labels have: labeled frames, and images to hold them against."""
    found = sum((root / frame).is_file() for frame in table.frames)
    facts: Facts = {"labeled": int(np.isfinite(table.keypoints).all(-1).any(1).sum())}
    return facts | {"images_found": found, **sizes_of(table, root)}


def of_predictions(table: PredictionTable) -> Facts:
    """Describe what only predictions have: numbered rows, confidence, further columns."""
    facts = frames_of(table)
    facts["with_points"] = int(np.isfinite(table.keypoints).all(-1).any(1).sum())
    facts["confidence"] = quantiles(table.confidence)
    if table.extra:
        facts["further_columns"] = list(table.extra)
    return facts


def of_film(path: Path, stem: str, table: PredictionTable) -> Facts:
    """Hold predictions against the frames of their video, where it lies beside them."""
    films = [one for one in path.parent.glob(f"{escape(stem)}.*") if one.suffix.lower() in VIDEOS]
    size = video_size(films[0]) if films and table.frames is None else None
    if size is None:
        return {}
    height, width = size
    outside = int(outside_of(table.keypoints, [size]).sum())
    return {"video_size": {"width": width, "height": height}, "outside": outside}


def root_of(path: Path) -> Path:
    """Give the folder below which a file of labels names its images."""
    inside = path.absolute().parent.parent.name == FOLDER
    return path.absolute().parents[2] if inside else path.parent
