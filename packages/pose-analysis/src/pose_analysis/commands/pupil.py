"""`pose-analysis pupil`: diameter and centre of a pupil, and how far they can be trusted."""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pose_analysis.commands.arguments import add_clock, add_gates, add_output, gates
from pose_analysis.commands.finishing import Found, check_folder, count_of, finish, shown
from pose_analysis.ensembles import center_of
from pose_analysis.files.members import read_members
from pose_analysis.files.recordings import Recording
from pose_analysis.options import PupilOptions
from pose_analysis.plots import draw_pupil
from pose_analysis.pupil import Pupil, PupilQuality, measure_pupil

NAME, HELP = "pupil", "diameter of a pupil of four points around it, and its quality"
EPILOG = """\
examples:
  {prog} pupil.csv --output pupil/ --rate 60 --plot pupil.png
  {prog} net0.csv net1.csv net2.csv -o pupil/ --rate 150 --window 75

Points are told by the words top, bottom, left and right in their names.
"""
TABLE = "pupil.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    defaults = PupilOptions()
    parser.add_argument(
        "predictions", nargs="+", type=Path, metavar="FILE", help=".csv, .h5 or .parquet"
    )
    add_clock(parser)
    parser.add_argument(
        "--window",
        type=int,
        default=defaults.window,
        metavar="N",
        help="frames of the Savitzky-Golay filter, odd: about half a second [%(default)s]",
    )
    parser.add_argument(
        "--order", type=int, default=defaults.order, metavar="N", help="its order [%(default)s]"
    )
    add_gates(parser, defaults)
    add_output(parser, f"folder for {TABLE} and summary.json")


def run(given: argparse.Namespace) -> int:
    """Read, measure, write, and say what was found."""
    options = PupilOptions(window=given.window, order=given.order, **gates(given))
    check_folder(given, [TABLE], [*given.predictions, given.timestamps])
    members = read_members(given.predictions)
    center = center_of(members.keypoints, members.confidence, options)
    pupil = measure_pupil(center, members.rows.names, None, options)
    columns = {"frame": np.arange(len(center))}
    if given.rate is not None or given.timestamps is not None:
        clock = Recording(given.predictions[0], len(center), {}, {}).clock
        columns["time"] = clock(given.rate, given.timestamps)
    times = columns.get("time", columns["frame"])
    found = Found(
        summary={"frames": len(center), "quality": asdict(pupil.quality)},
        lines=[*members.warnings, *lines_of(pupil.quality, len(center))],
        draw=lambda figure: draw_pupil(figure, pupil, times),
        tables={TABLE: columns | signals_of(pupil)},
    )
    finish(given, found, f"trials {given.output / TABLE} --signal smoothed --events FILE -o DIR")
    return 0


def signals_of(pupil: Pupil) -> dict[str, np.ndarray]:
    """Give the columns of the table."""
    names = ("horizontal", "vertical", "diameter", "smoothed")
    center = {"center_x": pupil.center[:, 0], "center_y": pupil.center[:, 1]}
    return {**{name: getattr(pupil, name) for name in names}, **center}


def lines_of(quality: PupilQuality, frames: int) -> list[str]:
    """Say how far it can be trusted."""
    lines = [
        f"{count_of(frames, 'frame')}, {quality.missing} without a diameter",
        f"vertical and horizontal diameter correlate by {shown(quality.correlation)} and differ by "
        f"{shown(100 * quality.disagreement, 2)} % (median of {count_of(quality.frames, 'frame')})",
        f"signal to noise {shown(quality.signal_to_noise)}",
    ]
    if quality.missing == frames:
        lines.append("warning: no diameter can be told; lower --min-confidence?")
    elif np.isnan(quality.correlation):
        lines.append("warning: horizontal or vertical diameter does not vary: no correlation")
    return lines
