"""`pose-analysis correlation`: whether two views agree, or two sets of signals go together."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_analysis.bins import interpolated
from pose_analysis.commands.arguments import add_output, pair
from pose_analysis.commands.finishing import Found, check_folder, count_of, finish, shown
from pose_analysis.correlation import canonical_correlation
from pose_analysis.errors import AnalysisError
from pose_analysis.files.recordings import Recording, nearest, read_recording
from pose_analysis.plots import draw_projected, draw_views
from pose_analysis.views import Agreement, compare_views

NAME, HELP = "correlation", "canonical correlation of two views of points, or of sets of signals"
EPILOG = """\
examples:
  {prog} left.csv right.csv --output agreement/ --plot agreement.png
  {prog} mouse.csv --views top,bot -o agreement/        # paw_top and paw_bot of one picture
  {prog} left.csv right.csv -o agreement/ --reference smoothed/left.csv smoothed/right.csv
  {prog} left.csv right.csv -o agreement/ --timestamps left.npy right.npy --pair paw_l,paw_r
  {prog} diameter.csv neurons.csv -o together/ --ridge 0.1

Where the two views of a point differ along the direction that both must show, one of them is
likely wrong. A smoother of several views tells that direction best: give its tables as reference.
"""
TABLES = ("correlations.csv", "projected.csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument(
        "recordings", nargs="+", type=Path, metavar="FILE", help="both views; one with --views"
    )
    parser.add_argument(
        "--views", type=pair, metavar="A,B", help="last words of the names of each view's keypoints"
    )
    parser.add_argument(
        "--pair",
        type=pair,
        action="append",
        default=[],
        metavar="A,B",
        help="a keypoint of the first view and the same of the second; repeat [those of one name]",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="the same as a smoother of several views gives it; directions are fitted to it",
    )
    parser.add_argument(
        "--timestamps",
        type=Path,
        nargs=2,
        metavar=("FIRST", "SECOND"),
        help="times of the frames of cameras that are not in step",
    )
    add_numbers(parser)
    add_output(parser, f"folder for {', '.join(TABLES)} and summary.json")


def add_numbers(parser: argparse.ArgumentParser) -> None:
    """Add what sets the fit, and what counts as far off."""
    parser.add_argument(
        "--ridge",
        type=float,
        default=0.0,
        metavar="X",
        help="part of the mean variance added to each feature's [%(default)s]",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=5.0,
        metavar="X",
        help="robust standard deviations from which views differ too much [%(default)s]",
    )


def run(given: argparse.Namespace) -> int:
    """Read, correlate, write, and say what was found."""
    references = given.reference or []
    check_folder(given, TABLES, [*given.recordings, *references, *(given.timestamps or [])])
    sides = read_sides(given.recordings, given)
    if not sides.first.points and not sides.second.points:
        found = of_signals(sides, given)
    else:
        found = of_views(sides, read_sides(references, given) if references else None, given)
    finish(given, found, "correlation --help        # --reference, --pair, --timestamps, --ridge")
    return 0


@dataclass(frozen=True, eq=False)
class Sides:
    """Two sets of signals, and how the second's frames become those of the first."""

    first: Recording
    second: Recording
    times: tuple[np.ndarray, np.ndarray] | None

    def seconds(self, values: np.ndarray) -> np.ndarray:
        """Give signals (frames, ...) of the second at the moments of the first.

        Raises:
            AnalysisError: if the two have other frames and no times.
        """
        if self.times is None:
            return values
        return np.stack(
            [interpolated(one, self.times[1], self.times[0]) for one in values.T], axis=-1
        )


def read_sides(paths: list[Path], given: argparse.Namespace) -> Sides:
    """Read both views.

    Raises:
        AnalysisError: if they cannot be read, or their frames do not belong together.
    """
    if len(paths) != (1 if given.views else 2):
        wanted = "one file" if given.views else "two files, or one and --views"
        raise AnalysisError(f"{len(paths)} files given; give {wanted}")
    recordings = [read_recording(path) for path in paths]
    first, second = recordings[0], recordings[-1]
    if given.timestamps and not given.views:
        clocks = zip((first, second), given.timestamps, strict=True)
        one, other = (recording.clock(None, path) for recording, path in clocks)
        return Sides(first, second, (one, other))
    if first.frames != second.frames:
        raise AnalysisError(
            f"{second.path}: has {second.frames} frames, {first.path} has {first.frames}; "
            "give the --timestamps of both"
        )
    return Sides(first, second, None)


def pairs_of(sides: Sides, given: argparse.Namespace) -> dict[str, tuple[str, str]]:
    """Name the keypoints that are one, as each view has them, by the name to show.

    Raises:
        AnalysisError: if a name is not there, or no keypoint is in both views.
    """
    for names in given.pair:
        for name, recording in zip(names, (sides.first, sides.second), strict=True):
            if name not in recording.points:
                known = nearest(name, recording.points)
                raise AnalysisError(f"{recording.path}: has no keypoint {name!r}; {known}")
    if given.pair:
        return {"-".join(dict.fromkeys(names)): names for names in given.pair}
    if given.views:
        end, other = (f"_{view}" for view in given.views)
        stems = [name.removesuffix(end) for name in sides.first.points if name.endswith(end)]
        pairs = {stem: (stem + end, stem + other) for stem in stems}
    else:
        pairs = {name: (name, name) for name in sides.first.points}
    found = {name: both for name, both in pairs.items() if both[1] in sides.second.points}
    if not found:
        raise AnalysisError(
            f"{sides.second.path}: has no keypoint of {sides.first.path}; give --pair or --views"
        )
    return found


