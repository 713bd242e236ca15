"""Open a Lightning Pose folder: CSV files of labels, one or one per view, images, `videos/`."""

import os
from collections.abc import Mapping
from pathlib import Path

from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import FOLDER, read_labels
from pose_io_dlc.projects.cameras import instant_of, rows_of, videos_by_view
from pose_io_dlc.projects.config import read_yaml
from pose_io_dlc.projects.deeplabcut import is_deeplabcut
from pose_io_dlc.projects.lightning_config import (
    PROJECT,
    USUAL,
    Config,
    beside,
    csv_per_view,
    data_of,
    folders_of,
    is_config,
    last_name,
    names_of,
    singleview_of,
    views_of,
)
from pose_io_dlc.projects.merging import merge
from pose_io_dlc.projects.project import (
    Camera,
    Project,
    refuse_unlabeled,
    videos_in,
    without_outside,
)
from pose_io_dlc.projects.safety import refuse_escapes, refuse_links
from pose_io_dlc.projects.symmetry import pairs_of
from pose_io_dlc.tables import LabelTable

MOST = 200
"""Files without a usual name that are looked into, for labels or a config."""


def is_lightning_pose(path: Path) -> bool:
    """Say whether a folder, or a file of one, is of Lightning Pose. Never raises."""
    try:
        if FOLDER in (path.parent.name, path.parent.parent.name):
            return False  # one video's images, as DeepLabCut keeps them
        if path.is_dir():
            unlabeled = (path / PROJECT).is_file() and not is_deeplabcut(path)
            return unlabeled or bool(label_files(path))
        if path.suffix.lower() == ".csv":
            return path in label_files(path.parent)
        if path.suffix.lower() in (".yaml", ".yml"):
            return path.is_file() and (path.name == PROJECT or is_config(path))
    except (OSError, ValueError):  # a FormatError too, and a name that no system can have
        return False
    return False


def label_files(root: Path) -> list[Path]:
    """List the CSV files of labels in a folder: named so, or with images and no other owner."""
    with os.scandir(root) as entries:
        files = sorted(one.name for one in entries if one.name.endswith(".csv"))
    named = [root / name for name in files if name.startswith("CollectedData")]
    if named or len(files) > MOST or not (root / FOLDER).is_dir() or is_deeplabcut(root):
        return named
    return [root / name for name in files if has_labels(root / name)]


