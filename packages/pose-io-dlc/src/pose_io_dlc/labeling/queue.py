"""Frames for Lightning Pose's app: images, and a queue of what is to be labeled beside the labels.

The queue of `CollectedData.csv` is `CollectedData.unlabeled.jsonl`: a line of JSON for each image,
with what a model says of it. The app shows those points to be dragged, and moves the image from the
queue to the CSV when it is saved. No training reads a queue. Where each view has labels of its own,
it has a queue of its own too, and the app takes the same line of all queues for one instant.
"""

import csv
import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.labeling.frames import NewFrames, Placed, Survey, in_order
from pose_io_dlc.labeling.naming import Naming, naming_of, number_of, taken_in
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
SUGGESTIONS = "suggestions.csv"
"""Where `pose suggest` keeps which images it chose."""
BESIDE = (-2, -1, 1, 2)
"""Frames that a network with context looks at beside a labeled one."""


def survey_lightning_pose(path: Path | str) -> Survey:
    """Say what a Lightning Pose folder has, labeled or not.

    Raises:
        FormatError: if it cannot be read.
    """
    warnings: list[str] = []
    root, config, files = files_of(Path(path), warnings)
    labels = [read_labels(file) for file in files.values() if file.is_file()]
    queues = [frame for file in files.values() for frame in queued(queue_of(file))]
    taken = taken_in(root, [*(frame for one in labels for frame in one.frames), *queues])
    names = tuple(dict.fromkeys(labels[0].names if labels else names_of(config)))
    views = tuple(view for view in files if view)
    lacking = {view: file for view, file in files.items() if labels and not file.is_file()}
    warnings += [f"{root}: view {view!r} has no {file.name}" for view, file in lacking.items()]
    return Survey(root, videos_of(root, config), names, taken, tuple(warnings), views)


def files_of(path: Path, warnings: list[str]) -> tuple[Path, Config, dict[str, Path]]:
    """Give the folder, its config, and view to file of labels, which may not be there yet.

    The view of one camera is "".

    Raises:
        FormatError: if it has several files of labels that are of no views, or the path is one of
            several.
    """
    root, config = root_and_config(path)
    alone = path.suffix.lower() == ".csv"
    views = csv_per_view(root, config, path) or guessed_views(root, config, warnings)
    if views and alone:
        raise FormatError(
            f"{path}: has the labels of one view of {len(views)}, and frames are labeled in all; "
            f"give {root}"
        )
    if views:
        return root, config, views
    if alone:
        return root, config, {"": path}
    if label_files(root):
        return root, config, {"": choose_csv(root, config, [])}
    listed = data_of(config).get("csv_file")
    first = listed[0] if isinstance(listed, list) and listed else listed
    return root, config, {"": beside(root, str(first or USUAL))}


def queue_of(file: Path) -> Path:
    """Name the queue of a file of labels."""
    return file.with_suffix(".unlabeled.jsonl")


def queued(path: Path) -> Iterator[str]:
    """Name the images of a queue.

    Raises:
        FormatError: if it cannot be read.
    """
    for row, line in enumerate(lines_of(path), start=1):
        try:
            yield from [str(json.loads(line)["frame_path"])] if line.strip() else []
        except (ValueError, TypeError, LookupError) as error:
            raise FormatError(
                f"{path}: line {row} is no entry of a queue ({error}); mend or remove it"
            ) from error


def place_in_lightning_pose(path: Path | str, frames: Sequence[NewFrames]) -> Placed:
    """Say where new frames of a Lightning Pose folder lie, and queue them with what models say.

    Frames beside a new one come as images too, if most labeled ones have such. The app shows line
    by line what several views have in their queues.

    Raises:
        FormatError: if there are other keypoints or views, or what is there cannot be read.
    """
    survey = survey_lightning_pose(path)
    root, _, files = files_of(Path(path), [])
    queues = {view: queue_of(file) for view, file in files.items()}
    lines = {view: lines_of(queue) for view, queue in queues.items()}
    refuse_uneven({queue: lines[view] for view, queue in queues.items()}, root)
    offsets = (0, *BESIDE) if has_neighbours(root, files.values()) else (0,)
    images: dict[str, Mapping[int, str]] = {}
    for views in recordings_of(frames, files, root):
        stems, length = [one.video.stem for one in views], max(one.length for one in views)
        naming = naming_of(root, stems, length, DIGITS, project_width=True)
        for one in views:
            own = images_for(one, survey, offsets, naming)
            images[one.video.stem] = own
            lines[one.view] += entries(one, own, in_order(one, survey.keypoints, root))
    paths = [path for of_video in images.values() for path in of_video.values()]
    refuse_links([*queues.values(), *(root / path for path in paths)], root)
    writers = {
        queue.relative_to(root).as_posix(): partial(write_lines, lines[view])
        for view, queue in queues.items()
    }
    named = ", ".join(map(str, queues.values()))
    what = f"queue ({named}) has" if len(queues) == 1 else f"queues ({named}) have"
    step = f"open the project in Lightning Pose's app; its label {what} the frames"
    return Placed(images, writers, (), step)


