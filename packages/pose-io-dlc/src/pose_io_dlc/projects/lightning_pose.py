"""Open a Lightning Pose folder: one CSV of labels, its images below, `videos/`, maybe a config."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import FOLDER, read_labels
from pose_io_dlc.projects.deeplabcut import is_deeplabcut
from pose_io_dlc.projects.project import (
    Project,
    read_yaml,
    refuse_escapes,
    refuse_unlabeled,
    videos_in,
    without_outside,
)
from pose_io_dlc.projects.symmetry import propose_pairs
from pose_io_dlc.projects.views import Views, propose_views, views_from_matches
from pose_io_dlc.sheets.sheet import with_forward_slashes

PROJECT = "project.yaml"
USUAL = "CollectedData.csv"


def is_lightning_pose(path: Path) -> bool:
    """Say whether a folder, or a file of one, is of Lightning Pose. Never raises."""
    try:
        if FOLDER in (path.parent.name, path.parent.parent.name):
            return False  # one video's images, as DeepLabCut keeps them
        if path.is_dir():
            return bool(label_files(path))
        if path.suffix.lower() == ".csv":
            return path in label_files(path.parent)
        if path.suffix.lower() in (".yaml", ".yml"):
            return path.name == PROJECT or is_config(path)
    except OSError:
        return False
    return False


def is_config(path: Path) -> bool:
    """Say whether a YAML file is a config of Lightning Pose."""
    try:
        data = read_yaml(path).get("data")
    except FormatError:
        return False
    return isinstance(data, dict) and "csv_file" in data


def label_files(root: Path) -> list[Path]:
    """List the CSV files of labels in a folder: named so, or with images and no other owner."""
    named = sorted(root.glob("CollectedData*.csv"))
    if named or not (root / FOLDER).is_dir() or is_deeplabcut(root):
        return named
    return sorted(file for file in root.glob("*.csv") if has_labels(file))


def has_labels(path: Path) -> bool:
    """Say whether a CSV has the header of labels, not of predictions."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head = [file.readline(1 << 20) for _ in range(3)]
    return head[0].startswith("scorer,") and "likelihood" not in head[2]


def open_lightning_pose(path: Path | str) -> Project:
    """Open a Lightning Pose folder, with `project.yaml`, with an old config, or with neither.

    Args:
        path: the folder, its CSV of labels, or its config.

    Raises:
        FormatError: if it is none, or has no labels.
    """
    root, config = root_and_config(Path(path))
    warnings: list[str] = []
    file = Path(path) if Path(path).suffix.lower() == ".csv" else choose_csv(root, config, warnings)
    labels = read_labels(file)
    if labels.individuals:
        raise FormatError(f"{file}: has individuals, which Lightning Pose does not know")
    refuse_escapes(labels.frames, file)
    labels = without_outside(labels, root)
    refuse_unlabeled(labels, file)
    listed = names_of(config)
    if listed and set(listed) != set(labels.names):
        odd = sorted(set(listed) ^ set(labels.names))
        warnings.append(
            f"{root}: the config names other keypoints than {file.name}: {', '.join(odd)}"
        )
    return Project(
        root=root,
        name=root.resolve().name,
        kind="lightning_pose",
        labels=labels,
        videos=videos_of(root, config),
        symmetric=propose_pairs(labels.names),
        views=views_of(labels.names, config),
        warnings=(*warnings, *labels.warnings),
    )


def root_and_config(path: Path) -> tuple[Path, Mapping[str, Any]]:
    """Find the folder and what a config says, by the folder or by a file in it."""
    if path.suffix.lower() in (".yaml", ".yml"):
        config = read_yaml(path)
        given = data_of(config).get("data_dir")
        root = path.parent / with_forward_slashes(str(given)) if given else path.parent
        return (root if label_files(root) else path.parent), config
    root = path.parent if path.suffix.lower() == ".csv" else path
    configs = [root / PROJECT, *sorted(root.glob("*.yaml"))]
    for config_path in configs:
        if config_path.is_file() and (config_path.name == PROJECT or is_config(config_path)):
            return root, read_yaml(config_path)
    return root, {}


def data_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the `data` part of a config; `project.yaml` has its keys at the top."""
    data = config.get("data")
    return data if isinstance(data, dict) else config


def names_of(config: Mapping[str, Any]) -> list[str]:
    """Read the keypoint names of a config, where it has some."""
    names = data_of(config).get("keypoint_names")
    return [str(name) for name in names] if isinstance(names, list) else []


def choose_csv(root: Path, config: Mapping[str, Any], warnings: list[str]) -> Path:
    """Choose the CSV of labels: the config's, the usual one, or the only one.

    Raises:
        FormatError: if there is none, or one per view.
    """
    found = label_files(root)
    listed = data_of(config).get("csv_file")
    views = data_of(config).get("view_names")
    if isinstance(listed, list) or (isinstance(views, list) and len(views) > 1):
        raise FormatError(
            f"{root}: has one CSV per view ({', '.join(map(str, views or listed or []))}), which "
            "is not opened as a whole; give one of the CSV files"
        )
    named = PurePosixPath(with_forward_slashes(str(listed or USUAL))).name
    chosen = [file for file in found if file.name == named] or found
    if not found:
        raise FormatError(f"{root}: has no {USUAL}; is it a Lightning Pose folder?")
    if len(chosen) > 1:
        names = ", ".join(file.name for file in found)
        raise FormatError(f"{root}: has several files of labels ({names}); give one of them")
    if others := [file.name for file in found if file not in chosen]:
        warnings.append(f"{root}: labels in {', '.join(others)} are not used")
    return chosen[0]


def videos_of(root: Path, config: Mapping[str, Any]) -> tuple[Path, ...]:
    """List the videos, in `videos/` or in the folder of that name that the config gives."""
    given = data_of(config).get("video_dir")
    named = (
        root / PurePosixPath(with_forward_slashes(str(given))).name if given else root / "videos"
    )
    return videos_in(named if named.is_dir() else root / "videos")


def views_of(names: tuple[str, ...], config: Mapping[str, Any]) -> Views:
    """Tell the mirrored views of one frame by the config, or by the names."""
    matches = data_of(config).get("mirrored_column_matches")
    if not isinstance(matches, list) or not all(isinstance(view, list) for view in matches):
        return propose_views(names)
    same_order = names_of(config) in ([], list(names))
    given = views_from_matches(names, matches) if same_order else {}
    return given or propose_views(names)
