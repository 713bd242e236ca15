"""`pose predict`: trained models on videos, images or the labeled frames of a project."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.commands.predict_inputs import (
    Job,
    Members,
    find_jobs,
    find_members,
    part_paths,
)
from pose_core.errors import ConfigError, PoseError

if TYPE_CHECKING:
    from pose_core.plugins import Plugins

HELP = "predict videos, images or labeled frames"
EPILOG = """\
examples:
  pose predict outputs/run video.mp4 other.avi
  pose predict outputs/run recordings/ --output tracks --suffix .h5
  pose predict outputs/run my-project          # its labeled frames
  pose predict outputs/run folder-of-images
  pose predict outputs/sweep recordings/       # by all finished runs of a sweep
  pose predict run-a run-b run-c video.mp4 --smooth
  pose predict outputs/run video.mp4 --repair  # with pose-losses; see below

Coordinates are in the video's own pixels; one row per frame. Finished videos are skipped unless
--overwrite is given; a run that was killed goes on where it was. Of a damaged video the frames that
decode are kept as VIDEO.incomplete.csv.

Several models make an ensemble: each video is decoded once for all, and has a folder with a table
per model, VIDEO/MODEL.csv, which pose smooth takes; they lie in predictions/ beside the models.
Each of several sweeps is an ensemble of its own, unless --output brings all together. --smooth
smooths each video too, as pose smooth does, to smoothed/VIDEO.csv.