def of_views(sides: Sides, reference: Sides | None, given: argparse.Namespace) -> Found:
    """Compare two views, keypoint by keypoint.

    Raises:
        AnalysisError: if directions cannot be fitted for any keypoint.
    """
    compared: dict[str, Agreement] = {}
    failed: dict[str, str] = {}
    for label, names in pairs_of(sides, given).items():
        try:
            told = None if reference is None else both_views(reference, names)
            views = both_views(sides, names)
            compared[label] = compare_views(*views, told, given.ridge, given.threshold)
        except AnalysisError as error:
            failed[label] = str(error)
    if not compared:
        label, reason = next(iter(failed.items()))
        raise AnalysisError(f"{label}: {reason}")
    return Found(
        summary={"keypoints": {name: told_of(one) for name, one in compared.items()}},
        lines=[
            *(f"warning: {label}: {reason}" for label, reason in failed.items()),
            *(line_of(label, one) for label, one in compared.items()),
        ],
        draw=lambda figure: draw_views(figure, compared),
        tables=dict(zip(TABLES, tables_of(compared), strict=True)),
    )


def both_views(sides: Sides, names: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Give both views (frames, 2) of a keypoint.

    Raises:
        AnalysisError: if one of them has no such keypoint.
    """
    for name, recording in zip(names, (sides.first, sides.second), strict=True):
        if name not in recording.points:
            raise AnalysisError(f"{recording.path}: has no keypoint {name!r}")
    return sides.first.points[names[0]], sides.seconds(sides.second.points[names[1]])


def told_of(one: Agreement) -> dict[str, object]:
    """Say of a keypoint what its views have in common."""
    return {
        "correlation": one.correlation,
        "frames": int(np.isfinite(one.difference).sum()),
        "outliers": np.flatnonzero(one.outliers),
        "first_direction": one.canonical.first_weights[:, 0],
        "second_direction": one.canonical.second_weights[:, 0],
        "fitted_correlation": one.canonical.correlations[0],
    }


def line_of(label: str, one: Agreement) -> str:
    """Say of a keypoint how far its views agree."""
    seen, out = int(np.isfinite(one.difference).sum()), int(one.outliers.sum())
    return f"{label}: views correlate by {shown(one.correlation)}; {out} of {seen} frames differ"


def tables_of(compared: Mapping[str, Agreement]) -> list[dict[str, np.ndarray]]:
    """Give a table with a row per keypoint, and one with a row per keypoint and frame."""
    told = [told_of(one) for one in compared.values()]
    short = {
        "keypoint": np.array(list(compared)),
        "correlation": np.array([one["correlation"] for one in told]),
        "frames": np.array([one["frames"] for one in told]),
        "outliers": np.array([one.outliers.sum() for one in compared.values()]),
    }
    every = list(compared.values())
    frames = len(every[0].difference)
    projected = np.concatenate([one.projected for one in every])
    long = {
        "keypoint": np.repeat(list(compared), frames),
        "frame": np.tile(np.arange(frames), len(every)),
        "first": projected[:, 0],
        "second": projected[:, 1],
        "difference": np.concatenate([one.difference for one in every]),
        "outlier": np.concatenate([one.outliers for one in every]).astype(int),
    }
    return [short, long]


def of_signals(sides: Sides, given: argparse.Namespace) -> Found:
    """Correlate all signals of one table with all of another.

    Raises:
        AnalysisError: if directions cannot be fitted.
    """
    if given.reference or given.pair or given.views:
        raise AnalysisError("--reference, --pair and --views: are for points; leave them out")
    one = np.column_stack(list(sides.first.columns.values()))
    other = sides.seconds(np.column_stack(list(sides.second.columns.values())))
    canonical = canonical_correlation(one, other, given.ridge)
    projected = canonical.project(one, other)
    count = len(canonical.correlations)
    columns = {"frame": np.arange(len(one))}
    for k in range(count):
        columns |= {f"first{k + 1}": projected[0][:, k], f"second{k + 1}": projected[1][:, k]}
    component = np.arange(1, count + 1)
    short = {"component": component, "correlation": canonical.correlations}
    listed = ", ".join(shown(value) for value in canonical.correlations[:6])
    counts = f"{count_of(canonical.rows, 'row')}, {count_of(count, 'component')}"
    return Found(
        summary={
            "correlations": canonical.correlations,
            "rows": canonical.rows,
            "first_weights": weights_of(sides.first, canonical.first_weights),
            "second_weights": weights_of(sides.second, canonical.second_weights),
        },
        lines=[f"{counts}; correlations {listed}"],
        draw=lambda figure: draw_projected(figure, *projected, canonical.correlations),
        tables=dict(zip(TABLES, (short, columns), strict=True)),
    )


def weights_of(recording: Recording, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Give every signal's weights (components,) by its name."""
    return dict(zip(recording.columns, weights, strict=True))
