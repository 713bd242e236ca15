"""What is drawn on a video: sets of predictions that fit it, and the skeleton of their limbs."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from pose_core.commands.draw_inputs import names_of, skeleton_beside
from pose_core.errors import ConfigError, FormatError, PoseError
from pose_core.files import open_project, read_predictions
from pose_core.hookspecs import VideoInfo
from pose_core.options import suggest
from pose_core.partial import EDGE, digest, read_origin, record_of
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.run_folder import SKELETON, read_skeleton
from pose_core.skeleton import Skeleton
from pose_core.wording import count_of


def read_sets(
    tables: Sequence[Path], info: VideoInfo, arguments: Namespace, plugins: Plugins
) -> dict[str, Predictions]:
    """Read the tables of a video, by the names of who made them; what cannot be used is said.

    Raises:
        PoseError: if none can be used.
    """
    sets: dict[str, Predictions] = {}
    for name, table in zip(names_of(tables, info.path), tables, strict=True):
        try:
            read = fitted(read_predictions(table, plugins), table, info)
            sets[name] = only(read, arguments.keypoints, table)
        except PoseError as error:
            if len(tables) == 1:
                raise
            warn(f"{error}; it is left out")
            continue
        warn_of_another_video(table, info.path)
        warn_of_unsure(sets[name], table, arguments.confidence)
    if not sets:
        raise FormatError(f"{info.path}: none of its {len(tables)} tables can be drawn")
    return sets


def fitted(one: Predictions, table: Path, info: VideoInfo) -> Predictions:
    """Give predictions with a row for every frame of the video; what it lacks is missing.

    Raises:
        FormatError: if they are of images, or of a longer video.
    """
    for line in one.warnings:
        warn(line)
    if one.frames is not None:
        raise FormatError(
            f"{table}: is of images, not of a video; give a table of {info.path.name}"
        )
    lacking = info.frames - len(one)
    rows, frames = count_of(len(one), "row"), count_of(info.frames, "frame")
    lengths = f"{table}: has {rows}, {info.path} {frames}"
    if -lacking > info.cut_off:
        raise FormatError(f"{lengths}; give predictions of this video")
    if lacking > 0:
        warn(f"{lengths}; the last {lacking} are drawn without marks")
    padding = [(0, max(lacking, 0)), (0, 0)]
    return replace(
        one,
        keypoints=np.pad(one.keypoints, [*padding, (0, 0)], constant_values=np.nan)[: info.frames],
        confidence=np.pad(one.confidence, padding, constant_values=np.nan)[: info.frames],
        extra={},
    )


def only(one: Predictions, wanted: str | None, table: Path) -> Predictions:
    """Give some keypoints: names or patterns such as `paw*`, separated by commas; None for all.

    Raises:
        ConfigError: if one of them is no keypoint.
    """
    if wanted is None:
        return one
    chosen: set[str] = set()
    for pattern in filter(None, (part.strip() for part in wanted.split(","))):
        found = {name for name in one.skeleton.names if fnmatchcase(name, pattern)}
        if not found:
            hint = suggest(pattern, one.skeleton.names)
            raise ConfigError(f"--keypoints: {table} has no {pattern!r}; {hint}")
        chosen |= found
    rows = [place for place, name in enumerate(one.skeleton.names) if name in chosen]
    return replace(
        one,
        keypoints=one.keypoints[:, rows],
        confidence=one.confidence[:, rows],
        skeleton=Skeleton(tuple(one.skeleton.names[row] for row in rows)),
    )


def warn_of_another_video(table: Path, video: Path) -> None:
    """Say where a table was made from another file; a copy that was encoded anew is one."""
    origin = read_origin(record_of(table))
    if origin and origin.video_digest != digest(video, EDGE):
        is_same = origin.video == str(video.resolve())
        what = f"{video} before that changed" if is_same else f"{origin.video}, not from {video}"
        warn(f"{table}: was made from {what}; look whether marks fit")


def warn_of_unsure(one: Predictions, table: Path, confidence: float) -> None:
    """Say where most points are not drawn: a threshold may not be that of this model."""
    known = np.isfinite(one.keypoints).all(-1)
    hidden = (one.confidence < confidence)[known].mean() if known.any() else 0.0
    if hidden > 0.5:
        advice = "--confidence 0 draws all"
        warn(f"{table}: {hidden:.0%} of its points are below --confidence {confidence:g}; {advice}")
    if not known.any():
        warn(f"{table}: has no points at all")


def skeleton_for(
    tables: Sequence[Path], own: Skeleton, arguments: Namespace, plugins: Plugins
) -> Skeleton:
    """Find the skeleton whose edges and colours are drawn.

    Args:
        tables: that may lie in a run, or say which run made them.
        own: of the first set of predictions.
        arguments: of the command.
        plugins: whose formats open a project.

    Raises:
        PoseError: if the one asked for cannot be read, or has none of the keypoints.
    """
    found = own
    if arguments.skeleton is not None:
        found = read_any_skeleton(arguments.skeleton, plugins)
        if not set(found.names) & set(own.names):
            raise FormatError(
                f"{arguments.skeleton}: has none of the keypoints of {tables[0]}, but "
                f"{found.names[0]!r} and others; give the project or run of these predictions"
            )
    elif not own.edges:
        found = next(filter(None, map(read_beside, tables)), own)
    if arguments.limbs and not found.edges:
        warn("no edges of the skeleton are known; --skeleton names a project or run that has them")
    return found


def read_beside(table: Path) -> Skeleton | None:
    """Read the skeleton of the run that made a table, if it is there and whole."""
    path = skeleton_beside(table)
    try:
        return read_skeleton(path) if path else None
    except PoseError as error:
        warn(f"{error}; limbs are left out")
        return None


def read_any_skeleton(path: Path, plugins: Plugins) -> Skeleton:
    """Read the skeleton of a run, of a project, or of a `skeleton.json`.

    Raises:
        PoseError: if there is none.
    """
    if (path / SKELETON).is_file():
        return read_skeleton(path / SKELETON)
    if path.suffix.lower() == ".json":
        return read_skeleton(path)
    return open_project(path, plugins).skeleton


def warn(text: str) -> None:
    """Print one line where errors go."""
    print(f"pose draw: {text}", file=sys.stderr)