--repair also writes repaired/VIDEO.csv: points less confident than a gate are re-estimated from the
confident ones by the poses that the labels show; its column `repaired` says which. The gate is
fitted to the validation frames of the model. --repair all moves every point to where all points of
its frame have it, those aside that the others contradict, however confident. Of several models each
has its own, VIDEO/repaired/MODEL.csv. --smooth takes the repaired tables where there are any.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose predict` takes."""
    parser.add_argument(
        "model", metavar="MODEL", type=Path, help="folder of a trained model, or of a sweep"
    )
    parser.add_argument(
        "inputs", metavar="INPUT", nargs="+", type=Path,
        help="further models; then videos, folders of videos or images, or a project",
    )  # fmt: skip
    parser.add_argument(
        "--output", "-o", type=Path,
        help="folder of tables [MODEL/predictions, SWEEP/predictions; predictions beside models]",
    )  # fmt: skip
    parser.add_argument("--suffix", default=".csv", help="kind of table, .csv or .h5 [.csv]")
    parser.add_argument("--overwrite", action="store_true", help="predict again what is there")
    parser.add_argument("--batch-size", type=int, help="frames per step [CPU: 4, GPU: 32]")
    parser.add_argument("--device", help="cpu or cuda [cuda where there is one]")
    parser.add_argument("--reader", help="name of the video reader [the best one here]")
    parser.add_argument("--smooth", action="store_true", help="also smooth each video")
    parser.add_argument(
        "--smoother", help="name of the smoother [eks_mirrored where there are views, or else "
        "eks_singlecam]",
    )  # fmt: skip
    parser.add_argument(
        "--repair", nargs="?", const="doubtful", choices=("doubtful", "all"),
        help="also re-estimate points in doubt, or all, from the others [doubtful]",
    )  # fmt: skip


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Predict all inputs; what fails is named, and the rest goes on."""
    from pose_core.commands.predict_jobs import say_error

    left_out: list[str] = []

    def say(line: str) -> None:
        left_out.append(line)
        say_error(line)

    models, inputs = part_paths([arguments.model, *arguments.inputs], plugins)
    members = find_members(models, arguments.output, arguments.suffix, plugins, say)
    check(arguments, members, plugins)
    jobs, lost = find_jobs(inputs, members, plugins, say)
    try:
        waiting, failed = predict_all(jobs, members, arguments, plugins)
        done = not arguments.repair or repair_all(jobs, failed, members, arguments.repair, plugins)
        if arguments.smooth:
            done = smooth_all(jobs, members, arguments, plugins) and done
    except KeyboardInterrupt:
        print("pose predict: stopped; run the same command again to go on", file=sys.stderr)
        return 130
    if (failed or lost) and waiting + lost > 1:
        say_error(f"{len(failed) + lost} of {waiting + lost} inputs failed or are incomplete")
    if failed or left_out or not done:
        return 1
    print(next_step(jobs, members, models, arguments))
    return 0


def check(arguments: Namespace, members: Members, plugins: "Plugins") -> None:
    """Refuse options that cannot be, before anything heavy is loaded.

    Raises:
        PoseError: naming the option and its value.
    """
    from pose_core.commands.repairing import check_repair
    from pose_core.commands.smoothing import DEFAULT
    from pose_core.files import writer_of
    from pose_core.video.readers import choose

    if arguments.batch_size is not None and arguments.batch_size < 1:
        raise ConfigError(f"--batch-size: {arguments.batch_size} is below 1; give at least 1")
    for folder in members.ensembles:
        writer_of(folder / f"video{arguments.suffix}", plugins)
    choose(plugins, arguments.reader)
    if arguments.smoother and not arguments.smooth:
        raise ConfigError(f"--smoother: {arguments.smoother!r} is given without --smooth; add it")
    if arguments.smooth:
        plugins.find("smoother", arguments.smoother or DEFAULT, "--smooth")
    if arguments.repair:
        for folder in members.runs.values():
            check_repair(folder, plugins)


def predict_all(
    jobs: Sequence[Job], members: Members, arguments: Namespace, plugins: "Plugins"
) -> tuple[int, list[Job]]:
    """Predict what is not there yet; give how many inputs were not, and those that failed."""
    from pose_core.commands.predict_jobs import attempt, load_members, say_error, waiting_members

    waiting: dict[Job, list[str]] = {}
    failed: list[Job] = []
    for job in jobs:
        try:
            waiting[job] = waiting_members(job, members, arguments.overwrite)
        except PoseError as error:
            say_error(str(error))
            waiting[job] = []
            failed.append(job)
    needed = [name for name in members.runs if any(name in names for names in waiting.values())]
    loaded = load_members(needed, members, arguments.device, plugins) if needed else {}
    for job, names in waiting.items():
        models = {name: loaded[name] for name in names if name in loaded}
        is_whole = not models or attempt(job, models, members, arguments, plugins)
        if not is_whole or len(models) < len(names):
            failed.append(job)
    return len([job for job, names in waiting.items() if names or job in failed]), failed


def repair_all(
    jobs: Sequence[Job], failed: Sequence[Job], members: Members, points: str, plugins: "Plugins"
) -> bool:
    """Repair all tables there are; say whether all could be, and name those that could not."""
    from pose_core.commands.predict_jobs import say_error
    from pose_core.commands.repairing import repair_tables
    from pose_core.partial import incomplete

    repaired = True
    for name, model in members.runs.items():
        tables = {job.name: members.table(job.name, name) for job in jobs}
        tables |= {job.name: incomplete(tables[job.name]) for job in failed}
        for job in failed:
            if not tables[job.name].is_file():  # nothing of it was predicted
                del tables[job.name]
        repaired = repair_tables(tables, model, points, plugins, say_error) and repaired
    return repaired


def smooth_all(
    jobs: Sequence[Job], members: Members, arguments: Namespace, plugins: "Plugins"
) -> bool:
    """Smooth the videos of each ensemble that there are tables of; say whether all could be."""
    from pose_core.commands.predict_jobs import say_error
    from pose_core.commands.smoothing import How, Video, smooth_videos
    from pose_core.diagnostics.tables_found import SMOOTHED

    how = How(arguments.smoother, {}, arguments.overwrite)
    names = [job.name for job in jobs if job.kind == "video"]
    failed = 0
    for folder, models in members.ensembles.items():
        videos = []
        for name in names:
            there = tables_there(members.table(name, model) for model in models)
            taken = better(there) if arguments.repair else there
            videos += [Video(name, tuple(taken), plain=there[0])] if there else []
        failed += smooth_videos(videos, folder / SMOOTHED, how, plugins, say_error)
    return not failed


def tables_there(tables: Iterable[Path]) -> list[Path]:
    """List those of some tables that were written, the incomplete ones of damaged videos too."""
    from pose_core.partial import incomplete

    return [one for table in tables for one in (table, incomplete(table)) if one.is_file()]


def better(tables: Iterable[Path]) -> list[Path]:
    """List the repaired tables in place of some, where there are any."""
    from pose_core.commands.repairing import repaired_table

    pairs = ((repaired_table(table), table) for table in tables)
    return [repaired if repaired.is_file() else table for repaired, table in pairs]


def next_step(
    jobs: Sequence[Job], members: Members, models: Sequence[Path], arguments: Namespace
) -> str:
    """Say what can be done with the tables.

    Args:
        jobs: what was predicted.
        members: by which models.
        models: paths that stand for these.
        arguments: of the command.
    """
    from pose_core.run_folder import TRACKS

    videos = [job.name for job in jobs if job.kind == "video"]
    if not videos:
        return f"next: pose evaluate {next(iter(members.runs.values()))}"
    if arguments.smooth:
        own = {(model / TRACKS).resolve() for model in models}  # found without being named
        others = [str(folder) for folder in members.ensembles if folder.resolve() not in own]
        named = ["--predictions", *others] if others else []
        return " ".join(["next: pose diagnose", *map(str, models), *named])
    if members.is_ensemble:
        return "next: " + "   and   ".join(f"pose smooth {one}" for one in members.ensembles)
    table = members.table(videos[0], next(iter(members.runs)))
    return (
        f"next: pose smooth {table} --output smoothed{arguments.suffix}   "
        "(name the tables of other models too, where there are any)"
    )
