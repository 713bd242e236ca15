"""What a run of the demo found, as tables and one sentence."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_core import metrics
from pose_core.errors import FormatError
from pose_core.labels import OCCLUDED, VISIBLE, Labels
from pose_core.predictions import Predictions
from pose_core.reports.tables import Cell, Table
from pose_core.wording import count_of

GROSS = 10.0  # pixels beyond which an error is a mistake: another paw, not a poor aim


@dataclass(frozen=True, kw_only=True, eq=False)
class DemoResults:
    """What a run of the demo found.

    Attributes:
        truth: of every frame of the video that was kept out, hidden points too.
        networks: predictions of single networks by name, such as "network 1".
        combined: predictions made of them, such as "ensemble mean" and "smoothed", the best last.
        fps: of the video.
        labeled: how many frames the networks were trained on.
        curves: `metrics.csv` of every network by its name.
        video: the labeled video as MP4, if it is to be on the page.
        seconds: what each step took, by its name, in order.
    """

    truth: Labels
    networks: Mapping[str, Predictions]
    combined: Mapping[str, Predictions]
    fps: float
    labeled: int
    curves: Mapping[str, Path]
    video: Path | None = None
    seconds: Mapping[str, float]

    @property
    def methods(self) -> dict[str, Predictions]:
        """Networks, then what was made of them."""
        return {**self.networks, **self.combined}

    def errors(self) -> dict[str, np.ndarray]:
        """Give the pixel error (frames, keypoints) of every method, in the truth's order."""
        return {name: metrics.error_of(one, self.truth) for name, one in self.methods.items()}


def summary_of(results: DemoResults, errors: Mapping[str, np.ndarray]) -> str:
    """Say in one sentence what came out."""
    best = list(errors)[-1]
    single = mean(np.array([mean(errors[name]) for name in results.networks]))
    networks = count_of(len(results.networks), "network")
    return (
        f"{networks} trained on {count_of(results.labeled, 'labeled frame')} find the "
        f"{len(results.truth.skeleton)} points of an animal that looks like none of those, on "
        f"average {single:.2f} px from the truth; {best}: {mean(errors[best]):.2f} px."
    )


def method_table(results: DemoResults, errors: Mapping[str, np.ndarray]) -> Table:
    """Tabulate the errors of every method: all points, visible and hidden ones, mistakes."""
    columns = ("method", "all: mean (px)", "median", "90 %", "visible: mean", "hidden: mean")
    rows: list[list[Cell]] = [
        [
            name,
            *metrics.summary(error, results.truth.skeleton.names).rows()[-1][2:],
            mean(metrics.where(error, results.truth.visibility, VISIBLE)),
            mean(metrics.where(error, results.truth.visibility, OCCLUDED)),
            100 * mistakes(error),
        ]
        for name, error in errors.items()
    ]
    return Table.of((*columns, "mistakes (%)"), rows, title="Error by method", best="low")


def mistakes(errors: np.ndarray) -> float:
    """Give the part of known errors that are gross."""
    known = errors[np.isfinite(errors)]
    return float((known > GROSS).mean()) if len(known) else float("nan")


def keypoint_table(results: DemoResults, errors: Mapping[str, np.ndarray]) -> Table:
    """Tabulate the mean error of every keypoint, and how often it is hidden.

    The networks share a column, so that the table stays as narrow as a page.
    """
    hidden = (results.truth.visibility == OCCLUDED).mean(0) * 100
    single = np.concatenate([errors[name] for name in results.networks])
    columns = {"single network": single, **{name: errors[name] for name in results.combined}}
    rows: list[list[Cell]] = [
        [name, float(hidden[k]), *(mean(error[:, k]) for error in columns.values())]
        for k, name in enumerate(results.truth.skeleton.names)
    ]
    header = ("keypoint", "hidden (%)", *columns)
    return Table.of(header, rows, title="Mean error by keypoint (px)")


def time_table(seconds: Mapping[str, float]) -> Table:
    """Tabulate what took how long."""
    rows: list[list[Cell]] = [[name, value] for name, value in seconds.items()]
    rows.append(["together", sum(seconds.values())])
    return Table.of(("step", "seconds"), rows, digits=1)


def mean(values: np.ndarray) -> float:
    """Give the mean of what is known, NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def read_curves(path: Path) -> dict[str, np.ndarray]:
    """Read a table of metrics: column to values, one per epoch, NaN for empty cells.

    Raises:
        FormatError: if it cannot be read.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        return {
            name: np.array([float(row[name] or "nan") for row in rows])
            for name in (rows[0] if rows else ())
        }
    except (OSError, ValueError, TypeError) as error:
        raise FormatError(f"{path}: no table of metrics: {error}") from error


def worst_points(errors: np.ndarray, count: int = 6, apart: int = 20) -> list[tuple[int, int]]:
    """Choose the frames with the largest single error, not close to each other.

    Args:
        errors: (frames, keypoints).
        count: how many at most.
        apart: frames between two of them.

    Returns:
        (frame, keypoint), in the order of the frames.
    """
    errors = np.nan_to_num(errors, nan=-1.0)
    worst = errors.max(-1, initial=-1.0)
    chosen: list[int] = []
    for number in np.argsort(-worst, kind="stable").tolist():
        if worst[number] >= 0 and all(abs(number - other) >= apart for other in chosen):
            chosen.append(number)
        if len(chosen) == count:
            break
    return [(number, int(errors[number].argmax())) for number in sorted(chosen)]
