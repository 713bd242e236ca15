"""Projects to projects: DeepLabCut's folders to Lightning Pose's one file, and back."""

import re
import shutil
from collections.abc import Mapping
from datetime import date as Date
from pathlib import Path, PurePosixPath
from typing import Any

from pose_io_dlc.commands.aligned import counted, few
from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import FOLDER, write_labels
from pose_io_dlc.projects.config import changed, dumped
from pose_io_dlc.projects.create import CONFIG, MONTHS, UNKNOWN, points_of, video_sets, whole_folder
from pose_io_dlc.projects.images import image_size
from pose_io_dlc.projects.movies import video_size
from pose_io_dlc.projects.opening import open_project
from pose_io_dlc.projects.project import Project, videos_in
from pose_io_dlc.projects.template import TEMPLATE
from pose_io_dlc.sheets.columns import SINGLE
from pose_io_dlc.tables import LabelTable

OTHER = {"deeplabcut": "lightning-pose", "lightning_pose": "deeplabcut"}
UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')
"""What no name of a file may hold, on every operating system."""


def convert_project(
    source: Path, target: Path, tool: str | None, images: bool = True, videos: bool = False
) -> list[str]:
    """Write a project for a tool, in a new folder that is there whole or not at all.

    Args:
        source: the project.
        target: the new folder.
        tool: "deeplabcut" or "lightning-pose"; None for the one that did not make it.
        images: copy the labeled images.
        videos: copy the videos.

    Returns:
        Lines about what was written, and what could not be kept.

    Raises:
        FormatError: if the project cannot be opened or has what the tool does not know, or the
            folder is there already.
    """
    project = open_project(source)
    tool = tool or OTHER[project.kind]
    labels = as_lightning_pose(project) if tool == "lightning-pose" else as_deeplabcut(project)
    with whole_folder(target) as folder:
        (folder / "videos").mkdir()
        copied = copy_images(project, labels.frames, folder) if images else 0
        if videos:
            for video in project.videos:
                shutil.copyfile(video, folder / "videos" / video.name)
        write = write_lightning_pose if tool == "lightning-pose" else write_deeplabcut
        notes = write(folder, target, project, labels)
    what = f"{counted(len(labels), 'labeled frame')}, {counted(len(set(labels.names)), 'keypoint')}"
    what += f", {counted(copied, 'image')}, {counted(len(project.videos) * videos, 'video')}"
    notes = [*project.warnings, *notes]
    if project.cameras:
        notes.append(f"{target}: images of cameras {', '.join(project.cameras)} are in one set")
    if images and copied < len(labels):
        notes.append(f"{target}: {counted(len(labels) - copied, 'image')} not found and left out")
    return [f"{target}: {tool} project of {what}", *(f"note: {note}" for note in notes)]


def copy_images(project: Project, frames: tuple[str, ...], folder: Path) -> int:
    """Copy the labeled images that are there to their new names; give how many."""
    count = 0
    for old, new in zip(project.labels.frames, frames, strict=True):
        if (project.root / old).is_file():
            (folder / new).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(project.root / old, folder / new)
            count += 1
    return count


def as_lightning_pose(project: Project) -> LabelTable:
    """Give the labels as Lightning Pose keeps them: of one animal, without that level.

    Raises:
        FormatError: for several animals, or parts of none.
    """
    labels = project.labels
    if len(set(labels.individuals)) > 1:
        raise FormatError(
            f"{project.root}: has individuals {', '.join(dict.fromkeys(labels.individuals))}, and "
            "Lightning Pose knows one; keep the columns of one"
        )
    return with_frames(labels, labels.frames, individuals=())


def as_deeplabcut(project: Project) -> LabelTable:
    """Give the labels with images two folders deep, as DeepLabCut keeps them.

    Raises:
        FormatError: if two images would get one name.
    """
    home = UNFIT.sub("_", project.name) or "images"
    frames = [two_deep(frame, home) for frame in project.labels.frames]
    first: dict[str, str] = {}
    for frame, old in zip(frames, project.labels.frames, strict=True):
        if first.setdefault(frame, old) != old:
            raise FormatError(
                f"{project.root}: {first[frame]} and {old} would both be {frame}; rename one"
            )
    return with_frames(project.labels, tuple(frames), project.labels.individuals)


def two_deep(frame: str, home: str) -> str:
    """Name an image as `labeled-data/<video>/<image>`; folders between become one."""
    *folders, name = PurePosixPath(frame).parts
    inner = folders[1:] if folders[:1] == [FOLDER] else folders
    return f"{FOLDER}/{'_'.join(inner) or home}/{name}"


