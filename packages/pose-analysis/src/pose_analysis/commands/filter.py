"""`pose-analysis filter`: a Savitzky-Golay or a median filter over every keypoint."""

import argparse
from pathlib import Path

import numpy as np

from pose_analysis.commands.arguments import add_gates, add_output, gates
from pose_analysis.commands.finishing import (
    Found,
    check_plot,
    conclude,
    count_of,
    next_command,
    say_picture,
    shown,
)
from pose_analysis.ensembles import Filtered, filter_points
from pose_analysis.errors import AnalysisError
from pose_analysis.files.members import Members, read_members, write_points
from pose_analysis.files.outputs import check_files, make_folder
from pose_analysis.options import MedianFilterOptions, SavitzkyGolayOptions
from pose_analysis.plots import draw_filtered

NAME, HELP = "filter", "Savitzky-Golay or median filter over every keypoint"
EPILOG = """\
examples:
  {prog} video.csv --output filtered.csv
  {prog} paw.csv -o filtered.csv --window 13 --min-confidence 0.9
  {prog} net0.csv net1.csv net2.csv -o filtered.csv --filter median --max-gap 5

Several tables are those of several networks for one video: they are centred first.
"""
FILTERS = {"savitzky_golay": SavitzkyGolayOptions, "median": MedianFilterOptions}
SUFFIXES = (".csv", ".h5", ".parquet")
DRAWN = 3
"""Keypoints in a picture: those that are moved most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument(
        "predictions", nargs="+", type=Path, metavar="FILE", help=".csv, .h5 or .parquet"
    )
    parser.add_argument(
        "--filter", choices=FILTERS, default="savitzky_golay", help="which [%(default)s]"
    )
    parser.add_argument("--window", type=int, metavar="N", help="frames, odd [7; of a median 5]")
    parser.add_argument(
        "--order", type=int, metavar="N", help="of the polynomials of Savitzky-Golay [3]"
    )
    add_gates(parser, MedianFilterOptions())
    add_output(parser, "the filtered table: .csv, .h5 or .parquet; its summary is beside it")


def run(given: argparse.Namespace) -> int:
    """Read, filter, write, and say what was done."""
    options = options_of(given)
    summary = check_table(given)
    members = read_members(given.predictions)
    found = filter_points(members.keypoints, members.confidence, options)
    make_folder(given.output.parent)
    write_points(given.output, members.rows, found.keypoints, found.confidence)
    most = np.argsort(-np.nan_to_num(moved_by(found)))[:DRAWN]
    conclude(
        given,
        Found(
            summary={"frames": len(members.rows), "keypoints": told(members, found)},
            lines=[*members.warnings, *lines_of(members, found)],
            draw=lambda figure: draw_filtered(figure, members.labels, found, most),
            tables={},
        ),
        summary,
    )
    print(f"written: {given.output} and {summary.name}")
    say_picture(given)
    hint = (
        f"trials {given.output} --signal {members.labels[0]}.speed --events FILE --rate HZ -o DIR"
    )
    print(f"next: {next_command(given, hint)}")
    return 0


def options_of(given: argparse.Namespace) -> MedianFilterOptions:
    """Make the options of the filter that was chosen.

    Raises:
        AnalysisError: for a value that cannot be.
    """
    if given.filter == "median" and given.order is not None:
        raise AnalysisError("--order: a median filter has none; leave it out")
    own = {name: getattr(given, name) for name in ("window", "order")}
    said = {name: value for name, value in own.items() if value is not None}
    return FILTERS[given.filter](**said, **gates(given))


def check_table(given: argparse.Namespace) -> Path:
    """Refuse outputs that could not be written at the end; name the summary's file.

    Raises:
        AnalysisError: saying which, and why.
    """
    if given.output.suffix.lower() not in SUFFIXES:
        known = " or ".join(SUFFIXES)
        raise AnalysisError(f"{given.output}: unknown suffix; end the output's name in {known}")
    summary: Path = given.output.with_suffix(".json")
    check_files([given.output, summary], given.predictions, given.overwrite)
    check_plot(given)
    return summary


def missing_in(points: np.ndarray) -> np.ndarray:
    """Count (keypoints,) the frames in which each is missing."""
    return np.asarray(np.isnan(points[..., 0]).sum(axis=0))


def moved_by(found: Filtered) -> np.ndarray:
    """Give (keypoints,), how far a point is moved on average, in pixels; NaN if never seen."""
    moved = np.linalg.norm(found.keypoints - found.center, axis=-1)
    known = np.isfinite(moved)
    count = np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    return np.asarray(np.where(known, moved, 0.0).sum(axis=0) / count)


def told(members: Members, found: Filtered) -> dict[str, dict[str, float]]:
    """Say for every keypoint what was missing, what is, and how far it was moved."""
    columns = (missing_in(found.center), missing_in(found.keypoints), moved_by(found))
    names = ("missing_frames", "still_missing_frames", "moved_px")
    rows = zip(*columns, strict=True)
    return {
        label: dict(zip(names, row, strict=True))
        for label, row in zip(members.labels, rows, strict=True)
    }


def lines_of(members: Members, found: Filtered) -> list[str]:
    """Say what was there, what was missing, and how far points were moved."""
    frames = len(members.rows)
    counts = {"table": len(members.keypoints), "frame": frames, "keypoint": len(members.labels)}
    lines = [", ".join(count_of(count, noun) for noun, count in counts.items())]
    for label, before, after in zip(
        members.labels, missing_in(found.center), missing_in(found.keypoints), strict=True
    ):
        if before == frames:
            lines.append(f"warning: {label}: is missing in every frame, and stays so")
        elif before:
            lines.append(f"{label}: {count_of(before, 'frame')} missing, {before - after} bridged")
    moved = moved_by(found)
    known = moved[np.isfinite(moved)]
    return [*lines, f"moved by {shown(known.mean() if len(known) else np.nan)} px on average"]
