"""Frames for DeepLabCut's refinement: images, and `machinelabels-iter<k>.h5` beside them.

That is where its `extract_outlier_frames` puts what a network says of frames to be corrected.
`napari-deeplabcut` shows them as points to drag, and saving writes `CollectedData_<scorer>.h5`.
Until then no training of DeepLabCut, or of ours, reads them: only that file holds labels.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.labeling.frames import NewFrames, Placed, Survey, in_order
from pose_io_dlc.labeling.naming import folders_of, naming_of, taken_in
from pose_io_dlc.labels import FOLDER, below_project
from pose_io_dlc.projects.config import changed, parsed, read_yaml, text_of
from pose_io_dlc.projects.create import video_sets
from pose_io_dlc.projects.deeplabcut import CONFIG, config_of, order_of
from pose_io_dlc.projects.safety import refuse_links
from pose_io_dlc.projects.three_d import refuse_three_d
from pose_io_dlc.projects.video_sets import listed_videos, sets_of, videos_of
from pose_io_dlc.sheets.columns import Column, Columns
from pose_io_dlc.sheets.files import read_sheet, write_sheet
from pose_io_dlc.sheets.sheet import Sheet
from pose_io_dlc.tables import PredictionTable
from pose_io_dlc.writing import COORDS

CURRENT = "machinelabels.csv"
"""What the newest of the H5 files holds, for people to read."""


def survey_deeplabcut(path: Path | str) -> Survey:
    """Say what a DeepLabCut project has, labeled or not.

    Raises:
        FormatError: if it is none, or a file of labels cannot be read.
    """
    source = config_of(Path(path))
    config = read_yaml(source)
    if "Task" not in config:
        raise FormatError(f"{source}: has no Task; it is not the config of a DeepLabCut project")
    refuse_three_d(source, config)
    warnings: list[str] = []
    videos = videos_of(config, source.parent, warnings)
    names = tuple(dict.fromkeys(name for _, name in order_of(config, source)))
    taken = taken_in(source.parent, named_images(source.parent))
    return Survey(source.parent, videos, names, taken, tuple(warnings))


def named_images(root: Path) -> Iterator[str]:
    """Name the images that files of labels, a person's or a network's, speak of.

    They are taken for images of the folder the file lies in, as DeepLabCut takes them.
    """
    for folder in folders_of(root):
        refuse_links([folder], root)
        files = (*folder.glob("CollectedData_*"), *folder.glob("machinelabels*"))
        for file in sorted(file for file in files if file.suffix in (".csv", ".h5")):
            for row in map(str, read_sheet(file).index):
                yield f"{folder.name}/{below_project(row).rpartition('/')[2]}"


def place_in_deeplabcut(path: Path | str, frames: Sequence[NewFrames]) -> Placed:
    """Say where new frames of a DeepLabCut project lie, with what networks say of them.

    A video that the config does not list is added to it, for DeepLabCut trains on no other's
    frames.

    Raises:
        FormatError: if there are several animals or other keypoints, or what is there cannot be
            read.
    """
    source = config_of(Path(path))
    root, config = source.parent, read_yaml(source)
    images: dict[str, Mapping[int, str]] = {}
    files: dict[str, Callable[[Path], None]] = {}
    for one in frames:
        video = one.video.stem
        width = math.ceil(math.log10(max(one.length, 2)))  # as DeepLabCut counts them
        naming = naming_of(root, [video], one.length, width, project_width=False)
        images[video] = {n: f"{FOLDER}/{video}/{naming.image(n)}" for n in one.numbers}
        if one.predictions is not None:
            files |= machine_labels(root, config, one, list(images[video].values()))
    paths = [*files, *(path for of_video in images.values() for path in of_video.values())]
    refuse_links([root / path for path in paths], root)
    text, notes = with_videos(source, frames)
    if notes:
        files[source.name] = partial(write_text, text)
    return Placed(images, files, notes, next_step(root, images, files))


def next_step(root: Path, images: Mapping[str, object], files: Mapping[str, object]) -> str:
    """Say how labels are corrected."""
    first, *others = [root / FOLDER / video for video in images or [""]]
    rest = f"; then so with {', '.join(map(str, others))}" if others else ""
    predicted = any(Path(name).name == CURRENT for name in files)
    what = "correct the points of the machinelabels" if predicted else "label the points"
    return (
        f"open {first} and {CONFIG} with napari-deeplabcut, {what}, and save them as "
        f"CollectedData{rest}"
    )


def write_text(text: str, path: Path) -> None:
    """Write a text as it is."""
    path.write_bytes(text.encode())


def with_videos(source: Path, frames: Sequence[NewFrames]) -> tuple[str, tuple[str, ...]]:
    """Add the videos that a config does not list to its text; also name them, one line each."""
    text = text_of(source)
    config = parsed(text, source)
    listed = listed_videos(config)
    added = [one for one in frames if one.video.stem not in listed]
    if not added:
        return text, ()
    new = video_sets([one.video.resolve() for one in added], [one.size for one in added])
    text = changed(text, {"video_sets": {**sets_of(config, "video_sets"), **new}}, source)
    return text, tuple(f"{source}: video_sets lists {one.video.name} now" for one in added)


def machine_labels(
    root: Path, config: Mapping[str, Any], frames: NewFrames, images: Sequence[str]
) -> dict[str, Callable[[Path], None]]:
    """Give the files that say what networks say of the frames of one video, H5 and CSV."""
    source = root / CONFIG
    if config.get("multianimalproject"):
        raise FormatError(
            f"{source}: has several animals; predicted labels can only be added for one"
        )
    names = tuple(name for _, name in order_of(config, source))
    table = in_order(frames, names, source)
    assert table is not None
    folder = f"{FOLDER}/{frames.video.stem}"
    h5 = f"{folder}/machinelabels-iter{iteration_of(config, source)}.h5"
    sheet = appended(before_in(root / folder, root / h5), table, images, root / h5)
    return {name: lambda path: write_sheet(path, sheet) for name in (h5, f"{folder}/{CURRENT}")}


def iteration_of(config: Mapping[str, Any], source: Path) -> int:
    """Read how often the labels were refined.

    Raises:
        FormatError: if it is no number.
    """
    given = config.get("iteration") or 0
    if not isinstance(given, int) or given < 0:
        raise FormatError(f"{source}: iteration is {given!r}; it counts refinements: 0, 1, 2, ...")
    return given


def before_in(folder: Path, h5: Path) -> Sheet | None:
    """Read the machine labels that a folder has of this iteration.

    A CSV alone counts where no H5 is; else it repeats the newest one.
    """
    if h5.is_file():
        return read_sheet(h5)
    alone = (folder / CURRENT).is_file() and not any(folder.glob("machinelabels-iter*.h5"))
    return read_sheet(folder / CURRENT) if alone else None


def appended(
    before: Sheet | None, table: PredictionTable, images: Sequence[str], where: Path
) -> Sheet:
    """Put predictions of images below the rows that are there, which stay as they are.

    Raises:
        FormatError: if those are of other keypoints.
    """
    named = [Column("", name, coord) for name in table.names for coord in COORDS]
    values = np.concatenate([table.keypoints, table.confidence[..., None]], axis=-1)
    flat = values.reshape(len(values), len(named))
    if before is None:
        return Sheet(Columns(table.scorer, tuple(named)), tuple(images), flat, 3)
    if set(before.columns.columns) != set(named):
        raise FormatError(
            f"{where}: has other columns than the predictions; move it away to begin a new one"
        )
    order = [named.index(column) for column in before.columns.columns]
    return Sheet(
        before.columns,
        (*map(str, before.index), *images),
        np.concatenate([before.values, flat[:, order]]),
        3,
    )
