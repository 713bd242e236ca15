"""`pose report`: one page that compares runs and smoothers."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.commands.sources import add_sources, finished, left_out, parse_threshold
from pose_core.errors import ConfigError

if TYPE_CHECKING:
    from pose_core.diagnostics.notices import Say
    from pose_core.plugins import Plugins
    from pose_core.reports.compared import Comparison
    from pose_core.reports.worst_frames import WorstFrame

HELP = "compare runs and smoothers on one page"
EPILOG = """\
examples:
  pose report outputs/RUN
  pose report outputs/SWEEP --predictions outputs/SWEEP/predictions --output report.html
  pose report supervised/ semi-supervised/    # two sweeps: an ensemble each
  pose report RUN-A RUN-B --keypoints nose,tail --predictions smoothed/

A run's predictions of labeled frames come from pose evaluate, those of videos from pose predict.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose report` takes."""
    add_sources(parser)
    parser.add_argument(
        "--keypoints", metavar="NAME,...", help="that are traced [all]; fewer make a smaller page"
    )
    parser.add_argument(
        "--output", "-o", type=Path, default=Path("report.html"), help="page to write [report.html]"
    )


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Gather, measure, write the page."""
    from pose_core.diagnostics.notices import once
    from pose_core.reports.compared import compare
    from pose_core.reports.page import write_page
    from pose_core.reports.run_page import run_report
    from pose_core.reports.tables import table_text

    notes: list[str] = []

    @once
    def say(line: str) -> None:
        notes.append(line)
        print(f"warning: {line}")

    writable(arguments.output)
    thresholds = dict(map(parse_threshold, arguments.threshold))
    runs, folders = finished(arguments.runs, say)
    folders += arguments.predictions
    compared = compare(runs, plugins, folders, arguments.project, thresholds, say)
    keypoints = chosen_keypoints(arguments.keypoints, compared)
    worst = pictures(compared, plugins, say)
    report = run_report(replace(compared, notes=tuple(notes)), worst, keypoints)
    write_page(arguments.output, report.page)
    for line in report.notes:
        print(f"note: {line}")
    print("\n".join([table_text(report.glance), "", *report.summary]))
    lost = left_out(arguments.runs, runs, shown_in(compared))
    for line in lost:
        print(line)
    size = len(report.page.encode()) / 1e6
    print(f"written: {arguments.output} ({size:.1f} MB); open it in a browser")
    return int(bool(lost))


def shown_in(compared: "Comparison") -> set[str]:
    """Name the runs that the page shows something of: predictions, or at least their curves."""
    predicted = {name for subject in compared.subjects for name in subject.measured}
    return predicted | {run.name for run in compared.runs if run.curves and not predicted}


def writable(output: Path) -> None:
    """Refuse an output that is no file of a page, before anything is computed.

    Raises:
        ConfigError: if it is a folder, or not called like a page.
    """
    if output.is_dir() or output.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"--output: {str(output)!r} is no page; give a name that ends in .html")


def chosen_keypoints(given: str | None, compared: "Comparison") -> tuple[str, ...]:
    """Give the keypoints that were named; none if none were.

    Raises:
        ConfigError: if one is not predicted.
    """
    from pose_core.options import suggest

    names = [name.strip() for name in (given or "").split(",") if name.strip()]
    known = list(dict.fromkeys(k for subject in compared.subjects for k in subject.keypoints))
    for name in names:
        if known and name not in known:
            raise ConfigError(f"--keypoints: no keypoint {name!r}; {suggest(name, known)}")
    return tuple(names)


def pictures(compared: "Comparison", plugins: "Plugins", say: "Say") -> "list[WorstFrame]":
    """Draw the frames to look at first."""
    from pose_core.reports.worst_frames import worst_labeled, worst_of_videos
    from pose_core.video.readers import choose

    found = [] if compared.labeled is None else worst_labeled(compared.labeled, say)
    if any(video.tracks.video is not None for video in compared.videos):
        reader, _ = choose(plugins)
        found += worst_of_videos(compared.videos, compared.rules, reader, say)
    return found
