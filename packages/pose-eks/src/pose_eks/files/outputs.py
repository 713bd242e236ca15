"""What is written: DeepLabCut's tables with further columns, and a summary of what was found."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pose_eks.core.fitting import Fit
from pose_eks.errors import EksError
from pose_eks.smoothed import Smoothed
from pose_io_dlc.atomic import atomic
from pose_io_dlc.errors import FormatError
from pose_io_dlc.predictions import write_predictions
from pose_io_dlc.tables import PredictionTable

SUFFIXES = (".csv", ".h5", ".parquet")

FLAGGED = 3.0
"""Standard deviations between centre and smoothed point from which a frame is flagged."""


def check_output(path: Path, inputs: Sequence[Path], overwrite: bool = False) -> None:
    """Refuse an output that could not be written at the end, before the work begins.

    Raises:
        EksError: if its suffix is unknown, its folder is missing or not writable, it is one of the
            inputs, or it is there and is not to be replaced.
    """
    if path.suffix.lower() not in SUFFIXES:
        known = " or ".join(SUFFIXES)
        raise EksError(f"{path}: unknown suffix {path.suffix!r}; end the output's name in {known}")
    folder = path.parent
    if not folder.is_dir():
        raise EksError(f"{path}: folder {str(folder)!r} does not exist; make it first")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise EksError(f"{path}: cannot be written; choose another --output")
    if path.resolve() in [one.resolve() for one in inputs]:
        raise EksError(f"{path}: is among the inputs; choose another --output")
    if path.exists() and not overwrite:
        raise EksError(f"{path}: is there already; choose another --output, or add --overwrite")


def check_folder(folder: Path, inputs: Iterable[Path], overwrite: bool = False) -> None:
    """Refuse a folder for outputs that could not be made or filled, before the work begins.

    Raises:
        EksError: if it cannot be made or written, holds inputs, or has files in it that are not to
            be replaced.
    """
    if folder.resolve() in {one.resolve().parent for one in inputs}:
        raise EksError(f"{folder}: holds the inputs; choose another folder as --output")
    check_made(folder)
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise EksError(f"{folder}: has files in it; choose another --output, or add --overwrite")


def check_made(folder: Path) -> None:
    """Refuse a folder that could not be made or filled.

    Raises:
        EksError: if it, or what it would lie in, is no folder or not writable.
    """
    there = existing(folder)
    if not there.is_dir():
        raise EksError(f"{there}: is a file, not a folder; choose another")
    if not os.access(there, os.W_OK):
        raise EksError(f"{there}: cannot be written; choose another")


def existing(folder: Path) -> Path:
    """Give a folder, or the nearest that it would lie in."""
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())


def make_folder(folder: Path) -> None:
    """Make a folder for outputs, once there is something to write.

    Raises:
        EksError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EksError(f"{folder}: cannot be made: {reason}") from error


def write_smoothed(
    path: Path, rows: PredictionTable, found: Smoothed, scorer: str, plain: bool = False
) -> None:
    """Write x, y and likelihood of every keypoint, and the columns of `Smoothed.columns`.

    Args:
        path: a .csv, .h5 or .parquet file.
        rows: a table whose names and frames are those of `found`.
        found: what to write.
        scorer: the name in the table's header.
        plain: leave the further columns out.

    Raises:
        EksError: if it cannot be written; a former file is then as it was.
    """
    table = replace(
        rows,
        keypoints=found.keypoints,
        confidence=found.confidence,
        scorer=scorer,
        extra={} if plain else found.columns(),
        warnings=(),
    )
    try:
        write_predictions(path, table)
    except FormatError as error:
        raise EksError(str(error)) from error


def flagged(found: Smoothed) -> np.ndarray:
    """Say where the ensemble's centre is far from the smoothed point: bool (frames, keypoints).

    Far is more than `FLAGGED` standard deviations of the predictive variance, in x or in y.
    """
    off = np.abs(found.center - found.keypoints)
    with np.errstate(invalid="ignore"):
        return np.asarray((off > FLAGGED * np.sqrt(found.predictive_variance)).any(axis=-1))


