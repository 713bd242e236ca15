"""What runs predict for the labeled frames of their project, beside the truth."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pose_core.bounds import labels_on_images
from pose_core.diagnostics.notices import Say
from pose_core.diagnostics.tracks import LABELS, Tracks
from pose_core.errors import FormatError, PoseError, reason
from pose_core.files import open_project
from pose_core.labels import MISSING, Labels
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.project import Project
from pose_core.run_folder import PREDICTIONS, read_config
from pose_core.skeleton import Skeleton

STRICTEST = ("train", "validation", "test", "unused")
"""Sets, the one first that a frame is in for all runs if it is for one of them."""


@dataclass(frozen=True, eq=False)
class Labeled:
    """Predictions of labeled frames by one source.

    Attributes:
        predictions: with the paths of their images.
        sets: of each frame; None where the source was not trained on any.
    """

    predictions: Predictions
    sets: tuple[str, ...] | None = None


def read_labeled(run: Path, skeleton: Skeleton) -> Labeled:
    """Read what a run's evaluation wrote: the predictions of the labeled frames, and their sets.

    Args:
        run: folder of the run.
        skeleton: of the run.

    Raises:
        FormatError: if it is not there, or damaged.
    """
    path = run / PREDICTIONS
    if not path.is_file():
        raise FormatError(f"{path}: is not there; run pose evaluate {run}")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            scorers, names, _, *rows = csv.reader(file)
            frames, sets = [row[0] for row in rows], [row[-1] for row in rows]
            values = np.array([row[1:-1] for row in rows], dtype=float)
            points = values.reshape(len(rows), -1, 3)
    except (OSError, ValueError, IndexError) as error:
        raise FormatError(
            f"{path}: damaged ({reason(error)}); run pose evaluate {run} again"
        ) from error
    if tuple(names[1:-1:3]) != skeleton.names or not set(sets) <= set(STRICTEST):
        raise FormatError(f"{path}: is not of this run; run pose evaluate {run} again")
    predictions = Predictions(
        points[..., :2], points[..., 2], skeleton, tuple(frames), scorer=scorers[1]
    )
    return Labeled(predictions, tuple(sets))


def project_named(run: Path) -> Path:
    """Give the path of the project that a run was trained on, wherever it is now.

    Raises:
        FormatError: if the run does not say.
    """
    given = read_config(run).get("project")
    if not given:
        raise FormatError(f"{run}: does not say what project it was trained on; give --project")
    return Path(given)


def open_truth(path: Path, plugins: Plugins, say: Say) -> Project | None:
    """Open the project that has the truth, if it can be; labels outside their image are missing."""
    if not path.exists():
        say(f"{path}: is not there, so errors are unknown; give --project to say where it is now")
        return None
    try:
        project = open_project(path, plugins)
        points = labels_on_images(project)
    except PoseError as error:
        say(f"{error}; errors are unknown")
        return None
    known = np.isfinite(points).all(-1)
    visibility = np.where(known, project.labels.visibility, MISSING)
    labels = replace(project.labels, keypoints=points, visibility=visibility)
    return replace(project, labels=labels)


def labeled_tracks(
    found: Mapping[str, Labeled],
    members: Sequence[str],
    project: Project | None,
    say: Say,
    ensembles: Mapping[str, str] | None = None,
) -> Tracks | None:
    """Put what all sources say of the labeled frames side by side, in the project's order.

    A frame that a source does not know is NaN there. A frame is one to train on if any source
    trained on it, then one to validate on if any did.

    Args:
        found: by source; all of one skeleton.
        members: the sources that are networks.
        project: with the truth; without it, frames are in the order of the sources.
        say: hears what is odd.
        ensembles: the name of that of each source; None if all are of one.

    Returns:
        None if there is no frame.
    """
    known = list(dict.fromkeys(frame for one in found.values() for frame in frames_of(one)))
    frames = known if project is None else [f for f in project.labels.frames if f in set(known)]
    if known and not frames:
        say(f"{project and project.root}: has none of the frames that were predicted")
    if not frames:
        return None
    sets = {name: sets_of(one, frames) for name, one in found.items() if one.sets is not None}
    if len(set(sets.values())) > 1:
        say("runs have different splits: errors of a set are of other frames for each")
    strictest = [min(own, key=STRICTEST.index) for own in zip(*sets.values(), strict=True)]
    return Tracks(
        subject=LABELS,
        sources={name: in_order(one.predictions, frames) for name, one in found.items()},
        members=tuple(name for name in members if name in found),
        root=None if project is None else project.root,
        truth=None if project is None else truth_of(project.labels, frames, found),
        sets=tuple(strictest) or ("unused",) * len(frames),
        own_sets=sets,
        ensembles={name: (ensembles or {}).get(name, "") for name in found},
    )


def frames_of(one: Labeled) -> tuple[str, ...]:
    """Give the images that a source predicted."""
    return one.predictions.frames or ()


def sets_of(one: Labeled, frames: Sequence[str]) -> tuple[str, ...]:
    """Give the sets of some frames; those that the source does not know are unused."""
    own = dict(zip(frames_of(one), one.sets or (), strict=True))
    return tuple(own.get(frame, "unused") for frame in frames)


def in_order(given: Predictions, frames: Sequence[str]) -> Predictions:
    """Give the predictions of some frames, NaN for those that are not there."""
    rows = {frame: row for row, frame in enumerate(given.frames or ())}
    chosen = np.array([rows.get(frame, -1) for frame in frames])
    absent = chosen < 0

    def taken(values: np.ndarray) -> np.ndarray:
        found = np.full((len(frames), *values.shape[1:]), np.nan)
        found[~absent] = values[chosen[~absent]]
        return found

    return Predictions(
        taken(given.keypoints),
        taken(given.confidence),
        given.skeleton,
        tuple(frames),
        given.scorer,
        {name: taken(column) for name, column in given.extra.items()},
    )


def truth_of(labels: Labels, frames: Sequence[str], found: Mapping[str, Labeled]) -> Labels:
    """Give the labels of some frames, with the keypoints of the predictions."""
    skeleton = next(iter(found.values())).predictions.skeleton
    rows = {frame: row for row, frame in enumerate(labels.frames)}
    some = labels.select([rows[frame] for frame in frames])
    order = [labels.skeleton.index(name) for name in skeleton.names]
    return Labels(some.frames, some.keypoints[:, order], some.visibility[:, order], skeleton)
