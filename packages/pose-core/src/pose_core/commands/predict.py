"""`pose predict`: a trained model on videos, images or the labeled frames of a project."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.errors import ConfigError, FormatError, PoseError

if TYPE_CHECKING:
    from pose_core.model.folder import TrainedModel
    from pose_core.plugins import Plugins

EPILOG = """\
examples:
  pose predict outputs/run video.mp4 other.avi
  pose predict outputs/run recordings/ --output tracks --suffix .h5
  pose predict outputs/run my-project          # its labeled frames
  pose predict outputs/run folder-of-images

Coordinates are in the video's own pixels; one row per frame. Finished videos are skipped unless
--overwrite is given; a run that was killed goes on where it was.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose predict` takes."""
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a trained model")
    parser.add_argument(
        "inputs", metavar="INPUT", nargs="+", type=Path,
        help="videos, folders of videos or images, or a project",
    )  # fmt: skip
    parser.add_argument("--output", "-o", type=Path, help="folder for the tables [MODEL/predictions]")
    parser.add_argument("--suffix", default=".csv", choices=[".csv", ".h5"], help="kind of table [.csv]")
    parser.add_argument("--overwrite", action="store_true", help="predict again what is there already")
    parser.add_argument("--batch-size", type=int, help="frames per step [4 on a CPU, 32 on a GPU]")
    parser.add_argument("--device", help="cpu or cuda [cuda where there is one]")
    parser.add_argument("--reader", help="name of the video reader [the best one here]")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Predict all inputs; what fails is named, and the rest goes on."""
    jobs = find_jobs(arguments, plugins)
    check_output(arguments)
    waiting = [(kind, path, table) for kind, path, table in jobs if arguments.overwrite or not table.exists()]
    for _, path, table in jobs:
        if table.exists() and not arguments.overwrite:
            print(f"{path}: finished already ({table}); --overwrite predicts it again")
    if not waiting:
        return 0
    from pose_core.model.folder import load_model

    model = load_model(arguments.model, plugins, arguments.device or best_device())
    failed = [
        path for kind, path, table in waiting if not attempt(model, kind, path, table, arguments, plugins)
    ]
    if failed:
        print(f"{len(failed)} of {len(waiting)} inputs failed or are incomplete")
        return 1
    tables = " ".join(str(table) for _, _, table in jobs[:3])
    print(f"next: pose smooth {tables}{' ...' if len(jobs) > 3 else ''} --output smoothed.csv")
    return 0


def check_output(arguments: Namespace) -> None:
    """Refuse an output or a batch size that cannot be, before the model is loaded."""
    if arguments.batch_size is not None and arguments.batch_size < 1:
        raise ConfigError(f"--batch-size: {arguments.batch_size} is less than 1")
    folder = output_folder(arguments)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PoseError(f"{folder}: cannot be made ({error.strerror}); choose another --output") from None


def output_folder(arguments: Namespace) -> Path:
    """Give the folder the tables go to."""
    return arguments.output or arguments.model / "predictions"


def find_jobs(arguments: Namespace, plugins: "Plugins") -> list[tuple[str, Path, Path]]:
    """List (kind, input, table) for all inputs.

    Raises:
        FormatError: if an input does not exist or holds nothing to predict, or if two inputs
            would be written to one table.
    """
    from pose_core.model.folder import read_config

    read_config(arguments.model)
    jobs: dict[Path, tuple[str, Path, Path]] = {}
    for given in arguments.inputs:
        for kind, path in find_inputs(given, plugins):
            table = output_folder(arguments) / f"{path.stem if kind == 'video' else path.resolve().name}{arguments.suffix}"
            if table in jobs and jobs[table][1].resolve() != path.resolve():
                raise FormatError(f"{path} and {jobs[table][1]} would both be written to {table}; give them one by one with --output")
            jobs[table] = (kind, path, table)
    return list(jobs.values())


def find_inputs(path: Path, plugins: "Plugins") -> list[tuple[str, Path]]:
    """Say what an input is: videos, a project's labeled frames, or a folder of images."""
    from pose_core.files import detected
    from pose_core.predict import find_images
    from pose_core.video.readers import find_videos

    if not path.exists():
        raise FormatError(f"{path}: no such file or folder")
    if path.is_file() and path.suffix.lower() not in (".csv", ".yaml", ".yml"):
        return [("video", path)]
    if detected(path, plugins):
        return [("project", path)]
    if path.is_dir() and find_images(path):
        return [("images", path)]
    if path.is_dir() and (videos := find_videos(path)):
        return [("video", video) for video in videos]
    raise FormatError(f"{path}: neither a project, nor does it hold images or videos")


def attempt(
    model: "TrainedModel", kind: str, path: Path, table: Path, arguments: Namespace, plugins: "Plugins"
) -> bool:
    """Predict one input; say what became of it, and whether it is complete."""
    try:
        if kind == "video":
            return predict_one_video(model, path, table, arguments, plugins)
        predict_stills(model, kind, path, table, plugins)
        return True
    except PoseError as error:
        print(f"pose predict: {error}")
        return False


def predict_one_video(
    model: "TrainedModel", path: Path, table: Path, arguments: Namespace, plugins: "Plugins"
) -> bool:
    """Predict a video."""
    from pose_core.predict import predict_video
    from pose_core.video.readers import choose

    reader, _ = choose(plugins, arguments.reader)
    done = predict_video(model, path, table, reader, plugins, arguments.batch_size)
    rate = f"{done.frames / max(done.seconds, 1e-9):.1f} frames/s"
    print(f"{path}: {done.frames} frames in {done.seconds:.1f} s ({rate}), written to {done.path}")
    if done.missing:
        print(f"pose predict: {path}: {done.missing} frames cannot be decoded; the rest is in {done.path}")
    return done.missing == 0


def predict_stills(model: "TrainedModel", kind: str, path: Path, table: Path, plugins: "Plugins") -> None:
    """Predict the labeled frames of a project, or the images of a folder."""
    from pose_core.files import open_project, write_predictions
    from pose_core.predict import find_images, predict_frames, predict_images

    if kind == "project":
        project = open_project(path, plugins)
        check_same(model, project.skeleton.names)
        predictions = predict_frames(model, project, range(len(project.labels)))
    else:
        predictions = predict_images(model, find_images(path), path)
    write_predictions(table, predictions, plugins)
    print(f"{path}: {len(predictions)} images, written to {table}")


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


def best_device() -> str:
    """Give cuda where there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
