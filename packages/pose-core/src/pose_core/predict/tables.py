"""Rows of points to the table of a video, under the name it deserves, and what it was made from."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pose_core.files import write_predictions, write_text
from pose_core.model.folder import TrainedModel
from pose_core.partial import Origin, incomplete, record_of
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions


def write_table(
    output: Path, found: Predictions, origin: Origin, is_whole: bool, plugins: Plugins
) -> Path:
    """Write the table of a video and the record of its origin; give the path it has.

    What is not whole becomes `<name>.incomplete<suffix>`; a whole table removes that.

    Raises:
        PoseError: if the disk is full.
    """
    path = output if is_whole else incomplete(output)
    record_of(path).unlink(missing_ok=True)  # until the new table is there it would be wrong
    write_predictions(path, found, plugins)
    write_text(record_of(path), json.dumps(asdict(origin)) + "\n")
    if is_whole:  # of an earlier copy of the video
        incomplete(output).unlink(missing_ok=True)
        record_of(incomplete(output)).unlink(missing_ok=True)
    return path


def predictions_of(
    model: TrainedModel, points: np.ndarray, frames: Sequence[str] | None = None
) -> Predictions:
    """Make predictions of points (frames, keypoints, 3), and of the images' names if any."""
    return Predictions(
        keypoints=points[..., :2],
        confidence=points[..., 2],
        skeleton=model.skeleton,
        frames=None if frames is None else tuple(frames),
        scorer=f"pose_{model.folder.resolve().name}",
    )
