"""`pose predict`: a trained model on videos, images or the labeled frames of a project."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pose_core.errors import ConfigError, FormatError, PoseError

if TYPE_CHECKING:
    from pose_core.model.folder import TrainedModel
    from pose_core.plugins import Plugins
    from pose_core.predictions import Predictions

EPILOG = """\
examples:
  pose predict outputs/run video.mp4 other.avi
  pose predict outputs/run recordings/ --output tracks --suffix .h5
  pose predict outputs/run my-project          # its labeled frames
  pose predict outputs/run folder-of-images
  pose predict outputs/run video.mp4 --repair  # with pose-losses; see below

Coordinates are in the video's own pixels; one row per frame. Finished videos are skipped unless
--overwrite is given; a run that was killed goes on where it was. Of a damaged video the frames that
decode are kept as VIDEO.incomplete.csv.

--repair also writes repaired/VIDEO.csv: points less confident than a gate are re-estimated from the
confident ones by the poses that the labels show; its column `repaired` says which. The gate is
fitted to the validation frames of the model. --repair all moves every point to where all points of
its frame have it, those aside that the others contradict, however confident.
"""


class Job(NamedTuple):
    """One input: "video", "project" or "images", where it is, and the table it becomes."""

    kind: str
    path: Path
    table: Path


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose predict` takes."""
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a trained model")
    parser.add_argument(
        "inputs", metavar="INPUT", nargs="+", type=Path,
        help="videos, folders of videos or images, or a project",
    )  # fmt: skip
    parser.add_argument("--output", "-o", type=Path, help="folder of tables [MODEL/predictions]")
    parser.add_argument("--suffix", default=".csv", help="kind of table, .csv or .h5 [.csv]")
    parser.add_argument("--overwrite", action="store_true", help="predict again what is there")
    parser.add_argument("--batch-size", type=int, help="frames per step [CPU: 4, GPU: 32]")
    parser.add_argument("--device", help="cpu or cuda [cuda where there is one]")
    parser.add_argument("--reader", help="name of the video reader [the best one here]")
    parser.add_argument(
        "--repair", nargs="?", const="doubtful", choices=("doubtful", "all"),
        help="also re-estimate points in doubt, or all, from the others [doubtful]",
    )  # fmt: skip


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Predict all inputs; what fails is named, and the rest goes on."""
    from pose_core.model.folder import load_model

    check(arguments, plugins)
    jobs = find_jobs(arguments, plugins)
    waiting = [job for job in jobs if arguments.overwrite or not is_finished(job, arguments.model)]
    try:
        if waiting:
            model = load_model(arguments.model, plugins, arguments.device)
        failed = [job for job in waiting if not attempt(model, job, arguments, plugins)]
        unrepaired = repair_all(jobs, failed, arguments, plugins) if arguments.repair else []
    except KeyboardInterrupt:
        print("pose predict: stopped; run the same command again to go on", file=sys.stderr)
        return 130
    if failed and len(waiting) > 1:
        say_error(f"{len(failed)} of {len(waiting)} inputs failed or are incomplete")
    if failed or unrepaired:
        return 1
    print(next_step(jobs, arguments))
    return 0


def repair_all(
    jobs: Sequence[Job], failed: Sequence[Job], arguments: Namespace, plugins: "Plugins"
) -> list[Path]:
    """Repair all tables there are; give those that could not be, which are named."""
    from pose_core.commands.repairing import repair_table, tables_of

    unrepaired = []
    whole = [job.table for job in jobs if job not in failed]
    for table in tables_of(whole, [job.table for job in failed]):
        try:
            repair_table(table, arguments.model, plugins, arguments.repair)
        except PoseError as error:
            say_error(str(error))
            unrepaired.append(table)
    return unrepaired


def next_step(jobs: Sequence[Job], arguments: Namespace) -> str:
    """Say what can be done with the tables."""
    tables = [job.table for job in jobs if job.kind == "video"]
    if not tables:
        return f"next: pose evaluate {arguments.model}"
    smooth = f"pose smooth {tables[0]} --output smoothed{arguments.suffix}"
    return f"next: {smooth}   (name the tables of other models too, where there are any)"


def check(arguments: Namespace, plugins: "Plugins") -> None:
    """Refuse options that cannot be, before anything heavy is loaded.

    Raises:
        PoseError: naming the option and its value.
    """
    from pose_core.commands.repairing import check_repair
    from pose_core.files import writer_of
    from pose_core.run_folder import check_complete
    from pose_core.video.readers import choose

    if arguments.batch_size is not None and arguments.batch_size < 1:
        raise ConfigError(f"--batch-size: {arguments.batch_size} is below 1; give at least 1")
    check_complete(arguments.model)
    writer_of(output_folder(arguments) / f"video{arguments.suffix}", plugins)
    choose(plugins, arguments.reader)
    if arguments.repair:
        check_repair(arguments.model, plugins)


def output_folder(arguments: Namespace) -> Path:
    """Give the folder the tables go to."""
    from pose_core.run_folder import TRACKS

    folder: Path = arguments.output or arguments.model / TRACKS
    return folder


def find_jobs(arguments: Namespace, plugins: "Plugins") -> list[Job]:
    """List what is to be done for all inputs.

    Raises:
        FormatError: if an input does not exist or holds nothing to predict, or if two inputs
            would be written to one table.
    """
    jobs: dict[Path, Job] = {}
    for given in arguments.inputs:
        for kind, path in find_inputs(given, plugins):
            stem = path.stem if kind == "video" else path.resolve().name
            table = output_folder(arguments) / f"{stem}{arguments.suffix}"
            if table in jobs and jobs[table].path.resolve() != path.resolve():
                raise FormatError(
                    f"{path}: would be written to {table}, as {jobs[table].path} would; "
                    "predict them one by one, each with its own --output"
                )
            jobs[table] = Job(kind, path, table)
    return list(jobs.values())


def find_inputs(path: Path, plugins: "Plugins") -> list[tuple[str, Path]]:
    """Say what an input is: videos, a project's labeled frames, or a folder of images."""
    from pose_core.files import detected, existing
    from pose_core.predict import find_images
    from pose_core.video.readers import find_videos

    existing(path)
    if path.is_file() and path.suffix.lower() not in (".csv", ".h5", ".yaml", ".yml"):
        return [("video", path)]
    if detected(path, plugins):
        return [("project", path)]
    if path.is_dir() and find_images(path):
        return [("images", path)]
    if path.is_dir() and (videos := find_videos(path)):
        return [("video", video) for video in videos]
    raise FormatError(f"{path}: is no project and holds no images or videos; name a video")


