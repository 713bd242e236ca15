"""Frames for Lightning Pose's app: images, and a queue of what is to be labeled beside the labels.

The queue of `CollectedData.csv` is `CollectedData.unlabeled.jsonl`: a line of JSON for each image,
with what a model says of it. The app shows those points to be dragged, and moves the image from the
queue to the CSV when it is saved. No training reads a queue.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.labeling.frames import NewFrames, Placed, Survey, in_order
from pose_io_dlc.labeling.naming import naming_of, number_of, taken_in
from pose_io_dlc.labels import FOLDER, read_labels
from pose_io_dlc.projects.config import text_of
from pose_io_dlc.projects.lightning_config import (
    USUAL,
    Config,
    beside,
    csv_per_view,
    data_of,
    names_of,
)
from pose_io_dlc.projects.lightning_pose import (
    choose_csv,
    guessed_views,
    label_files,
    root_and_config,
    videos_of,
)
from pose_io_dlc.projects.safety import refuse_links
from pose_io_dlc.tables import PredictionTable

DIGITS = 8
"""Of the frame numbers in the names that the app gives."""
LEAST_SURE = 0.1
"""Points less confident are left out, for a queue has no word for doubt."""
BESIDE = (-2, -1, 1, 2)
"""Frames that a network with context looks at beside a labeled one."""


def survey_lightning_pose(path: Path | str) -> Survey:
    """Say what a Lightning Pose folder has, labeled or not.

    Raises:
        FormatError: if it cannot be read, or has several cameras.
    """
    root, config, file = files_of(Path(path))
    labels = read_labels(file) if file.is_file() else None
    taken = taken_in(root, [*(labels.frames if labels else ()), *queued(queue_of(file))])
    names = tuple(dict.fromkeys(labels.names if labels else names_of(config)))
    return Survey(root, videos_of(root, config), names, taken)


def files_of(path: Path) -> tuple[Path, Config, Path]:
    """Give the folder, its config, and its file of labels, which may not be there yet.

    Raises:
        FormatError: if it has several files of labels, or several cameras.
    """
    root, config = root_and_config(path)
    views = csv_per_view(root, config, path) or guessed_views(root, config, [])
    if len(views) > 1:
        raise FormatError(
            f"{root}: has several cameras ({', '.join(views)}); frames can only be added to "
            "projects of one"
        )
    if path.suffix.lower() == ".csv":
        return root, config, path
    if label_files(root):
        return root, config, choose_csv(root, config, [])
    listed = data_of(config).get("csv_file")
    first = listed[0] if isinstance(listed, list) and listed else listed
    return root, config, beside(root, str(first or USUAL))


def queue_of(file: Path) -> Path:
    """Name the queue of a file of labels."""
    return file.with_suffix(".unlabeled.jsonl")


def queued(path: Path) -> Iterator[str]:
    """Name the images of a queue.

    Raises:
        FormatError: if it cannot be read.
    """
    lines = text_of(path).splitlines() if path.is_file() else []
    for row, line in enumerate(lines, start=1):
        try:
            yield from [str(json.loads(line)["frame_path"])] if line.strip() else []
        except (ValueError, TypeError, LookupError) as error:
            raise FormatError(
                f"{path}: line {row} is no entry of a queue ({error}); mend or remove it"
            ) from error


def place_in_lightning_pose(path: Path | str, frames: Sequence[NewFrames]) -> Placed:
    """Say where new frames of a Lightning Pose folder lie, and queue them with what models say.

    Frames beside a new one come as images too, if most labeled ones have such.

    Raises:
        FormatError: if there are several cameras or other keypoints, or what is there cannot be
            read.
    """
    survey = survey_lightning_pose(path)
    root, _, file = files_of(Path(path))
    queue = queue_of(file)
    before = text_of(queue) if queue.is_file() else ""
    offsets = (0, *BESIDE) if file.is_file() and has_neighbours(root, file) else (0,)
    images: dict[str, Mapping[int, str]] = {}
    lines = before.splitlines()
    for one in frames:
        video = one.video.stem
        naming = naming_of(root, video, one.length, DIGITS, project_width=True)
        wanted = sorted({n + offset for n in one.numbers for offset in offsets})
        there = survey.taken.get(video, frozenset()) - set(one.numbers)
        inside = [n for n in wanted if 0 <= n < one.length and n not in there]
        images[video] = {n: f"{FOLDER}/{video}/{naming.image(n)}" for n in inside}
        table = in_order(one, survey.keypoints, root)
        lines += [
            json.dumps({"frame_path": images[video][n], "predictions": predicted(table, row)})
            for row, n in enumerate(one.numbers)
        ]
    name = queue.relative_to(root).as_posix()
    paths = [path for of_video in images.values() for path in of_video.values()]
    refuse_links([queue, *(root / path for path in paths)], root)
    write = partial(write_lines, lines)
    step = f"open the project in Lightning Pose's app; its label queue ({queue}) has the frames"
    return Placed(images, {name: write}, (), step)


def write_lines(lines: Sequence[str], path: Path) -> None:
    """Write lines of text."""
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())


def predicted(table: PredictionTable | None, row: int) -> dict[str, Any] | None:
    """Give what a model says of one image, as the app keeps it; without points in doubt."""
    if table is None:
        return None
    with np.errstate(invalid="ignore"):
        sure = ~(table.confidence[row] < LEAST_SURE) & np.isfinite(table.keypoints[row]).all(-1)
    points = [
        {"keypoint_name": name, "x": round(float(x), 3), "y": round(float(y), 3)}
        for name, (x, y), is_sure in zip(table.names, table.keypoints[row], sure, strict=True)
        if is_sure
    ]
    now = time.time_ns() // 1_000_000
    return {"model_name": table.scorer, "date_time": now, "predictions": points}


def has_neighbours(root: Path, file: Path) -> bool:
    """Say whether most labeled images have others of the frames beside them on disk."""
    frames = read_labels(file).frames
    labeled = set(frames)
    taken = taken_in(root, ())
    found = 0
    for frame in frames:
        numbers, number = taken.get(PurePosixPath(frame).parent.name, frozenset()), number_of(frame)
        near = [number + offset for offset in BESIDE] if number is not None else []
        names = naming_beside(frame, [one for one in near if one in numbers])
        found += any(name not in labeled for name in names)
    return 2 * found > len(frames)


def naming_beside(frame: str, numbers: Sequence[int]) -> list[str]:
    """Name images like one, with other numbers."""
    stem, dot, suffix = frame.rpartition(".")
    digits = len(stem) - len(stem.rstrip("0123456789"))
    prefix = stem[: len(stem) - digits]
    return [f"{prefix}{number:0{digits}d}{dot}{suffix}" for number in numbers]