def has_labels(path: Path) -> bool:
    """Say whether a CSV has the header of labels, not of predictions."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head = [file.readline(1 << 20) for _ in range(3)]
    return head[0].startswith("scorer,") and "likelihood" not in head[2]


def open_lightning_pose(path: Path | str) -> Project:
    """Open a Lightning Pose folder, with `project.yaml`, with an old config, or with neither.

    Of several cameras, `labels` has the images of all, for one network sees them all, and `cameras`
    says whose they are and which show one instant.

    Args:
        path: the folder, its config, or a CSV of labels, which is then the only one opened.

    Raises:
        FormatError: if it is none, or has no labels.
    """
    path = Path(path)
    root, config = root_and_config(path)
    warnings: list[str] = []
    alone = path.suffix.lower() == ".csv"
    files = {} if alone else csv_per_view(root, config, path)
    if not files and not alone:
        files = guessed_views(root, config, warnings)
    if not files:
        files = {"": path if alone else choose_csv(root, config, warnings)}
    tables = read_views(root, files, warnings)
    labels = next(iter(tables.values())) if len(tables) == 1 else merge(paired(files, tables), [])
    refuse_unlabeled(labels, next(iter(files.values())))
    warn_of_names(root, config, labels, warnings)
    videos = videos_of(root, config)
    where = str(path)
    return Project(
        root=root,
        name=root.resolve().name,
        kind="lightning_pose",
        labels=labels,
        videos=videos,
        symmetric=pairs_of(data_of(config).get("symmetric"), labels.names, where),
        views=views_of(labels.names, config),
        cameras={} if "" in files else cameras_of(tables, videos, path, warnings),
        singleview=singleview_of(labels.names, config, path, warnings),
        warnings=(*warnings, *labels.warnings),
    )


def guessed_views(root: Path, config: Config, warnings: list[str]) -> dict[str, Path]:
    """Take each `CollectedData_<view>.csv` for a view where no config says, and all line up.

    That is, row by row they name different images of the same instants; else there are no views.
    """
    files = {file.stem.removeprefix("CollectedData_"): file for file in label_files(root)}
    are_named = all(file.stem == f"CollectedData_{view}" for view, file in files.items())
    says = any(data_of(config).get(key) for key in ("csv_file", "view_names"))
    if says or len(files) < 2 or not are_named:
        return {}
    try:
        frames = {view: read_view(root, file).frames for view, file in files.items()}
    except FormatError:
        return {}
    shown = [[instant_of(frame, view) for frame in one] for view, one in frames.items()]
    images = {frame for one in frames.values() for frame in one}
    if shown.count(shown[0]) < len(shown) or len(images) < len(shown) * max(len(shown[0]), 1):
        return {}
    warnings.append(f"{root}: no config names its views; taken from its files: {', '.join(files)}")
    return files


def read_views(root: Path, files: Mapping[str, Path], warnings: list[str]) -> dict[str, LabelTable]:
    """Read the labels of each view; those outside their images are missing.

    Raises:
        FormatError: if no view has a file, or one cannot be read or leads out of the folder.
    """
    lacking = {view: file for view, file in files.items() if not file.is_file()}
    if len(lacking) == len(files):
        raise FormatError(f"{root}: has no {' or '.join(f.name for f in lacking.values())}")
    warnings += [f"{root}: view {view!r} has no {file.name}" for view, file in lacking.items()]
    return {view: read_view(root, file) for view, file in files.items() if view not in lacking}


def read_view(root: Path, file: Path) -> LabelTable:
    """Read one file of labels; those outside their images are missing.

    Raises:
        FormatError: if it cannot be read, is of several animals, or leads out of the folder.
    """
    refuse_links([file], root)
    labels = read_labels(file)
    if labels.individuals:
        raise FormatError(f"{file}: has individuals, which Lightning Pose does not know")
    refuse_escapes(labels.frames, file)
    refuse_links([root / frame for frame in labels.frames], root)
    return without_outside(labels, root)


def paired(
    files: Mapping[str, Path], tables: Mapping[str, LabelTable]
) -> list[tuple[Path, LabelTable]]:
    """Put each table beside its file."""
    return [(files[view], table) for view, table in tables.items()]


def cameras_of(
    tables: Mapping[str, LabelTable], videos: tuple[Path, ...], where: Path, warnings: list[str]
) -> dict[str, Camera]:
    """Make cameras of the labels of each view, their rows aligned.

    Raises:
        FormatError: if they cannot be aligned.
    """
    rows = rows_of(tables, where, warnings)
    seen = videos_by_view(videos, list(tables), warnings)
    return {view: Camera(table, rows[view], seen[view]) for view, table in tables.items()}


def root_and_config(path: Path) -> tuple[Path, Config]:
    """Find the folder and what a config says, by the folder or by a file in it.

    Raises:
        FormatError: if the config cannot be read.
    """
    if path.suffix.lower() in (".yaml", ".yml"):
        config = read_yaml(path)
        places = folders_of(path, config)
        with_labels = (one for one in places if one.is_dir() and label_files(one))
        return next(with_labels, path.parent), config
    root = path.parent if path.suffix.lower() == ".csv" else path
    configs = [root / PROJECT, *sorted(root.glob("*.yaml"))[:MOST]]
    for config_path in configs:
        if config_path.is_file() and (config_path.name == PROJECT or is_config(config_path)):
            return root, read_yaml(config_path)
    return root, {}


def choose_csv(root: Path, config: Config, warnings: list[str]) -> Path:
    """Choose the CSV of labels: the config's, the usual one, or the only one.

    Raises:
        FormatError: if there is none, or several.
    """
    found = label_files(root)
    if not found:
        raise FormatError(f"{root}: has no {USUAL}; is it a Lightning Pose folder?")
    listed = data_of(config).get("csv_file")
    first = listed[0] if isinstance(listed, list) and listed else listed
    named = beside(root, str(first or USUAL))
    chosen = [named] if named.is_file() else found
    if len(chosen) > 1:
        names = ", ".join(file.name for file in found)
        raise FormatError(
            f"{root}: has several files of labels ({names}); give one of them, or a {PROJECT} with "
            "their view_names"
        )
    if others := [file.name for file in found if file not in chosen]:
        warnings.append(f"{root}: labels in {', '.join(others)} are not used")
    return chosen[0]


def warn_of_names(root: Path, config: Config, labels: LabelTable, warnings: list[str]) -> None:
    """Say where the config and the labels name other keypoints; the labels are right."""
    listed = names_of(config)
    if listed and (odd := sorted(set(listed) ^ set(labels.names))):
        warnings.append(
            f"{root}: the config names other keypoints than the labels: {', '.join(odd)}"
        )


def videos_of(root: Path, config: Config) -> tuple[Path, ...]:
    """List the videos, in `videos/` or in the folder of that name that the config gives."""
    named = root / (last_name(data_of(config).get("video_dir")) or "videos")
    return videos_in(named if named.is_dir() else root / "videos")
