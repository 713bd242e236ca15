"""What a project holds, as plain facts; also a folder that is no project but has files."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from pose_io_dlc.commands.counting import box_of, outside_of, points_of, sizes_of
from pose_io_dlc.errors import FormatError
from pose_io_dlc.kinds import kind_of
from pose_io_dlc.labels import FOLDER, read_labels
from pose_io_dlc.projects.config import read_yaml
from pose_io_dlc.projects.deeplabcut import config_of, is_deeplabcut
from pose_io_dlc.projects.images import image_size
from pose_io_dlc.projects.lightning_pose import label_files, root_and_config
from pose_io_dlc.projects.opening import open_project
from pose_io_dlc.projects.project import Camera, Project, videos_in
from pose_io_dlc.projects.three_d import is_three_d, read_three_d
from pose_io_dlc.projects.video_sets import listed_videos
from pose_io_dlc.sheets.files import is_table

Facts = dict[str, Any]

SHOWN = ("date", "engine", "default_net_type", "TrainingFraction", "iteration")
"""Keys of a DeepLabCut config that are shown as they are."""


def of_project(path: Path) -> Facts:
    """Describe a project; one that cannot be opened, by its config and why.

    Raises:
        FormatError: if it is none.
    """
    config = config_of(path) if is_deeplabcut(path) else None
    settings = read_yaml(config) if config else {}
    if config and is_three_d(settings):
        return of_three_d(path, config)
    try:
        facts = of_opened(path, open_project(path))
    except FormatError as error:
        if config is None:
            raise
        facts = of_unopened(path, settings, error)
    if config is not None:
        facts |= of_config(config, settings)
        facts["folders"] = folders_of(config.parent, str(settings.get("scorer") or ""))
        return facts | before_masking(facts["folders"])
    return facts | before_masking(sheets_of(path))


def of_opened(path: Path, project: Project) -> Facts:
    """Describe a project that could be opened."""
    labels = project.labels
    return {
        "path": str(path),
        "kind": project.kind,
        "name": project.name,
        "scorer": labels.scorer,
        "multi_animal": project.multi_animal,
        "frames": len(labels),
        "labeled": int(np.isfinite(labels.keypoints).all(-1).any(1).sum()),
        "individuals": list(labels.animals),
        "images_found": len(labels) - len(project.missing_images()),
        **sizes_of(labels, project.root),
        "coordinates": box_of(labels.keypoints),
        "videos": [video.name for video in project.videos],
        "cameras": [of_camera(name, camera) for name, camera in project.cameras.items()],
        "views": {view: list(names) for view, names in project.views.items()},
        "symmetric": [list(pair) for pair in project.symmetric],
        "edges": [list(edge) for edge in project.edges],
        "keypoints": points_of(labels),
        "warnings": list(project.warnings),
    }


def of_camera(name: str, camera: Camera) -> Facts:
    """Describe one camera of several."""
    instants = int((camera.rows >= 0).sum())
    videos = [video.name for video in camera.videos]
    return {"name": name, "frames": len(camera.labels), "instants": instants, "videos": videos}


def of_unopened(path: Path, config: Mapping[str, Any], error: FormatError) -> Facts:
    """Describe a DeepLabCut project that has no labels yet, or faulty ones, by its config."""
    parts = config.get("bodyparts")
    if parts == "MULTI!":
        parts = config.get("multianimalbodyparts")
    return {
        "path": str(path),
        "kind": "deeplabcut",
        "name": str(config.get("Task")),
        "scorer": str(config.get("scorer") or ""),
        "multi_animal": bool(config.get("multianimalproject")),
        "videos": [video.name for video in videos_in(config_of(path).parent / "videos")],
        "keypoints": list(map(str, parts)) if isinstance(parts, list) else [],
        "problem": str(error),
    }


def of_config(source: Path, config: Mapping[str, Any]) -> Facts:
    """Describe what only a DeepLabCut config says."""
    found = {video.stem for video in videos_in(source.parent / "videos")}
    listed = list(listed_videos(config))
    given = {key: config[key] for key in SHOWN if config.get(key) not in (None, "")}
    return {
        "video_sets": listed,
        "videos_lost": [stem for stem in listed if stem not in found],
        "config": {key: plain(value) for key, value in given.items()},
    }


def plain(value: object) -> Any:
    """Make what YAML reads fit for JSON: dates become text, a list of one its element."""
    if isinstance(value, list) and len(value) == 1:
        return plain(value[0])
    return value if isinstance(value, bool | int | float | list) else str(value)


def folders_of(root: Path, scorer: str) -> list[Facts]:
    """Describe each folder of labeled images of a DeepLabCut project."""
    folders = sorted(one for one in (root / FOLDER).glob("*") if one.is_dir())
    return [of_images(folder, scorer) for folder in folders if not folder.name.endswith("_labeled")]


def of_images(folder: Path, scorer: str) -> Facts:
    """Describe one folder of images and its labels; dashes where they cannot be read."""
    files = [folder / f"CollectedData_{scorer}{suffix}" for suffix in (".csv", ".h5")]
    files = [file for file in files if file.is_file()]
    kinds = " + ".join(file.suffix[1:].upper() for file in files) or "none"
    facts: Facts = {"name": folder.name, "frames": 0, "labeled": 0, "images": 0, "outside": 0}
    facts |= {"files": kinds}
    for file in files:
        try:
            table = read_labels(file)
        except FormatError:
            continue
        paths = [folder / PurePosixPath(frame).name for frame in table.frames]
        known = np.isfinite(table.keypoints).all(-1).any(1)
        outside = outside_of(table.keypoints, [image_size(path) for path in paths], edge=0.0)
        images = sum(path.is_file() for path in paths)
        counts = (len(table), int(known.sum()), images, int(outside.sum()))
        facts |= dict(zip(("frames", "labeled", "images", "outside"), counts, strict=True))
        return facts | {"coordinates": box_of(table.keypoints)}
    return facts | {"files": f"{kinds}, unreadable"} if files else facts


def sheets_of(path: Path) -> list[Facts]:
    """Describe each file of labels of a Lightning Pose folder."""
    root, _ = root_and_config(path)
    found = []
    for file in label_files(root):
        table = read_labels(file)
        outside = outside_of(table.keypoints, [image_size(root / frame) for frame in table.frames])
        found.append({"outside": int(outside.sum()), "coordinates": box_of(table.keypoints)})
    return found


def before_masking(parts: Sequence[Facts]) -> Facts:
    """Give range and number outside of labels as they are in the files: a project masks them."""
    boxes = [part["coordinates"] for part in parts if part.get("coordinates")]
    if not boxes:
        return {}
    whole = {
        axis: [min(box[axis][0] for box in boxes), max(box[axis][1] for box in boxes)]
        for axis in "xy"
    }
    return {"outside": sum(part["outside"] for part in parts), "coordinates": whole}


def of_three_d(path: Path, source: Path) -> Facts:
    """Describe the config of a DeepLabCut 3-D project."""
    project = read_three_d(source)
    facts: Facts = {"path": str(path), "kind": "config3d", "name": project.name}
    facts |= {"scorer": project.scorer, "cameras": list(project.cameras)}
    holds = {"3-D scorer": project.scorer_3d}
    for camera in project.cameras:
        holds[f"camera {camera}"] = str(project.projects.get(camera, "its project is not found"))
    edges = [list(edge) for edge in project.skeleton]
    return facts | {"edges": edges, "holds": holds, "warnings": list(project.warnings)}


def of_folder(path: Path) -> Facts:
    """Describe each file of a folder that is no project.

    Raises:
        FormatError: if it has none.
    """
    found = [(file, kind_of(file)) for file in sorted(path.iterdir()) if file.is_file()]
    known = [of_one(file, kind) for file, kind in found if kind != "unknown" or is_table(file)]
    if not known:
        raise FormatError(
            f"{path}: is no project of DeepLabCut or Lightning Pose, and holds no file of theirs; "
            "give a project, or a folder of labels or predictions"
        )
    return {"path": str(path), "kind": "folder", "files": known}


def of_one(file: Path, kind: str) -> Facts:
    """Describe one of many files in short."""
    from pose_io_dlc.commands.describing import of_file

    facts: Facts = {"name": file.name, "kind": kind}
    try:
        whole = of_file(file)
    except FormatError as error:
        return facts | {"kind": "unreadable", "problem": str(error)}
    if "frames" in whole:
        facts["frames"] = whole["frames"]
    if whole.get("keypoints"):
        facts["keypoints"] = len(whole["keypoints"])
    return facts