def ranges_of(frames: np.ndarray) -> list[list[int]]:
    """Give stretches of frames, [first, after the last], where a row of bools is True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]])))
    return np.asarray(edges).reshape(-1, 2).tolist()


@dataclass(frozen=True, eq=False)
class Flags:
    """What a summary says of the frames of every keypoint.

    Attributes:
        missing: (keypoints,), frames in which no member sees it.
        ranges: of each keypoint, stretches of flagged frames.
        squares: (keypoints,), sum of the posterior variances of x and y.
        frames: how many there are.
    """

    missing: np.ndarray
    ranges: tuple[list[list[int]], ...]
    squares: np.ndarray
    frames: int

    @staticmethod
    def none(keypoints: int) -> "Flags":
        """Give those of no frames."""
        return Flags(np.zeros(keypoints, int), ([],) * keypoints, np.zeros(keypoints), 0)

    @staticmethod
    def of(found: Smoothed) -> "Flags":
        """Give those of a result."""
        return Flags.none(found.keypoints.shape[1]).and_of(found, 0)

    def and_of(self, found: Smoothed, start: int) -> "Flags":
        """Give those of further frames as well, which begin at `start`."""
        odd = flagged(found)
        more = [[[a + start, b + start] for a, b in ranges_of(column)] for column in odd.T]
        return Flags(
            self.missing + np.isnan(found.center[..., 0]).sum(axis=0),
            tuple([*old, *new] for old, new in zip(self.ranges, more, strict=True)),
            self.squares + found.posterior_variance.sum(axis=(0, 2)),
            self.frames + len(found.keypoints),
        )

    def chosen(self, keypoints: np.ndarray) -> "Flags":
        """Give those of some of the keypoints, in the order asked for."""
        ranges = tuple(self.ranges[k] for k in keypoints)
        return Flags(self.missing[keypoints], ranges, self.squares[keypoints], self.frames)

    def placed(self, places: np.ndarray, count: int) -> "Flags":
        """Give them as those of so many keypoints, among which these are at places."""
        all_of = Flags.none(count)
        ranges, missing, squares = list(all_of.ranges), all_of.missing, np.full(count, np.nan)
        missing[places], squares[places] = self.missing, self.squares
        for place, own in zip(places, self.ranges, strict=True):
            ranges[place] = own
        return Flags(missing, tuple(ranges), squares, self.frames)

    @property
    def flagged(self) -> np.ndarray:
        """(keypoints,), flagged frames."""
        return np.array([sum(b - a for a, b in ranges) for ranges in self.ranges])

    @property
    def deviation(self) -> np.ndarray:
        """(keypoints,), typical posterior standard deviation; NaN where it is never seen."""
        return np.asarray(np.sqrt(self.squares / (2 * max(self.frames, 1))))


def summary_of(labels: Sequence[str], fit: Fit, flags: Flags) -> dict[str, Any]:
    """Give the parameters of every keypoint and where it was flagged, as plain data."""
    counts = flags.flagged
    return {
        label: {
            "s": number(fit.s[k]),
            "b": number(fit.b[k]),
            "log_likelihood": number(fit.log_likelihood[k]),
            "passes": int(fit.passes[k]),
            "converged": bool(fit.converged[k]),
            "missing_frames": int(flags.missing[k]),
            "flagged_frames": int(counts[k]),
            "flagged": flags.ranges[k],
        }
        for k, label in enumerate(labels)
    }


def number(value: float) -> float | None:
    """Give a number that JSON knows; None for NaN and infinity."""
    return float(value) if np.isfinite(value) else None


def write_signals(
    path: Path, frames: np.ndarray, parts: Iterable[Mapping[str, np.ndarray]]
) -> None:
    """Write signals as a plain CSV, one row per frame.

    Args:
        path: the file.
        frames: the number of every frame.
        parts: signals by name, of some frames after the others.

    Raises:
        EksError: if it cannot be written.
    """
    start = 0
    try:
        with atomic(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            for signals in parts:
                stop = start + len(next(iter(signals.values())))
                columns = np.column_stack([frames[start:stop], *signals.values()])
                heading = "" if start else ",".join(["frame", *signals])
                form = ["%d", *["%.6f"] * len(signals)]
                np.savetxt(file, columns, form, ",", header=heading, comments="")
                start = stop
    except FormatError as error:
        raise EksError(str(error)) from error


def write_summary(path: Path, summary: Mapping[str, Any]) -> None:
    """Write a summary as JSON, whole or not at all.

    Raises:
        EksError: if it cannot be written.
    """
    text = json.dumps(summary, indent=1, allow_nan=False) + "\n"
    try:
        with atomic(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except FormatError as error:
        raise EksError(str(error)) from error
