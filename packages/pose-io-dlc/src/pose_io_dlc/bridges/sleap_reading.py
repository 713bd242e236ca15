"""Tables of what sleap-io reads."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from pose_io_dlc.bridges.grid import NOTE, Grid, Note, Table, grid_found, read_note
from pose_io_dlc.bridges.sleap import load_slp
from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import FOLDER, below_project
from pose_io_dlc.sheets.sheet import with_forward_slashes
from pose_io_dlc.tables import MISSING, OCCLUDED, VISIBLE, LabelTable, PredictionTable

NOBODY = "individual"
"""What individuals without a track are called, with a number."""


class SleapSkeleton(NamedTuple):
    """Keypoint names in order, limbs, and (left, right) pairs, by name."""

    names: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    symmetric: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Found:
    """Points on a grid, before anyone asks whether they are labels.

    Attributes:
        grid: its axes.
        points: (frames, individuals, names, 2).
        values: (frames, individuals, names): scores of predictions, else whether points are shown.
        warnings: what was odd but usable, one line each.
    """

    grid: Grid
    points: np.ndarray
    values: np.ndarray
    warnings: list[str]


def read_slp(path: Path | str, video: str = "") -> Table:
    """Read a file of SLEAP: labels where a person made any, else predictions.

    Points that a person marked as not visible are hidden points, where they have a position.

    Args:
        path: the file.
        video: of predictions, the stem of the video to read; needed where there are several.

    Raises:
        FormatError: if it cannot be read, or predictions are of several videos.
    """
    path = Path(path)
    labels = load_slp(path)
    made = sum(len(frame.user_instances) for frame in labels)
    guessed = sum(len(frame.predicted_instances) for frame in labels)
    images = [isinstance(one.filename, list) for one in labels.videos]
    if made or (not guessed and all(images)):
        return labels_of(labels, path, guessed)
    return predictions_of(labels, path, video)


def read_skeleton_slp(path: Path | str) -> SleapSkeleton:
    """Read the skeleton of a file of SLEAP, the first where it has several.

    Raises:
        FormatError: if it cannot be read, or has none.
    """
    skeletons = load_slp(Path(path)).skeletons
    if not skeletons:
        raise FormatError(f"{path}: has no skeleton")
    first = skeletons[0]
    return SleapSkeleton(
        tuple(first.node_names), tuple(map(tuple, first.edge_names)), symmetric_of(first)
    )


def symmetric_of(skeleton: Any) -> tuple[tuple[str, str], ...]:
    """Give the symmetric pairs of a skeleton, in its order."""
    pairs = {tuple(sorted(map(int, pair))) for pair in skeleton.symmetry_inds}
    names = skeleton.node_names
    return tuple((names[a], names[b]) for a, b in sorted(pairs))


def labels_of(labels: Any, path: Path, guessed: int) -> LabelTable:
    """Make a table of what people labeled; frames that only have predictions are left out."""
    frames = [one for one in labels if one.user_instances or not one.predicted_instances]
    found = on_grid(labels, frames, [one.user_instances for one in frames], "visible", path)
    warnings = list(found.warnings)
    if guessed:
        warnings.append(f"{path}: {guessed} predicted instances beside labels are not read")
    if any(not isinstance(one.video.filename, list) for one in frames):
        warnings.append(
            f"{path}: labels are of frames of videos, not of images; extract the frames to the "
            "files that the rows name"
        )
    known = np.isfinite(found.points).all(-1)
    visibility = np.where(found.values > 0, VISIBLE, OCCLUDED)
    visibility = np.where(known, visibility, MISSING).astype(np.uint8)
    if hidden := int((visibility == OCCLUDED).sum()):
        warnings.append(f"{path}: {hidden} points are marked as not visible; kept as hidden")
    return LabelTable(
        frames=names_of_images(frames, path),
        names=tuple(name for _, name in found.grid.points),
        keypoints=found.grid.gather(np.where(known[..., None], found.points, np.nan)),
        visibility=found.grid.gather(visibility),
        scorer=noted(labels).scorer or "labeler",
        individuals=found.grid.of_points,
        warnings=tuple(warnings),
    )


def predictions_of(labels: Any, path: Path, video: str) -> PredictionTable:
    """Make a table of what a network predicted, for one video or for images."""
    frames = frames_of(labels, path, video)
    images = bool(frames) and isinstance(frames[0].video.filename, list)
    found = on_grid(labels, frames, [one.predicted_instances for one in frames], "score", path)
    numbers = np.array([int(one.frame_idx) for one in frames], dtype=np.int64)
    plain = np.array_equal(numbers, np.arange(len(frames)))
    return PredictionTable(
        names=tuple(name for _, name in found.grid.points),
        keypoints=found.grid.gather(found.points),
        confidence=found.grid.gather(found.values),
        frames=names_of_images(frames, path) if images else None,
        numbers=None if images or plain else numbers,
        scorer=noted(labels).scorer or "sleap",
        individuals=found.grid.of_points,
        warnings=tuple(found.warnings),
    )


def noted(labels: Any) -> Note:
    """Read the note that we left in a file, if it is ours."""
    return read_note(labels.provenance.get(NOTE))


def frames_of(labels: Any, path: Path, video: str) -> list[Any]:
    """Choose the frames of one video, in order, or those of images, as they are.

    Raises:
        FormatError: if there are several videos and none was asked for, or the one is not there.
    """
    if all(isinstance(one.filename, list) for one in labels.videos):
        return list(labels)
    stems = {stem_of(frame.video) for frame in labels}
    if video or len(stems) > 1:
        if video not in stems:
            there = ", ".join(map(repr, sorted(stems)))
            what = f"has no predictions of {video!r}, but of" if video else "has predictions of"
            raise FormatError(f"{path}: {what} {there}; name one video")
        stems = {video}
    chosen = [frame for frame in labels if stem_of(frame.video) in stems]
    return sorted(chosen, key=lambda frame: int(frame.frame_idx))


def stem_of(video: Any) -> str:
    """Give the stem of a video, of its folder where it is of images.

    Frames that lie in the file itself are those of the video that they were taken from.
    """
    if video.source_video is not None:
        return stem_of(video.source_video)
    name = video.filename
    if isinstance(name, list):
        return PurePosixPath(with_forward_slashes(name[0])).parent.name if name else ""
    return PurePosixPath(with_forward_slashes(name)).stem


def names_of_images(frames: Iterable[Any], path: Path) -> tuple[str, ...]:
    """Name rows by images; the frame of a video by the image that extraction would make.

    Raises:
        FormatError: if two rows are of one image, or a row of none.
    """
    names = [image_of(frame, path) for frame in frames]
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise FormatError(f"{path}: frame {twice[0]!r} is given twice; merge both in SLEAP")
    return tuple(names)


def image_of(frame: Any, path: Path) -> str:
    """Name the image of one row.

    Raises:
        FormatError: if its video has fewer images.
    """
    images, number = frame.video.filename, int(frame.frame_idx)
    if not isinstance(images, list):
        return f"{FOLDER}/{stem_of(frame.video)}/img{number:08d}.png"
    if number >= len(images):
        raise FormatError(f"{path}: frame {number} is of a video of {len(images)} images")
    return below_project(images[number])


def on_grid(
    labels: Any, frames: Sequence[Any], instances: Sequence[Any], value: str, path: Path
) -> Found:
    """Put the instances of each frame on one grid; `value` is what else to take of each point."""
    names = tuple(dict.fromkeys(name for one in labels.skeletons for name in one.node_names))
    owners, warnings = owners_of(labels, instances, path)
    individuals = tuple(dict.fromkeys([*named(labels), *(o for row in owners for o in row)]))
    size = (len(frames), len(individuals) or 1, len(names))
    points, values = np.full((*size, 2), np.nan), np.full(size, np.nan)
    place = {name: at for at, name in enumerate(names)}
    for row, (ones, whose) in enumerate(zip(instances, owners, strict=True)):
        for one, owner in zip(ones, whose, strict=True):
            at = [place[name] for name in one.skeleton.node_names]
            points[row, individuals.index(owner), at] = position_of(one, value)
            values[row, individuals.index(owner), at] = one.points[value]
    known = np.isfinite(points).all(-1).any(axis=0)
    if not named(labels) and len(individuals) < 2:
        individuals = ("",)
    grid = grid_found(individuals, names, known, noted(labels), str(path))
    return Found(grid, points, values, warnings)


def named(labels: Any) -> list[str]:
    """Name the tracks of a file."""
    return [track.name for track in labels.tracks]


def position_of(instance: Any, value: str) -> np.ndarray:
    """Give the positions of an instance: a predicted point that is not visible is missing."""
    points = instance.points
    hidden = ~points["visible"] if value == "score" else np.zeros(len(points), bool)
    return np.where(hidden[:, None], np.nan, points["xy"])


def owners_of(
    labels: Any, instances: Sequence[Any], path: Path
) -> tuple[list[list[str]], list[str]]:
    """Say whose each instance is: its track, or, where it has none, its number in the frame.

    Raises:
        FormatError: if a frame has a track twice.
    """
    owners, loose = [], 0
    for row in instances:
        untracked = [one for one in row if one.track is None]
        loose += len(untracked) if labels.tracks or len(untracked) > 1 else 0
        numbers = iter(range(1, len(untracked) + 1))
        whose = [one.track.name if one.track else f"{NOBODY}{next(numbers)}" for one in row]
        if len(set(whose)) < len(whose):
            twice = next(one for one in whose if whose.count(one) > 1)
            raise FormatError(f"{path}: track {twice!r} is twice in a frame; mend it in SLEAP")
        owners.append(whose)
    if loose:
        told = f"{path}: {loose} instances without a track are told apart by their order alone"
        return owners, [told]
    return owners, []
