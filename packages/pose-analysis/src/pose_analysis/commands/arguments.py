"""Arguments that several commands take."""

import argparse
import sys
from pathlib import Path
from typing import Any, NoReturn

from pose_analysis.options import MedianFilterOptions


class OneLineParser(argparse.ArgumentParser):
    """A parser that says a mistake in one line, and where to read more."""

    def error(self, message: str) -> NoReturn:
        """Print the mistake and leave with status 2."""
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def add_output(parser: argparse.ArgumentParser, output: str) -> None:
    """Add where to write, and what to draw."""
    parser.add_argument("--output", "-o", type=Path, required=True, metavar="PATH", help=output)
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw it: .png or .svg (needs matplotlib: pose-analysis[plot])",
    )


def add_clock(parser: argparse.ArgumentParser) -> None:
    """Add what says when frames were."""
    clock = parser.add_mutually_exclusive_group()
    clock.add_argument("--rate", type=float, metavar="HZ", help="frames per second")
    clock.add_argument(
        "--timestamps",
        type=Path,
        metavar="FILE",
        help="the time of every frame in seconds: .npy, or text with one per line",
    )


def add_signal(parser: argparse.ArgumentParser) -> None:
    """Add a recording, one of its signals, and the bins it is put into."""
    parser.add_argument(
        "recording",
        type=Path,
        metavar="FILE",
        help="table of points, or of signals, such as `pupil` writes",
    )
    parser.add_argument(
        "--signal",
        required=True,
        metavar="NAME",
        help="a column of signals (smoothed), or a keypoint's x, y or speed (paw_l.speed)",
    )
    add_clock(parser)
    parser.add_argument(
        "--bin", type=positive, default=0.02, metavar="S", help="seconds [%(default)s]"
    )


def add_events(parser: argparse.ArgumentParser, required: bool) -> None:
    """Add events, and the window around them."""
    parser.add_argument(
        "--events",
        type=Path,
        required=required,
        metavar="FILE",
        help="times of events in seconds: a CSV, .npy, or text with one per line"
        + ("" if required else "; without, the whole recording is decoded"),
    )
    parser.add_argument(
        "--column", metavar="NAME", help="of the events' CSV [time, or the only one]"
    )
    parser.add_argument(
        "--window",
        type=float,
        nargs=2,
        default=(-0.2, 1.0),
        metavar=("FROM", "TO"),
        help="seconds around an event [-0.2 1.0]",
    )


def add_gates(parser: argparse.ArgumentParser, defaults: MedianFilterOptions) -> None:
    """Add what filters have in common, but for their window."""
    parser.add_argument(
        "--min-confidence",
        type=float,
        default=defaults.min_confidence,
        metavar="X",
        help="points with less are as missing; the paper has 0.9 [%(default)s]",
    )
    parser.add_argument(
        "--max-gap",
        type=int,
        metavar="N",
        help="longest run of missing frames that is bridged by a straight line; 0 for none [any]",
    )
    parser.add_argument(
        "--center",
        choices=("median", "mean"),
        default=defaults.center,
        help="of several networks, before filtering [%(default)s]",
    )


def gates(given: argparse.Namespace) -> dict[str, Any]:
    """Give the options that `add_gates` has read."""
    return {name: getattr(given, name) for name in ("min_confidence", "max_gap", "center")}


def positive(text: str) -> float:
    """Read a number above 0.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def pair(text: str) -> tuple[str, str]:
    """Read two names with a comma between them.

    Raises:
        argparse.ArgumentTypeError: if it is not of that form.
    """
    first, found, second = text.partition(",")
    if not (found and first.strip() and second.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is not two names, as top,bot")
    return first.strip(), second.strip()
