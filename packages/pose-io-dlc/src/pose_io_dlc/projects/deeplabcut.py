"""Open a DeepLabCut project: `config.yaml`, files of labels in `labeled-data/<video>/`, `videos/`.

What the config says of paths is not believed: it names the machine the project was made on, or
nothing. Everything is found from where the config lies.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import FOLDER, read_labels
from pose_io_dlc.projects.config import read_yaml
from pose_io_dlc.projects.merging import merge
from pose_io_dlc.projects.project import (
    Project,
    edges_of,
    is_there,
    names_in,
    refuse_unlabeled,
    without_outside,
)
from pose_io_dlc.projects.safety import refuse_escapes, refuse_links
from pose_io_dlc.projects.symmetry import pairs_of
from pose_io_dlc.projects.three_d import refuse_three_d
from pose_io_dlc.projects.video_sets import CROPPED, videos_of
from pose_io_dlc.projects.views import propose_views
from pose_io_dlc.sheets.columns import SINGLE
from pose_io_dlc.tables import LabelTable

CONFIG = "config.yaml"


def is_deeplabcut(path: Path) -> bool:
    """Say whether a folder, or a file of one, is a DeepLabCut project. Never raises."""
    config = config_of(path)
    try:
        with config.open(encoding="utf-8", errors="replace") as file:
            return re.search(r"^\ufeff?Task\s*:", file.read(1 << 20), re.MULTILINE) is not None
    except (OSError, ValueError):  # a name that no system can have is a ValueError
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
    refuse_three_d(source, config)
    root = source.parent
    warnings: list[str] = []
    labels = labels_of(root, source, config, warnings)
    names = list(dict.fromkeys(labels.names))
    several = len(labels.animals) > 1
    return Project(
        root=root,
        name=str(config["Task"]),
        kind="deeplabcut",
        labels=labels,
        edges=edges_of(config.get("skeleton"), names, str(source), warnings),
        symmetric=pairs_of(config.get("symmetric"), names, str(source)),
        videos=videos_of(config, root, warnings),
        views={} if several else propose_views(names),
        multi_animal=several,
        warnings=(*warnings, *labels.warnings),
    )


def labels_of(
    root: Path, source: Path, config: Mapping[str, Any], warnings: list[str]
) -> LabelTable:
    """Read all labels of a project, those outside their images as missing.

    Raises:
        FormatError: if there are none, they do not fit each other, or lie outside the project.
    """
    files = label_files(root, str(config.get("scorer") or ""), warnings)
    if config.get("video_sets_original"):
        files = uncut(files, warnings)
    refuse_links(files, root)
    labels = merge([(file, beside(file, root)) for file in files], order_of(config, source))
    refuse_escapes(labels.frames, root)
    refuse_links([root / frame for frame in labels.frames], root)
    labels = without_outside(labels, root, edge=0.0)  # as DeepLabCut: 0 is not visible
    refuse_unlabeled(labels, root / FOLDER)
    warn_of_config(config, source, labels, warnings)
    return labels


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


def uncut(files: list[Path], warnings: list[str]) -> list[Path]:
    """Leave out folders whose images DeepLabCut cut to pieces, which lie in a folder of their own.

    Their labels are the same, and it trains on the pieces alone.
    """
    names = {file.parent.name for file in files}
    left = [file for file in files if file.parent.name + CROPPED not in names]
    if cut := len(files) - len(left):
        warnings.append(
            f"{files[0].parent.parent}: {cut} folders are not used; their images were cut to those "
            f"in folders named {CROPPED}"
        )
    return left


def beside(file: Path, root: Path) -> LabelTable:
    """Read one file of labels; its images lie beside it, whatever folder it names.

    A folder that was renamed, or named `0012` and read as 12 by some tool, is so found again.
    """
    table = read_labels(file)
    refuse_escapes(table.frames, file)
    here = file.parent.relative_to(root).as_posix()
    frames = []
    for frame in table.frames:
        own = f"{here}/{PurePosixPath(frame).name}"
        moved = frame != own and not is_there(root / frame) and is_there(root / own)
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
    if labels.scorer != str(config.get("scorer")):
        warnings.append(
            f"{source}: scorer is {config.get('scorer')}, in the labels {labels.scorer}"
        )
