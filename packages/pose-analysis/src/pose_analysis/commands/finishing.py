"""What commands do before their work and at its end: refuse, write, draw, say what was found."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pose_analysis import __version__
from pose_analysis.errors import AnalysisError
from pose_analysis.files.outputs import (
    can_hold,
    check_files,
    make_folder,
    write_columns,
    write_summary,
)
from pose_analysis.plots import import_figure, save

PICTURES = (".png", ".svg")
SUMMARY = "summary.json"
UNSAID = ("command", "overwrite", "prog", "run", "run_analysis")
"""Of a command line, what a summary does not repeat."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a command found.

    Attributes:
        summary: what a script wants to read.
        lines: what a person wants to read.
        draw: draws it onto a figure of matplotlib.
        tables: file name to its columns (rows,).
    """

    summary: Mapping[str, Any]
    lines: Sequence[str]
    draw: Callable[[Any], None]
    tables: Mapping[str, Mapping[str, np.ndarray]]


def check_folder(
    given: argparse.Namespace, tables: Sequence[str], inputs: Sequence[Path | None]
) -> None:
    """Refuse an output folder, or a picture, that could not be written at the end.

    Raises:
        AnalysisError: saying which, and why.
    """
    folder: Path = given.output
    if folder.is_dir():
        paths = [folder / name for name in (*tables, SUMMARY)]
        check_files(paths, [path for path in inputs if path], given.overwrite)
    if not can_hold(folder):
        raise AnalysisError(f"{given.output}: cannot be written to; choose another --output")
    check_plot(given)


def check_plot(given: argparse.Namespace) -> None:
    """Refuse a picture that could not be drawn.

    Raises:
        AnalysisError: if its suffix is none of a picture's, it is there and is to stay, its folder
            cannot be written to, or matplotlib is missing.
    """
    path: Path | None = given.plot
    if path is None:
        return
    if path.suffix.lower() not in PICTURES:
        raise AnalysisError(f"{path}: unknown suffix; end it in {' or '.join(PICTURES)}")
    check_files([path], [], given.overwrite)
    import_figure()


def finish(given: argparse.Namespace, found: Found, hint: str) -> None:
    """Write the tables, the picture and, last, the summary; say what was found, and what is next.

    Args:
        given: the command line.
        found: what was found.
        hint: what to do next, without the command's name.

    Raises:
        AnalysisError: if something cannot be written.
    """
    make_folder(given.output)
    for name, columns in found.tables.items():
        write_columns(given.output / name, columns)
    conclude(given, found, given.output / SUMMARY)
    print(f"written to {given.output}: {', '.join([*found.tables, SUMMARY])}")
    say_picture(given)
    print(f"next: {next_command(given, hint)}")


def say_picture(given: argparse.Namespace) -> None:
    """Say where the picture is, if one was asked for."""
    if given.plot is not None:
        print(f"written: {given.plot}")


def next_command(given: argparse.Namespace, hint: str) -> str:
    """Give a command line of the command that this one is a part of."""
    return f"{given.prog.rpartition(' ')[0]} {hint}"


def conclude(given: argparse.Namespace, found: Found, summary: Path) -> None:
    """Draw the picture, write the summary, and say what was found.

    Raises:
        AnalysisError: if something cannot be written.
    """
    if given.plot is not None:
        make_folder(given.plot.parent)
        save(given.plot, found.draw)
    asked = {name: value for name, value in vars(given).items() if name not in UNSAID}
    write_summary(summary, {"version": __version__, **found.summary, "asked": asked})
    print("\n".join(found.lines))


def count_of(count: int, noun: str) -> str:
    """Write a number and what it counts: "1 frame", "2 frames"."""
    return f"{count} {noun if count == 1 else noun + 's'}"


def shown(value: float, digits: int = 3) -> str:
    """Give a number to read; a dash where it cannot be told."""
    return "-" if np.isnan(value) else f"{value:.{digits}g}"
