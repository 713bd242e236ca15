"""The smoother `pose_repair`: repair as a model folder and its project have it. Without torch."""

import csv
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from pose_core.errors import ConfigError, FormatError, PoseError
from pose_core.files import open_project
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble, Predictions
from pose_core.project import Project
from pose_core.skeleton import Skeleton
from pose_core.smoothing import ensemble_mean
from pose_core.views import join_instants, join_predictions, rows_of_instants
from pose_losses.repair import Repair, Repaired, fit_repair, repair
from pose_losses.repair_files import read_repair, write_repair
from pose_losses.repair_options import Points, RepairOptions

NAME = "pose_repair"
CONFIG, PREDICTIONS = "config.yaml", "predictions.csv"
FITTED, FITTED_TOGETHER = "repair.json", "repair-views.json"
"""What was fitted, to each view by itself and to all side by side."""


def smooth_repair(ensemble: Ensemble, options: RepairOptions) -> Predictions:
    """Average the members, and repair the points in doubt.

    Raises:
        ConfigError: if no model is named, or it has too few labels.
        FormatError: if its folder or its project lacks what is needed.
    """
    if not options.model:
        raise ConfigError(
            f"smoother.{NAME}: no model; give model=FOLDER of the training run, whose labels and "
            "validation frames it is fitted to"
        )
    fitted = fitted_for(options)
    found = repair(ensemble_mean(ensemble), fitted, options.points)
    return replace(found.predictions, scorer=NAME, notes=(said(found, fitted, options.points),))


def fitted_for(options: RepairOptions) -> Repair:
    """Read the repair of a model folder, or fit it and write it there.

    The file serves as long as the predictions it was fitted to are the same, and where they are
    not: a model folder goes to other machines without its project.
    """
    folder = Path(options.model)
    project = Path(options.project) if options.project else None
    if options.gate is not None:
        return fit_folder(folder, project, options.gate, options.together)
    predictions = folder / PREDICTIONS
    file = folder / (FITTED_TOGETHER if options.together else FITTED)
    now = mark_of(predictions) if predictions.is_file() else None
    if file.is_file() and project is None:
        fitted, made_from = read_repair(file)
        if now in (None, made_from):
            return fitted
    fitted = fit_folder(folder, project, together=options.together)
    with suppress(PoseError):  # a folder that cannot be written is fitted to each time
        write_repair(file, fitted, now or "")
    return fitted