def with_frames(
    labels: LabelTable, frames: tuple[str, ...], individuals: tuple[str, ...]
) -> LabelTable:
    """Give labels other names of images."""
    arrays = (labels.keypoints, labels.visibility)
    return LabelTable(frames, labels.names, *arrays, labels.scorer, individuals)


def write_lightning_pose(
    folder: Path, target: Path, project: Project, labels: LabelTable
) -> list[str]:
    """Write CollectedData.csv and project.yaml."""
    write_labels(folder / "CollectedData.csv", labels, index_width=1)
    keys: Mapping[str, Any] = {
        "schema_version": 1,
        "view_names": [],
        "keypoint_names": list(labels.names),
    }
    lines = [dumped(key, value) for key, value in keys.items()]
    (folder / "project.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return []


def write_deeplabcut(folder: Path, target: Path, project: Project, labels: LabelTable) -> list[str]:
    """Write config.yaml, and CSV and H5 of labels beside the images of each video."""
    scorer = UNFIT.sub("_", labels.scorer) or "labeler"
    labels = LabelTable(
        labels.frames, labels.names, labels.keypoints, labels.visibility, scorer, labels.individuals
    )
    stems = list(dict.fromkeys(frame.split("/")[1] for frame in labels.frames))
    for stem in stems:
        rows = [row for row, frame in enumerate(labels.frames) if frame.split("/")[1] == stem]
        write_folder(folder / FOLDER / stem, labels, rows)
    changes = config_of(target, project, labels, stems)
    text = changed(TEMPLATE, changes, target / CONFIG)
    (folder / CONFIG).write_text(text, encoding="utf-8", newline="\n")
    return without_videos(folder, target, stems)


def write_folder(folder: Path, labels: LabelTable, rows: list[int]) -> None:
    """Write the labels of one video, as CSV and, where PyTables is installed, as H5."""
    folder.mkdir(parents=True, exist_ok=True)
    part = LabelTable(
        tuple(labels.frames[row] for row in rows),
        labels.names,
        labels.keypoints[rows],
        labels.visibility[rows],
        labels.scorer,
        labels.individuals,
    )
    for suffix in (".csv", ".h5"):
        write_labels(folder / f"CollectedData_{labels.scorer}{suffix}", part, index_width=3)


def config_of(
    target: Path, project: Project, labels: LabelTable, stems: list[str]
) -> dict[str, Any]:
    """Give the keys of a config that differ from DeepLabCut's own defaults."""
    day = Date.today()
    parts = list(dict.fromkeys(name for one, name in labels.points if one != SINGLE))
    unique = [name for one, name in labels.points if one == SINGLE]
    several = labels.animals if labels.individuals else ()
    videos = [video_for(stem, project, target) for stem in stems]
    sizes = [size_for(stem, project, labels) for stem in stems]
    return {
        "Task": UNFIT.sub("_", project.name),
        "scorer": labels.scorer,
        "date": f"{MONTHS[day.month - 1]}{day.day}",
        "project_path": str(target.absolute()),
        "video_sets": video_sets(videos, sizes),
        **points_of(parts, several, unique),
        "skeleton": [list(edge) for edge in project.edges],
    }


def video_for(stem: str, project: Project, target: Path) -> Path:
    """Name the video of a folder of images, by which DeepLabCut finds the labels."""
    found = [video.name for video in project.videos if video.stem == stem]
    return target.absolute() / "videos" / (found[0] if found else f"{stem}.mp4")


def size_for(stem: str, project: Project, labels: LabelTable) -> tuple[int, int]:
    """Give height and width of a video, or else of an image of its folder."""
    found = (video_size(video) for video in project.videos if video.stem == stem)
    images = (
        image_size(project.root / old)
        for old, new in zip(project.labels.frames, labels.frames, strict=True)
        if new.split("/")[1] == stem
    )
    return next((size for sizes in (found, images) for size in sizes if size), UNKNOWN)


def without_videos(folder: Path, target: Path, stems: list[str]) -> list[str]:
    """Say which videos the config only names."""
    there = {video.stem for video in videos_in(folder / "videos")}
    lost = [stem for stem in stems if stem not in there]
    if not lost:
        return []
    return [
        f"{target / CONFIG}: video_sets names videos that are not there, by which DeepLabCut "
        f"finds the labels: {few(lost)}"
    ]
