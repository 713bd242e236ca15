"""`pose suggest`: which frames to label next, and why; added to the project to be corrected."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.commands.sources import finished
from pose_core.errors import ConfigError
from pose_core.wording import count_of

if TYPE_CHECKING:
    from pose_core.hookspecs import VideoReader
    from pose_core.plugins import Plugins
    from pose_core.suggestions.candidates import Candidate
    from pose_core.suggestions.choosing import Suggestion

HELP = "choose frames to label next, and say why"
EPILOG = """\
examples:
  pose suggest my-project --runs outputs/run            # where its predictions are in doubt
  pose suggest my-project --runs sweep/ --frames 40     # and where several models disagree
  pose suggest my-project new.mp4 --predictions tracks  # of this video, by tables of a folder
  pose suggest my-project                               # without a model: where the animal moves
  pose suggest my-project --runs outputs/run --dry-run  # say which, and write nothing

Frames are written as images with what the models predict, where the project's own tool corrects
labels: machinelabels-iter<k>.h5 in DeepLabCut's labeled-data/VIDEO, the label queue of Lightning
Pose's app. No training reads them before you have corrected and saved them there. suggestions.csv
in the project keeps what was suggested, and why. Labels and images that are there stay as they are;
frames that are labeled, extracted or were suggested before are not suggested again.

Where each camera has files of its own, a frame is added in all views of its recording, with what is
predicted in each, so that labels stay aligned; the video of one view brings those of the others.

--method violations  points that jump, contradict the other view or the pose, models that disagree,
                     low confidence; drawn, the more likely the more doubtful
--method motion      half of the frames, in which most moves; one of each cluster of looks
--method random      any
"""

WANTED = {"violations": "in doubt and ", "motion": "in motion and ", "random": ""}
"""What frames must be, by the method that chooses them."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose suggest` takes."""
    parser.add_argument("project", metavar="PROJECT", type=Path, help="to label more frames in")
    parser.add_argument(
        "videos", metavar="VIDEO", nargs="*", type=Path, default=[],
        help="to choose from, or folders of them [those of the predictions, or of the project]",
    )  # fmt: skip
    parser.add_argument(
        "--runs", nargs="+", type=Path, default=[], metavar="RUN",
        help="trained models, or folders of them, with predictions of the videos",
    )  # fmt: skip
    parser.add_argument(
        "--predictions", nargs="+", type=Path, default=[], metavar="FOLDER",
        help="folders of tables of the videos",
    )  # fmt: skip
    parser.add_argument(
        "--frames", type=int, default=20, help="how many, each in all views of its recording [20]"
    )
    parser.add_argument(
        "--method", choices=("violations", "motion", "random"),
        help="how to choose [violations with predictions, motion without]",
    )  # fmt: skip
    parser.add_argument(
        "--gap", type=int, help="least frames between two [a second, or less in short videos]"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn [0]")
    parser.add_argument("--reader", help="name of the video reader [the best one here]")
    parser.add_argument("--dry-run", action="store_true", help="write nothing")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Choose frames, say why, and add them to the project."""
    from pose_core.suggestions.choosing import METHODS, Wish, gap_of
    from pose_core.suggestions.writing import add
    from pose_core.video.readers import choose

    method = method_of(arguments)
    reader, _ = choose(plugins, arguments.reader)
    candidates = find_candidates(arguments, method, plugins, reader)
    progress = sys.stderr.isatty()
    wish = Wish(arguments.frames, arguments.gap, arguments.seed, progress)
    chosen = METHODS[method](candidates, wish, reader)
    if chosen:  # before they are shown
        refuse_unplaceable(arguments.project, candidates, chosen, plugins)
    say_chosen(chosen, candidates, arguments, WANTED[method])
    if len(chosen) > 1:
        print(f"at least {count_of(gap_of(candidates, wish), 'frame')} apart (--gap)")
    if not chosen or arguments.dry_run:
        print("nothing is written (--dry-run)" if chosen else "nothing is written")
        return 0 if chosen else 1
    added = add(arguments.project, candidates, chosen, method, plugins, reader)
    folders = sorted({str(image.parent) for image in added.images})
    count = len(candidates[0].videos)
    views = f" of {count} views" if count > 1 else ""
    beside = f" and {count_of(added.beside, 'image')} beside them" if added.beside else ""
    print(f"{count_of(len(chosen), 'frame')}{views}{beside} added in {', '.join(folders)}")
    for line in (*added.notes, f"{added.table}: what was suggested, and why"):
        print(line)
    print(f"next: {added.next_step}")
    return 0


def method_of(arguments: Namespace) -> str:
    """Check the options, and say how frames are chosen.

    Raises:
        ConfigError: if they cannot be.
    """
    for name, least in (("frames", 1), ("gap", 1), ("seed", 0)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            raise ConfigError(f"--{name}: {value} is below {least}; give {least} or more")
    predicted = bool(arguments.runs or arguments.predictions)
    method = arguments.method or ("violations" if predicted else "motion")
    if method == "violations" and not predicted:
        raise ConfigError(
            "--method: violations are of predictions; name --runs or --predictions, "
            "or choose --method motion"
        )
    return str(method)


def find_candidates(
    arguments: Namespace, method: str, plugins: "Plugins", reader: "VideoReader"
) -> "list[Candidate]":
    """Open the videos, with what is predicted of them where that is named."""
    from pose_core.files import existing
    from pose_core.suggestions.candidates import plain_candidates, predicted_candidates
    from pose_core.suggestions.recordings import given_videos
    from pose_core.suggestions.writing import labels_of, survey_of

    survey = survey_of(existing(arguments.project), plugins)
    for line in survey.warnings:
        say(line)
    videos = given_videos(arguments.videos, say)
    runs, folders = finished(arguments.runs, say) if arguments.runs else ([], [])
    folders += arguments.predictions
    if not runs and not folders:
        return plain_candidates(videos, survey, reader, say)
    labels = labels_of(arguments.project, plugins)
    return predicted_candidates(runs, folders, videos, survey, plugins, reader, labels, say)


def refuse_unplaceable(
    project: Path,
    candidates: "Sequence[Candidate]",
    chosen: "Sequence[Suggestion]",
    plugins: "Plugins",
) -> None:
    """Refuse, without writing, what the project would not take.

    Raises:
        FormatError: for example for predictions of other keypoints than the project's.
    """
    from pose_core.files import able
    from pose_core.suggestions.writing import new_frames

    able(plugins, "place_frames", project, None)(project, new_frames(candidates, chosen))


def say(line: str) -> None:
    """Print what is left out, or odd."""
    print(f"warning: {line}", file=sys.stderr)


def say_chosen(
    chosen: "Sequence[Suggestion]",
    candidates: "Sequence[Candidate]",
    arguments: Namespace,
    wanted: str,
) -> None:
    """Print the frames and why they were chosen, and whether there are fewer than asked for."""
    from pose_core.reports.tables import Table, table_text

    if chosen:
        rows = [
            (candidates[one.candidate].name, one.number, one.score, one.reason) for one in chosen
        ]
        what = "video" if len(candidates[0].videos) == 1 else "recording"
        print(table_text(Table.of((what, "frame", "score", "why"), rows)))
    if len(chosen) < arguments.frames:
        found = f"{count_of(len(chosen), 'frame')} found of {arguments.frames} asked for"
        say(
            f"{arguments.project}: {found}; no others are {wanted}far enough "
            "from those that are there; a smaller --gap or more videos give more"
        )