def lines_of(queue: Path) -> list[str]:
    """Read the lines of a queue, which may not be there yet."""
    return text_of(queue).splitlines() if queue.is_file() else []


def refuse_uneven(queues: Mapping[Path, Sequence[str]], root: Path) -> None:
    """Refuse lines of queues of views that do not line up, for new lines would not either.

    Raises:
        FormatError: with their lengths.
    """
    counts = {path.relative_to(root): count_filled(own) for path, own in queues.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise FormatError(
            f"{root}: queues of its views have different numbers of frames ({listed}), and each "
            "line is to show one instant in all; mend them"
        )


def count_filled(lines: Sequence[str]) -> int:
    """Count the lines that are not blank: the frames of a queue."""
    return sum(1 for line in lines if line.strip())


def recordings_of(
    frames: Sequence[NewFrames], views: Collection[str], root: Path
) -> list[tuple[NewFrames, ...]]:
    """Put the frames of all views together, recording by recording.

    Raises:
        FormatError: if frames are of another view, or not in all views.
    """
    for one in frames:
        if one.view not in views:
            raise FormatError(
                f"{root}: {one.video.name} is of view {one.view!r}; its views are "
                f"{', '.join(map(repr, views))}"
            )
    each = [[one for one in frames if one.view == view] for view in views]
    numbers = [[one.numbers for one in own] for own in each]
    if numbers.count(numbers[0]) < len(numbers):
        raise FormatError(
            f"{root}: views have other frames to label than {next(iter(views))!r}; give the same "
            "of each, for labels of views are aligned row by row"
        )
    return list(zip(*each, strict=True))


def images_for(
    frames: NewFrames, survey: Survey, offsets: Sequence[int], naming: Naming
) -> dict[int, str]:
    """Name the images of new frames, and of those beside them that are not there yet."""
    video = frames.video.stem
    wanted = sorted({number + offset for number in frames.numbers for offset in offsets})
    there = survey.taken.get(video, frozenset()) - set(frames.numbers)
    inside = [number for number in wanted if 0 <= number < frames.length and number not in there]
    return {number: f"{FOLDER}/{video}/{naming.image(number)}" for number in inside}


def entries(
    frames: NewFrames, images: Mapping[int, str], table: PredictionTable | None
) -> Iterator[str]:
    """Write the lines of a queue."""
    for row, number in enumerate(frames.numbers):
        yield json.dumps({"frame_path": images[number], "predictions": predicted(table, row)})


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


def has_neighbours(root: Path, files: Iterable[Path]) -> bool:
    """Say whether most labeled images have others of the frames beside them on disk.

    Images that were suggested, which wait for labels or did, are there for themselves.
    """
    files = [*files]
    frames = [frame for file in files if file.is_file() for frame in read_labels(file).frames]
    waiting = (frame for file in files for frame in queued(queue_of(file)))
    own = {*frames, *waiting, *suggested(root)}
    taken = taken_in(root, ())
    found = 0
    for frame in frames:
        numbers, number = taken.get(PurePosixPath(frame).parent.name, frozenset()), number_of(frame)
        near = [number + offset for offset in BESIDE] if number is not None else []
        names = naming_beside(frame, [one for one in near if one in numbers])
        found += any(name not in own for name in names)
    return 2 * found > len(frames)


def suggested(root: Path) -> Iterator[str]:
    """Name the images that were suggested for a project, in the first column of their table."""
    table = root / SUGGESTIONS
    rows = csv.reader(text_of(table).splitlines()) if table.is_file() else ()
    yield from (row[0] for row in rows if row)


def naming_beside(frame: str, numbers: Sequence[int]) -> list[str]:
    """Name images like one, with other numbers."""
    stem, dot, suffix = frame.rpartition(".")
    digits = len(stem) - len(stem.rstrip("0123456789"))
    prefix = stem[: len(stem) - digits]
    return [f"{prefix}{number:0{digits}d}{dot}{suffix}" for number in numbers]