def is_finished(job: Job, model: Path) -> bool:
    """Say whether a table is there, and made from this video by this model.

    Raises:
        FormatError: if it was made from others.
    """
    from pose_core.partial import Origin, read_origin, record_of
    from pose_core.run_folder import WEIGHTS, read_config

    if not job.table.exists():
        return False
    before = read_origin(record_of(job.table))
    if before is not None and job.kind == "video":
        now = Origin.of(job.path, model / WEIGHTS, read_config(model))
        if other := now.differs_from(before):
            raise FormatError(
                f"{job.table}: was made from {other}; give another --output, or --overwrite"
            )
    print(f"{job.path}: finished already, {job.table}; --overwrite predicts it again")
    return True


def attempt(model: "TrainedModel", job: Job, arguments: Namespace, plugins: "Plugins") -> bool:
    """Predict one input; say what became of it, and whether it is complete."""
    try:
        if job.kind == "video":
            return predict_one_video(model, job, arguments, plugins)
        predict_stills(model, job, arguments.batch_size, plugins)
    except PoseError as error:
        say_error(str(error))
        return False
    return True


def predict_one_video(
    model: "TrainedModel", job: Job, arguments: Namespace, plugins: "Plugins"
) -> bool:
    """Predict a video; say whether it is whole."""
    from pose_core.predict import predict_video
    from pose_core.video.readers import choose

    reader, _ = choose(plugins, arguments.reader)
    done = predict_video(model, job.path, job.table, reader, plugins, arguments.batch_size)
    if done.missing:
        missing = f"{done.missing} of {done.frames + done.cut_off} frames"
        say_error(
            f"{job.path}: {missing} are missing or cannot be decoded; the others are in {done.path}"
        )
        return False
    rate = f"{done.predicted / max(done.seconds, 1e-9):.1f} frames/s"
    resumed = "" if done.predicted == done.frames else f" ({done.predicted} of them now)"
    what = f"{done.frames} frames{resumed} in {done.seconds:.1f} s ({rate})"
    print(f"{job.path}: {what}, written to {done.path}")
    return True


def predict_stills(
    model: "TrainedModel", job: Job, batch_size: int | None, plugins: "Plugins"
) -> None:
    """Predict the labeled frames of a project, or the images of a folder, and write the tables."""
    from pose_core.files import write_predictions

    predict = predict_project if job.kind == "project" else predict_folder
    for view, predictions in predict(model, job.path, batch_size, plugins).items():
        ending = f"_{view}" if view else ""
        table = job.table.with_stem(job.table.stem + ending)
        write_predictions(table, predictions, plugins)
        print(f"{job.path}: {len(predictions)} images, written to {table}")


def predict_project(
    model: "TrainedModel", path: Path, batch_size: int | None, plugins: "Plugins"
) -> "dict[str, Predictions]":
    """Predict the labeled frames of a project: of each view that has its own, and of all last."""
    from pose_core.files import open_project
    from pose_core.predict import predict_frames

    project = open_project(path, plugins)
    check_same(model, project.skeleton.names)
    rows = range(len(project.labels))
    found = predict_frames(model, project, rows, batch_size, progress=True)
    views = {view: found.select(own[own >= 0]) for view, own in project.cameras.items()}
    return {**views, "": found}  # the last table says that all are there


def predict_folder(
    model: "TrainedModel", path: Path, batch_size: int | None, plugins: "Plugins"
) -> "dict[str, Predictions]":
    """Predict the images of a folder."""
    from pose_core.predict import about_images, find_images, predict_images

    images = find_images(path)
    for line in about_images(model.network, images):
        print(line)
    return {"": predict_images(model, images, path, batch_size, progress=True)}


def check_same(model: "TrainedModel", names: Sequence[str]) -> None:
    """Refuse a model of other keypoints than a project's.

    Raises:
        FormatError: naming one that differs.
    """
    if odd := sorted(set(model.skeleton.names) ^ set(names)):
        whose = "the model" if odd[0] in model.skeleton.names else "the project"
        raise FormatError(
            f"{model.folder}: was trained on other keypoints than the project's: only {whose} has "
            f"{odd[0]!r}; choose a model of this project"
        )


def say_error(text: str) -> None:
    """Print one line where errors go."""
    print(f"pose predict: {text}", file=sys.stderr)
