"""Add the frames that were chosen to the project, with what is predicted of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pose_core.errors import FormatError
from pose_core.files import able, open_project
from pose_core.hookspecs import VideoReader
from pose_core.labeling import NewFrames, Placed, Survey
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.suggestions.adding import Addition, write_images
from pose_core.suggestions.candidates import Candidate
from pose_core.suggestions.choosing import Suggestion
from pose_core.suggestions.record import NAME, Row, read_rows, taken_before, write_rows
from pose_core.views import join_instants


def survey_of(project: Path, plugins: Plugins) -> Survey:
    """Say what a project has, and which of its frames are labeled, extracted or were suggested.

    Raises:
        FormatError: if it is none, or cannot be read.
    """
    found: Survey = able(plugins, "survey", project, None)(project)
    before = taken_before(read_rows(found.root))
    videos = {**found.taken, **before}
    taken = {v: found.taken.get(v, frozenset()) | before.get(v, frozenset()) for v in videos}
    return replace(found, taken=taken)


def labels_of(project: Path, plugins: Plugins) -> Labels | None:
    """Give the labels of a project, several views side by side, as their predictions are put.

    None if it has none yet, or they cannot be used.
    """
    try:
        opened = open_project(project, plugins)
    except FormatError:
        return None
    labels, cameras = opened.labels, opened.cameras
    return join_instants(labels, cameras, range(len(labels))) if cameras else labels


@dataclass(frozen=True)
class Added:
    """What was added to a project.

    Attributes:
        images: paths of the frames to label, in the order they were chosen in; those of an instant
            in all views follow each other.
        beside: how many images of frames beside them were added too.
        table: what keeps why they were chosen.
        notes: what else was changed, one line each.
        next_step: how a person corrects the labels.
    """

    images: tuple[Path, ...]
    beside: int
    table: Path
    notes: tuple[str, ...]
    next_step: str


def add(
    project: Path,
    candidates: Sequence[Candidate],
    chosen: Sequence[Suggestion],
    method: str,
    plugins: Plugins,
    reader: VideoReader,
) -> Added:
    """Write frames into a project, to be corrected there: all of them, or nothing.

    Args:
        project: the folder, or what stands for it.
        candidates: the recordings.
        chosen: frames of them.
        method: how they were chosen, for the table.
        plugins: where formats are.
        reader: of videos.

    Raises:
        FormatError: if the project cannot take them, or an image is there by now.
        VideoError: if a frame cannot be decoded.
        PoseError: if the system cannot write.
    """
    root = survey_of(project, plugins).root
    place = able(plugins, "place_frames", project, None)
    with Addition(root) as addition:
        rows = read_rows(root)
        placed: Placed = place(project, new_frames(candidates, chosen))
        for info in (info for one in candidates for info in one.videos.values()):
            write_images(addition, info.path, placed.images.get(info.path.stem, {}), reader)
        for name, write in placed.files.items():
            addition.replace(name, write)
        own = [row for one in chosen for row in rows_of(one, candidates, method, placed)]
        addition.replace(NAME, partial(write_rows, [*rows, *own]))
    images = tuple(root / row.image for row in own)
    beside = sum(map(len, placed.images.values())) - len(images)
    return Added(images, beside, root / NAME, placed.notes, placed.next_step)


def new_frames(candidates: Sequence[Candidate], chosen: Sequence[Suggestion]) -> list[NewFrames]:
    """Group the frames by video, all views of a recording together, with their predictions."""
    found = []
    for place, one in enumerate(candidates):
        numbers = tuple(sorted(each.number for each in chosen if each.candidate == place))
        for view, info in one.videos.items() if numbers else ():
            predicted = one.predictions.get(view) and replace(
                one.predictions[view].select(numbers), frames=None, extra={}
            )
            found.append(NewFrames(info.path, info.frames, info.size, numbers, predicted, view))
    return found


def rows_of(
    one: Suggestion, candidates: Sequence[Candidate], method: str, placed: Placed
) -> list[Row]:
    """Write down a frame of each view, and why it was chosen."""
    score = "" if np.isnan(one.score) else f"{one.score:.3f}"
    return [
        Row(
            placed.images[info.path.stem][one.number], info.path.name, str(one.number),
            method, score, one.reason,
        )
        for info in candidates[one.candidate].videos.values()
    ]  # fmt: skip