def mark_of(path: Path) -> str:
    """Give what tells the contents of a file from others."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def said(found: Repaired, fitted: Repair, points: Points) -> str:
    """Say in one line what was repaired, or why nothing was."""
    which = f"those below confidence {fitted.gate:.2f} ({fitted.about})"
    if points == "all":
        which = "those that the others contradict, and every point moved to where all have it"
        if not found.count:
            which = "the others contradict none; every point is moved to where all have it"
    elif not found.count:
        which = why_none(found, fitted)
    total = found.variance.size
    return f"repaired {found.count:,} of {total:,} points: {which}, by {fitted.poses.about}"


def why_none(found: Repaired, fitted: Repair) -> str:
    """Say how many points were in doubt, none of which could be repaired."""
    given = found.predictions
    doubt = ~np.isfinite(given.keypoints).all(-1) | (given.confidence < fitted.gate)
    gate = f"confidence {fitted.gate:.2f} ({fitted.about})"
    if fitted.gate == 0:
        gate += ", for repair helped nowhere there"
    if not doubt.any():
        return f"none is missing or below {gate}"
    which = f"{doubt.sum():,} missing or below {gate}"
    return f"{which}, of which the other points of their frames tell too little"


def fit_folder(
    folder: Path, project: Path | None = None, gate: float | None = None, together: bool = False
) -> Repair:
    """Fit a repair to what a training run left: its split, its predictions, its project's labels.

    Args:
        folder: of the trained model, evaluated.
        project: where the project is now, if it moved.
        gate: to use this one; None fits it.
        together: whether to fit it to all views of an instant side by side.

    Raises:
        ConfigError: if labels are too few.
        FormatError: if a file is missing, or was made of other labels.
    """
    opened = project_of(folder, project)
    labels = opened.labels
    predicted, sets = read_evaluated(present(folder / PREDICTIONS))
    numbers = {frame: number for number, frame in enumerate(labels.frames)}
    frames = predicted.frames or ()
    if absent := [frame for frame in frames if frame not in numbers]:
        raise FormatError(
            f"{folder / PREDICTIONS}: frame {absent[0]!r} is not labeled in the project; "
            f"run 'pose evaluate {folder}' again"
        )
    rows = np.array([numbers[frame] for frame in frames], int)
    judged = np.flatnonzero(sets == "validation")
    if not together:
        train, validation = labels.select(rows[sets == "train"]), labels.select(rows[judged])
        return fit_repair(train, validation, named(predicted.select(judged), validation), gate)
    if not opened.cameras:
        raise ConfigError(f"{NAME}: together=true: {opened.root} has one camera; leave it out")
    train = join_instants(labels, opened.cameras, rows[sets == "train"])
    validation = join_instants(labels, opened.cameras, rows[judged])
    shown = join_shown(predicted, rows, opened.cameras, rows[judged])
    return fit_repair(train, validation, named(shown, validation), gate)


def join_shown(
    predicted: Predictions, rows: np.ndarray, cameras: Mapping[str, np.ndarray], chosen: np.ndarray
) -> Predictions:
    """Put predictions of the labeled images of each instant side by side; NaN where there is none.

    Args:
        predicted: of labeled images.
        rows: (images,), their rows in the labels.
        cameras: as `Project.cameras`.
        chosen: rows of the labels whose instants are wanted.
    """
    place = {row: number for number, row in enumerate(rows.tolist())}
    wanted = rows_of_instants(cameras, chosen)
    found = {}
    for view, own in zip(cameras, wanted, strict=True):
        known = own >= 0
        each = predicted.select([place.get(row, 0) for row in own.tolist()])
        points = np.where(known[:, None, None], each.keypoints, np.nan)
        confidence = np.where(known[:, None], each.confidence, np.nan)
        found[view] = replace(each, keypoints=points, confidence=confidence)
    return join_predictions(found)


def named(predicted: Predictions, labels: Labels) -> Predictions:
    """Name the frames of predictions as those of labels are."""
    return replace(predicted, frames=labels.frames)


def read_evaluated(path: Path) -> tuple[Predictions, np.ndarray]:
    """Read what `pose evaluate` predicted for labeled frames, and the set of each, (frames,).

    The table is one of predictions with a last column `set`, which makes it none of a format.

    Raises:
        FormatError: if it is not such a table.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            scorers, names, coords, *lines = list(csv.reader(file))
        values = np.array([line[1:-1] for line in lines], float).reshape(len(lines), -1, 3)
        found = Predictions(
            keypoints=values[..., :2],
            confidence=values[..., 2],
            skeleton=Skeleton(tuple(names[1:-1:3])),
            frames=tuple(line[0] for line in lines),
            scorer=scorers[1],
        )
        if coords[-1] != "set":
            raise ValueError("no column 'set'")
    except (ValueError, IndexError, FormatError) as error:
        raise FormatError(
            f"{path}: is no table of 'pose evaluate' ({error}); run it again on {path.parent}"
        ) from error
    return found, np.array([line[-1] for line in lines])


def project_of(folder: Path, project: Path | None) -> Project:
    """Open the project a model was trained on.

    Raises:
        FormatError: if they are not where they were.
    """
    try:
        config = yaml.safe_load(present(folder / CONFIG).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FormatError(f"{folder / CONFIG}: cannot be read; train the model again") from error
    given = config.get("project") if isinstance(config, dict) else None
    if project is None and not (given and Path(given).exists()):
        raise FormatError(
            f"{folder}: was trained on {str(given)!r}, which is not there; "
            f"say where it is: pose smooth --smoother {NAME} --set project=PATH"
        )
    form = config.get("format") if isinstance(config, dict) else None
    return open_project(project or Path(str(given)), Plugins().load(), form)


def present(path: Path) -> Path:
    """Refuse a file that is not there.

    Raises:
        FormatError: with what makes it.
    """
    if not path.is_file():
        raise FormatError(
            f"{path}: no such file, and repair is fitted to it; "
            f"run 'pose evaluate {path.parent}' on a finished training run first"
        )
    return path
