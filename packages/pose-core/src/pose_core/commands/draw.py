"""`pose draw`: videos with predictions drawn on them."""

import sys
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.errors import ConfigError, FormatError, PoseError
from pose_core.wording import count_of

if TYPE_CHECKING:
    from pose_core.commands.draw_inputs import Inputs
    from pose_core.hookspecs import VideoInfo
    from pose_core.plugins import Plugins
    from pose_core.reports.labeled_video import DrawingOptions, Film
    from pose_core.reports.playback import Playback

HELP = "draw predictions on videos"
EPILOG = """\
examples:
  pose draw video.mp4 outputs/run                        # what `pose predict` left in the run
  pose draw video.mp4 video.csv --names --trail 20 -o labeled.mp4
  pose draw video.mp4 predictions/ --side-by-side        # smoothed and members, a panel each
  pose draw recordings/ predictions/ --output labeled/   # many videos, tables found by name
  pose draw video.mp4 video.csv --start 1:30 --stop 95s --speed 0.5
  pose draw video.mp4 video.csv --keypoints 'paw*,nose' --colour-by confidence

Several models on one frame: the first has discs, limbs, names and trail, up to three others have
rings, crosses and squares. More of them stand side by side.

Every frame is shown, at the rate it was recorded; above 60 frames/s at 30, in slow motion. --fps
shows every frame at another rate. --speed 1 plays at the speed of life and leaves frames out; with
--fps it keeps to that rate.

In a folder the tables of VIDEO are VIDEO.csv, those DeepLabCut names VIDEODLC..., all in a folder
VIDEO, and smoothed/VIDEO.csv. Limbs are the edges of the skeleton of the run that made a table, or
of --skeleton.
"""
SUFFIX, LABELED = ".mp4", "_labeled"
OVERLAID = 4
"""Sets that marks tell apart on one frame; more stand side by side."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose draw` takes."""
    parser.add_argument(
        "video", metavar="VIDEO", type=Path, help="to draw on; several, or a folder of them, too"
    )
    parser.add_argument(
        "others", metavar="PREDICTIONS", nargs="*", type=Path, default=[],
        help="tables, runs, sweeps, or folders of tables; further videos before them",
    )  # fmt: skip
    parser.add_argument(
        "--output", "-o", type=Path,
        help="file, or folder for VIDEO_labeled.mp4 [the folder of the first table]",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    add_marks(parser)
    add_playback(parser)


def add_marks(parser: ArgumentParser) -> None:
    """Declare what says how points are drawn."""
    group = parser.add_argument_group("marks")
    group.add_argument(
        "--confidence", type=float, default=0.6, metavar="C",
        help="leave out points less confident than this [0.6]",
    )  # fmt: skip
    group.add_argument("--keypoints", metavar="NAMES", help="only these: 'nose,paw*'")
    group.add_argument("--names", action="store_true", help="name the keypoints")
    group.add_argument(
        "--trail", type=int, default=0, metavar="N", help="a line through the last N frames [0]"
    )
    group.add_argument(
        "--limbs", action=BooleanOptionalAction, help="the skeleton's edges [where they are known]"
    )
    group.add_argument(
        "--skeleton", type=Path, metavar="PATH", help="a project or run that has the edges"
    )
    group.add_argument("--radius", type=float, default=0.0, help="of marks, pixels [by the size]")
    group.add_argument(
        "--colour-by", "--color-by", choices=("keypoint", "model", "confidence"),
        default="keypoint", help="what colours mean [keypoint]",
    )  # fmt: skip
    group.add_argument("--numbers", action="store_true", help="number the frames")
    group.add_argument(
        "--side-by-side", action="store_true", help="a panel for each set of predictions"
    )
    group.add_argument("--scale", type=float, default=1.0, help="enlarge frames by this [1]")


def add_playback(parser: ArgumentParser) -> None:
    """Declare what says which frames are shown, and how fast."""
    group = parser.add_argument_group("playback")
    group.add_argument("--start", metavar="WHEN", help="frame 300, or 12.5s, or 1:30 [the first]")
    group.add_argument("--stop", metavar="WHEN", help="the first moment not shown [the end]")
    group.add_argument("--fps", type=float, help="show every frame, so many per second")
    group.add_argument("--speed", type=float, help="1: as fast as life; leaves frames out")
    group.add_argument("--reader", help="name of the video reader [the best one here]")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Draw all videos; what fails is named, and the rest goes on."""
    from pose_core.commands.draw_inputs import sorted_out
    from pose_core.video.readers import choose

    check(arguments)
    choose(plugins, arguments.reader)
    inputs = sorted_out([arguments.video, *arguments.others], plugins)
    targets = targets_of(inputs, arguments.output)
    failed = [
        video for video in inputs.videos if not attempt(video, inputs, targets, arguments, plugins)
    ]
    if failed and len(inputs.videos) > 1:
        say_error(f"{len(failed)} of {len(inputs.videos)} videos failed")
    return 1 if failed else 0


def check(arguments: Namespace) -> None:
    """Refuse options that cannot be, before anything is read.

    Raises:
        ConfigError: naming the option and its value.
    """
    limits = {"confidence": (0, 1), "trail": (0, 10_000), "radius": (0, 200), "scale": (0.05, 20)}
    for name, (low, high) in limits.items():
        value = getattr(arguments, name)
        if not low <= value <= high:
            raise ConfigError(f"--{name}: {value:g} is not between {low:g} and {high:g}")


def targets_of(inputs: "Inputs", output: Path | None) -> dict[Path, Path | None]:
    """Say where each video's file goes; None for the folder of its first table.

    Raises:
        ConfigError: if one file is meant for several videos.
    """
    if output is None:
        return dict.fromkeys(inputs.videos)
    if not output.suffix or output.is_dir():
        return {video: output / f"{video.stem}{LABELED}{SUFFIX}" for video in inputs.videos}
    if len(inputs.videos) > 1:
        raise ConfigError(
            f"--output: {output} is one file for {len(inputs.videos)} videos; give a folder"
        )
    return {inputs.videos[0]: output}


def attempt(
    video: Path,
    inputs: "Inputs",
    targets: dict[Path, Path | None],
    arguments: Namespace,
    plugins: "Plugins",
) -> bool:
    """Draw one video; say what became of it, and whether it worked."""
    from pose_core.commands.draw_inputs import tables_of

    try:
        tables = tables_of(video, inputs)
        target = targets[video] or tables[0].parent / f"{video.stem}{LABELED}{SUFFIX}"
        draw(video, tables, check_target(target, video, arguments), arguments, plugins)
    except PoseError as error:
        say_error(str(error))
        return False
    return True


def check_target(target: Path, video: Path, arguments: Namespace) -> Path:
    """Refuse to replace a file unasked, and the video itself always.

    Raises:
        FormatError: saying what to do instead.
    """
    from pose_core.options import suggest
    from pose_core.video.writing import ENCODINGS

    if target.suffix.lower() not in ENCODINGS:
        raise FormatError(
            f"{target}: cannot write {target.suffix!r}; {suggest(target.suffix, ENCODINGS)}"
        )
    if target.resolve() == video.resolve():
        raise FormatError(f"{target}: is the video itself; give another --output")
    if target.exists() and not arguments.overwrite:
        raise FormatError(
            f"{target}: is there already; give --overwrite to replace it, or another --output"
        )
    return target


def draw(
    video: Path, tables: list[Path], target: Path, arguments: Namespace, plugins: "Plugins"
) -> None:
    """Draw one video.

    Raises:
        PoseError: if it cannot be read or written, or has no predictions that fit.
    """
    from pose_core.commands.draw_sets import read_sets, skeleton_for
    from pose_core.reports.labeled_video import film
    from pose_core.reports.panels import best_size, enlarged, overlaid, side_by_side
    from pose_core.reports.playback import playback, stretch
    from pose_core.video.readers import choose

    reader, _ = choose(plugins, arguments.reader)
    info = reader.probe(video)
    frames = stretch(info.frames, info.fps, arguments.start, arguments.stop)
    shown = playback(frames, info.fps, arguments.fps, arguments.speed)
    sets = read_sets(tables, info, arguments, plugins)
    own = next(iter(sets.values())).skeleton
    skeleton = skeleton_for(tables, own, arguments, plugins)
    in_panels = arguments.side_by_side or len(sets) > OVERLAID
    size = best_size(info.size, len(sets) if in_panels else 1, arguments.scale)
    fitted = {name: enlarged(one, info.size, size) for name, one in sets.items()}
    lay_out = side_by_side if in_panels else overlaid
    sheet = lay_out(fitted, options_of(arguments), skeleton, size)
    resized = None if size == info.size else size
    print_done(video, target, film(video, sheet, target, reader, shown, resized, True), info, shown)


def options_of(arguments: Namespace) -> "DrawingOptions":
    """Give what the drawing itself needs to know."""
    from pose_core.reports.labeled_video import DrawingOptions

    names = ("confidence", "radius", "names", "trail", "colour_by", "numbers")
    chosen = {name: getattr(arguments, name) for name in names}
    return DrawingOptions(limbs=arguments.limbs is not False, **chosen)


def print_done(
    video: Path, target: Path, done: "Film", info: "VideoInfo", shown: "Playback"
) -> None:
    """Say what became of a video, and how its speed could be another one."""
    if done.damaged:
        damaged = count_of(done.damaged, "frame does", "frames do")
        say_error(f"{video}: {damaged} not decode, of {info.frames}; black in the drawing")
    if info.cut_off:
        say_error(f"{video}: its end is lost, {count_of(info.cut_off, 'frame')} more by its header")
    rate = f"{done.frames / max(done.seconds, 1e-9):.0f} frames/s"
    slower = shown.speed < 0.999
    pace = f"{1 / shown.speed:.3g} times slower" if slower else f"{shown.speed:.3g} times faster"
    as_life = abs(shown.speed - 1) < 1e-3
    life = "as fast as life" if as_life else f"{pace} than life"
    print(
        f"{video}: {count_of(done.frames, 'frame')} drawn in {done.seconds:.1f} s ({rate}), "
        f"written to {target}, {shown.fps:.4g} frames/s, {life}"
    )
    if slower and len(shown.numbers) > 1:
        print("next: watch it; --speed 1 plays at the speed of life, --start and --stop cut a part")
    else:
        print("next: watch it; --fps 10 shows every frame more slowly, --start and --stop a part")


def say_error(text: str) -> None:
    """Print one line where errors go."""
    print(f"pose draw: {text}", file=sys.stderr)
