"""A file as signals over time: a table of points, or of signals that another analysis wrote."""

import csv
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_analysis.errors import AnalysisError
from pose_analysis.files.columns import COUNTED, read_columns, read_times
from pose_analysis.files.members import labels_of, read_table
from pose_analysis.signals import speed

PARTS = ("x", "y", "speed")
"""What a point gives, written behind its name and a dot."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Signals of one file.

    Attributes:
        path: the file.
        frames: how many rows it has.
        columns: signals (frames,) by name, of a table of signals.
        points: (frames, 2) by keypoint, of a table of points.
        times: (frames,), as its column `time` says; None where it has none.
    """

    path: Path
    frames: int
    columns: Mapping[str, np.ndarray]
    points: Mapping[str, np.ndarray]
    times: np.ndarray | None = None

    @property
    def names(self) -> list[str]:
        """Signals that can be asked for."""
        return [*self.columns, *(f"{name}.{part}" for name in self.points for part in PARTS)]

    def signal(self, name: str, times: np.ndarray) -> np.ndarray:
        """Give a signal (frames,): a column, or `KEYPOINT.x`, `.y` or `.speed`.

        Raises:
            AnalysisError: if there is no such signal, or nothing of it is known.
        """
        point, _, part = name.rpartition(".")
        if name in self.columns:
            values = self.columns[name]
        elif point in self.points and part in PARTS:
            points = self.points[point]
            values = speed(points, times) if part == "speed" else points[:, PARTS.index(part)]
        else:
            raise AnalysisError(f"{self.path}: has no signal {name!r}; {nearest(name, self.names)}")
        if not np.isfinite(values).any():
            raise AnalysisError(f"{self.path}: signal {name!r} is missing in all frames")
        return values

    def clock(self, rate: float | None, timestamps: Path | None) -> np.ndarray:
        """Give the time (frames,) of every frame, in seconds.

        Args:
            rate: frames per second, from 0 on; None where not said.
            timestamps: a file of times; None where not said.

        Raises:
            AnalysisError: if nothing says it, or times are not as many as frames.
        """
        if timestamps is not None:
            times = read_times(timestamps)
            if len(times) != self.frames:
                raise AnalysisError(
                    f"{timestamps}: has {len(times)} times for the {self.frames} frames of "
                    f"{self.path}; give those of the same video"
                )
            return times
        if rate is not None:
            if not 0 < rate < np.inf:
                raise AnalysisError(f"--rate: {rate:g} frames/s is not above 0")
            return np.arange(self.frames) / rate
        if self.times is None:
            raise AnalysisError(
                f"{self.path}: does not say when its frames were; give --rate FRAMES_PER_SECOND "
                "or --timestamps FILE"
            )
        return self.times


def nearest(name: str, known: Iterable[str]) -> str:
    """Say what a misspelt name was meant to be."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"it has {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}"


def read_recording(path: Path) -> Recording:
    """Read a table of points (CSV, H5, Parquet), or a CSV of signals with one row of names.

    Raises:
        AnalysisError: if it is neither.
    """
    if path.suffix.lower() == ".csv" and not has_points(path):
        columns = read_columns(path)
        signals = {name: one for name, one in columns.items() if name not in COUNTED}
        if not signals:
            raise AnalysisError(f"{path}: has no column of signals")
        return Recording(path, len(next(iter(signals.values()))), signals, {}, columns.get("time"))
    table = read_table(path)
    points = dict(zip(labels_of(table), table.keypoints.swapaxes(0, 1), strict=True))
    return Recording(path, len(table), {}, points)


def has_points(path: Path) -> bool:
    """Say whether a CSV begins as tables of points do: with the row of the scorer.

    Raises:
        AnalysisError: if it cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = next(csv.reader(file), [])
    except OSError as error:
        raise AnalysisError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise AnalysisError(f"{path}: is not a table of text") from error
    return first[:1] == ["scorer"]
