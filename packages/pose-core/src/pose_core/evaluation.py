"""How far a trained model is from its project's labels: in training, validation, test frames."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pose_core.bounds import labels_on_images
from pose_core.errors import FormatError
from pose_core.files import open_project, write_text
from pose_core.metrics import Summary, pixel_error, summary
from pose_core.model.folder import load_model
from pose_core.plugins import Plugins
from pose_core.predict import predict_frames
from pose_core.predictions import Predictions
from pose_core.run_folder import EVALUATION, PREDICTIONS, SPLIT, project_of
from pose_core.splits import SETS, quoted, read_split


@dataclass(frozen=True)
class Evaluation:
    """The pixel errors of one model.

    Attributes:
        folder: of the model.
        summaries: of each set that has labeled frames, by its name.
        frames: number of frames in each set.
        warnings: what was odd in the project, one line each.
        views: where views are files of their own, the summaries of each by its name.
    """

    folder: Path
    summaries: dict[str, Summary]
    frames: dict[str, int]
    warnings: tuple[str, ...] = ()
    views: dict[str, dict[str, Summary]] = field(default_factory=dict)


def evaluate(
    folder: Path,
    plugins: Plugins,
    project: Path | None = None,
    device: str | None = "cpu",
    batch_size: int | None = None,
) -> Evaluation:
    """Predict the labeled frames of a model's project, and compare.

    Writes `evaluation.csv` (pixel error per set and keypoint) and `predictions.csv` (each labeled
    frame with its set) into the model's folder. Where views are files of their own, the errors are
    per view too, and each has a `predictions_VIEW.csv`.

    Args:
        folder: of the model.
        plugins: where its parts and the project's format are looked up.
        project: where the project is now, if it moved.
        device: to run on; None takes a GPU where there is one.
        batch_size: frames per step; None chooses by device.

    Raises:
        FormatError: if the model folder is incomplete, or the project has other keypoints.
        PoseError: if memory or disk is full.
    """
    model = load_model(folder, plugins, device)
    opened = open_project(project or project_of(folder), plugins, model.config.get("format"))
    if opened.skeleton.names != model.skeleton.names:
        odd = sorted(set(opened.skeleton.names) ^ set(model.skeleton.names)) or ["their order"]
        raise FormatError(
            f"{folder}: was trained on other keypoints than {opened.name} has, {odd[0]!r} differs; "
            "give the project it was trained on"
        )
    split = read_split(folder / SPLIT, opened.labels, validate=False, instants=opened.instants)
    rows = np.arange(len(opened.labels))
    predictions = predict_frames(model, opened, rows.tolist(), batch_size)
    errors = pixel_error(predictions.keypoints, labels_on_images(opened))
    names, sets = model.skeleton.names, {name: getattr(split, name) for name in SETS}
    sets = {name: own for name, own in sets.items() if len(own)}

    def summed(some: np.ndarray) -> dict[str, Summary]:
        return {n: summary(errors[np.intersect1d(own, some)], names) for n, own in sets.items()}

    found = Evaluation(
        folder=folder,
        summaries=summed(rows),
        frames={name: len(own) for name, own in sets.items()},
        warnings=opened.warnings,
        views={view: summed(own) for view, own in opened.cameras.items()},
    )
    write_text(folder / EVALUATION, as_csv(found))
    in_sets = split.sets(len(rows))
    for view, own in {"": rows, **opened.cameras}.items():
        path = folder / (f"predictions_{view}.csv" if view else PREDICTIONS)
        shown = own[own >= 0]
        write_text(path, labeled_table(predictions.select(shown), [in_sets[row] for row in shown]))
    return found


def as_csv(evaluation: Evaluation) -> str:
    """Format an evaluation as one row per set and keypoint, errors in pixels of the frame.

    Where views are files of their own, a last column names the view; it is empty for all together.
    """
    parts = {"": evaluation.summaries, **evaluation.views}
    ends = {view: f",{quoted(view)}" if evaluation.views else "" for view in parts}
    lines = ["set,keypoint,labels,mean_px,median_px,p90_px" + (",view" if evaluation.views else "")]
    for view, summaries in parts.items():
        lines += [
            f"{name},{quoted(keypoint)},{count},{mean:.4f},{median:.4f},{p90:.4f}{ends[view]}"
            for name, found in summaries.items()
            for keypoint, count, mean, median, p90 in found.rows()
        ]
    return "\n".join(lines) + "\n"


def labeled_table(predictions: Predictions, sets: Sequence[str]) -> str:
    """Format predictions of labeled frames in DeepLabCut's rows, and the set as a last column."""
    names, frames = predictions.skeleton.names, predictions.frames or ()
    header = [["scorer"], ["bodyparts"], ["coords"]]
    for name in names:
        for coordinate in ("x", "y", "likelihood"):
            for row, cell in zip(header, (predictions.scorer, name, coordinate), strict=True):
                row.append(quoted(cell))
    for row in header:
        row.append("set")
    lines = [",".join(row) for row in header]
    values = np.concatenate([predictions.keypoints, predictions.confidence[..., None]], axis=-1)
    for frame, name, points in zip(frames, sets, values, strict=True):
        cells = [f"{value:.4f}" for value in points.ravel()]
        lines.append(",".join([quoted(frame), *cells, name]))
    return "\n".join(lines) + "\n"


def say_evaluation(evaluation: Evaluation) -> None:
    """Print the pixel errors as one table, keypoints down and sets across; one per view too."""
    from pose_core.reports.tables import Table, table_text

    for line in evaluation.warnings:
        print(f"warning: {line}")
    for view, summaries in {"": evaluation.summaries, **evaluation.views}.items():
        header = [f"pixel error in {view}" if view else "pixel error"]
        for name in summaries:
            header += [f"{name} mean", "median", "90 %"]
        rows = []
        for number, keypoint in enumerate(next(iter(summaries.values())).names):
            row: list[str | float] = [keypoint]
            for found in summaries.values():
                row += [float(v[number]) for v in (found.mean, found.median, found.p90)]
            rows.append(row)
        print(table_text(Table.of(header, rows)))
    counted = ", ".join(f"{count} {name}" for name, count in evaluation.frames.items())
    print(f"Euclidean distance in the frames' own pixels; frames: {counted}")
