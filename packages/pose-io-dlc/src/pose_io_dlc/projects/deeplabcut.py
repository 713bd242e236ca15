"""Open a DeepLabCut project: `config.yaml`, files of labels in `labeled-data/<video>/`, `videos/`.

What the config says of paths is not believed: it names the machine the project was made on, or
nothing. Everything is found from where the config lies.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import FOLDER, read_labels
from pose_io_dlc.projects.project import (
    VIDEOS,
    Project,
    edges_of,
    names_in,
    read_yaml,
    refuse_escapes,
    refuse_unlabeled,
    videos_in,
    without_outside,
)
from pose_io_dlc.projects.symmetry import propose_pairs
from pose_io_dlc.projects.views import propose_views
from pose_io_dlc.sheets.columns import SINGLE
from pose_io_dlc.sheets.sheet import with_forward_slashes
from pose_io_dlc.tables import LabelTable

CONFIG = "config.yaml"


def is_deeplabcut(path: Path) -> bool:
    """Say whether a folder, or a file of one, is a DeepLabCut project. Never raises."""
    config = config_of(path)
    try:
        with config.open(encoding="utf-8", errors="replace") as file:
            return re.search(r"^\ufeff?Task\s*:", file.read(1 << 20), re.MULTILINE) is not None
    except OSError:
        return False


def config_of(path: Path) -> Path:
    """Find the config of a project from its folder, the config itself, or a file of its labels."""
    if path.suffix.lower() in (".yaml", ".yml"):
        return path
    if path.suffix.lower() in (".csv", ".h5") and path.parent.parent.name == FOLDER:
        return path.parent.parent.parent / CONFIG
    return path / CONFIG


def open_deeplabcut(path: Path | str) -> Project:
    """Open a DeepLabCut project of version 2 or 3.

    Args:
        path: its folder, its config.yaml, or one of its files of labels.

    Raises:
        FormatError: if it is none, has no labels, or its files of labels do not fit each other.
    """
    source = config_of(Path(path))
    if Path(path).is_file() and not source.is_file():
        raise FormatError(f"{path}: lies in no DeepLabCut project; give the folder of one")
    config = read_yaml(source)
    if "Task" not in config:
        raise FormatError(f"{source}: has no Task; it is not the config of a DeepLabCut project")
    root = source.parent
    warnings: list[str] = []
    files = label_files(root, str(config.get("scorer") or ""), warnings)
    labels = merge([(file, beside(file, root)) for file in files], order_of(config, source))
    refuse_escapes(labels.frames, root)
    labels = without_outside(labels, root, edge=0.0)  # as DeepLabCut: 0 is not visible
    refuse_unlabeled(labels, root / FOLDER)
    names = list(dict.fromkeys(labels.names))
    several = len(labels.animals) > 1
    warn_of_config(config, source, labels, warnings)
    edges = edges_of(config.get("skeleton"), names, str(source), warnings)
    return Project(
        root=root,
        name=str(config["Task"]),
        kind="deeplabcut",
        labels=labels,
        videos=videos_of(config, root, warnings),
        edges=edges,
        symmetric=propose_pairs(names),
        views={} if several else propose_views(names),
        multi_animal=several,
        warnings=(*warnings, *labels.warnings),
    )


def label_files(root: Path, scorer: str, warnings: list[str]) -> list[Path]:
    """Find one file of labels per folder of images: CSV, or H5 where there is no CSV.

    Raises:
        FormatError: if there is none of the project's scorer.
    """
    found = sorted(
        [
            *root.glob(f"{FOLDER}/*/CollectedData_*.csv"),
            *root.glob(f"{FOLDER}/*/CollectedData_*.h5"),
        ]
    )
    own = [file for file in found if file.stem == f"CollectedData_{scorer}"]
    foreign = sorted(
        {file.stem.removeprefix("CollectedData_") for file in found if file not in own}
    )
    if not own:
        others = f"; there are labels of {', '.join(map(repr, foreign))}" if foreign else ""
        raise FormatError(
            f"{root / FOLDER}: has no folder with CollectedData_{scorer}.csv or .h5{others}"
        )
    if foreign:
        warnings.append(f"{root}: labels of other scorers are not used: {', '.join(foreign)}")
    return list({file.parent: file for file in reversed(own)}.values())[::-1]


def beside(file: Path, root: Path) -> LabelTable:
    """Read one file of labels; its images lie beside it, whatever folder it names.

    A folder that was renamed, or named `0012` and read as 12 by some tool, is so found again.
    """
    table = read_labels(file)
    here = file.parent.relative_to(root).as_posix()
    frames = []
    for frame in table.frames:
        own = f"{here}/{PurePosixPath(frame).name}"
        moved = frame != own and not (root / frame).is_file() and (root / own).is_file()
        frames.append(own if moved else frame)
    moved_count = sum(a != b for a, b in zip(frames, table.frames, strict=True))
    if not moved_count:
        return table
    odd = next(frame for frame in table.frames if frame not in frames)
    warning = f"{file}: {moved_count} images were found beside the file, not at {odd}"
    return replace(table, frames=tuple(frames), warnings=(*table.warnings, warning))


def order_of(config: Mapping[str, Any], source: Path) -> list[tuple[str, str]]:
    """List (individual, keypoint) in the order of the config; "" for one animal."""
    if not config.get("multianimalproject"):
        parts = config.get("bodyparts")
        return (
            [("", name) for name in names_in(config, "bodyparts", source)]
            if parts != "MULTI!"
            else []
        )
    parts = names_in(config, "multianimalbodyparts", source)
    animals = names_in(config, "individuals", source)
    unique = [(SINGLE, name) for name in names_in(config, "uniquebodyparts", source)]
    return [(animal, part) for animal in animals for part in parts] + unique


def merge(
    tables: Sequence[tuple[Path, LabelTable]], order: Sequence[tuple[str, str]]
) -> LabelTable:
    """Put the frames of all files in one table, keypoints by name in the order given.

    Raises:
        FormatError: if a keypoint is missing from a file, or an image is in two.
    """
    first_file, first = tables[0]
    rank = {point: place for place, point in enumerate(order)}
    points = sorted(first.points, key=lambda point: rank.get(point, len(rank)))
    owner: dict[str, Path] = {}
    for file, table in tables:
        refuse_other_points(first_file, first, file, table)
        for frame in table.frames:
            if owner.setdefault(frame, file) != file:
                raise FormatError(f"{file}: image {frame!r} is labeled in {owner[frame]} too")
    orders = [[table.points.index(point) for point in points] for _, table in tables]
    parts = [(table, o) for (_, table), o in zip(tables, orders, strict=True)]
    return LabelTable(
        frames=tuple(owner),
        names=tuple(name for _, name in points),
        keypoints=np.concatenate([table.keypoints[:, o] for table, o in parts]),
        visibility=np.concatenate([table.visibility[:, o] for table, o in parts]),
        scorer=first.scorer,
        individuals=tuple(one for one, _ in points) if first.individuals else (),
        warnings=tuple(warning for _, table in tables for warning in table.warnings),
    )


def refuse_other_points(first_file: Path, first: LabelTable, file: Path, table: LabelTable) -> None:
    """Refuse a file whose keypoints are not those of the first.

    Raises:
        FormatError: naming the file that lacks one.
    """
    for lacking, has, odd in (
        (file, first_file, set(first.points) - set(table.points)),
        (first_file, file, set(table.points) - set(first.points)),
    ):
        if odd:
            individual, name = min(odd)
            of = f" of {individual!r}" if individual else ""
            raise FormatError(
                f"{lacking}: has no keypoint {name!r}{of}, which {has} has; add the columns "
                "(empty cells), or remove them there"
            )


def warn_of_config(
    config: Mapping[str, Any], source: Path, labels: LabelTable, warnings: list[str]
) -> None:
    """Say where the config and the files disagree; the files are right."""
    listed, found = order_of(config, source), labels.points
    if not config.get("multianimalproject"):
        found = tuple(("", name) for _, name in found)
    if listed and (extra := sorted({name for _, name in set(found) - set(listed)})):
        warnings.append(f"{source}: bodyparts lacks {', '.join(extra)}, which the labels have")
    if lacking := sorted({name for _, name in set(listed) - set(found)}):
        warnings.append(f"{source}: bodyparts lists {', '.join(lacking)}; the labels have it not")
    if labels.scorer != config.get("scorer"):
        warnings.append(
            f"{source}: scorer is {config.get('scorer')}, in the labels {labels.scorer}"
        )


def videos_of(config: Mapping[str, Any], root: Path, warnings: list[str]) -> tuple[Path, ...]:
    """Find the project's videos; `video_sets`, of whatever machine, only says which are missing."""
    videos = videos_in(root / "videos")
    sets = config.get("video_sets")
    keys = sets if isinstance(sets, dict) else {}
    listed = [PurePosixPath(with_forward_slashes(str(key))) for key in keys]
    stems = dict.fromkeys(video.stem for video in listed if video.suffix.lower() in VIDEOS)
    if lost := [stem for stem in stems if stem not in {video.stem for video in videos}]:
        few = ", ".join(lost[:5])
        warnings.append(f"{root / 'videos'}: lacks {len(lost)} videos of video_sets: {few}")
    return videos
